"""One scan: every part looks at the net change, and what they say is kept short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Location
from zt_gate.model.report import ScannerRun
from zt_gate.scanners.tampering import (
    deceptive_files,
    disabled_checks,
    disabled_tests,
    gate_files,
    review_settings,
    suppression_marks,
)
from zt_gate.scanners.tampering.comparison import Look

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.base import Context

#: Findings of one rule; the others are told as a number.
_MOST = 50

_PARTS = (
    gate_files.findings,
    disabled_checks.findings,
    suppression_marks.findings,
    review_settings.findings,
    disabled_tests.findings,
    deceptive_files.findings,
)


def scan(change: ChangeSet, context: Context) -> ScannerRun:
    """Look at the net change; in a tree nothing arrives, only links and names count."""
    look = Look(change, context)
    parts = (deceptive_files.findings,) if change.kind == "tree" else _PARTS
    found = tuple(_shortened((item for part in parts for item in part(look)), look))
    return ScannerRun(
        "tampering",
        "ok",
        files=len(change.files),
        lines=sum(hunk.added.lines for file in change.files for hunk in file.hunks),
        findings=found,
        not_inspected=tuple(look.missed.values()),
    )


def _shortened(findings: Iterable[Finding], look: Look) -> Iterator[Finding]:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.rule] = counts.get(finding.rule, 0) + 1
        if counts[finding.rule] <= _MOST:
            yield finding
    for rule, count in counts.items():
        if count > _MOST:
            message = (
                f"{look.rules[rule].title}: {count - _MOST} more than the {_MOST} shown"
            )
            yield look.rules[rule].finding(
                Location("change"), message, subject=look.change.digest
            )

"""Runs all parts of the scanner on the net change and limits the number of findings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from zt_gate.model.finding import Location
from zt_gate.model.report import ScannerRun
from zt_gate.scanners.tampering import (
    deceptive_files,
    disabled_checks,
    disabled_tests,
    external_content,
    gate_files,
    gate_hooks,
    gate_jobs,
    review_settings,
    suppression_marks,
)
from zt_gate.scanners.tampering.comparison import Comparison

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.base import Context

#: Findings of one rule; one more finding counts the rest.
_MAX_FINDINGS = 50

_PARTS = (
    gate_files.findings,
    gate_jobs.findings,
    gate_hooks.findings,
    disabled_checks.findings,
    suppression_marks.findings,
    review_settings.findings,
    disabled_tests.findings,
    deceptive_files.findings,
    external_content.findings,
)
#: The parts that do not need an old side.
_TREE_PARTS = (deceptive_files.findings, external_content.findings)


def scan(change: ChangeSet, context: Context) -> ScannerRun:
    """Scan the net change; of a tree only what its files are, because it changes nothing."""
    comparison = Comparison(change, context)
    parts = _TREE_PARTS if change.kind == "tree" else _PARTS
    findings = (finding for part in parts for finding in part(comparison))
    limited = tuple(_limited(findings, comparison))
    return ScannerRun(
        "tampering",
        "ok",
        files=len(change.files),
        lines=sum(hunk.added.lines for file in change.files for hunk in file.hunks),
        findings=limited,
        not_inspected=tuple(comparison.not_inspected.values()),
    )


def _limited(findings: Iterable[Finding], comparison: Comparison) -> Iterator[Finding]:
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.rule] += 1
        if counts[finding.rule] <= _MAX_FINDINGS:
            yield finding
    for rule_id, count in counts.items():
        if count > _MAX_FINDINGS:
            rule = comparison.rules[rule_id]
            hidden = count - _MAX_FINDINGS
            message = f"{rule.title}: {hidden} more than the {_MAX_FINDINGS} shown"
            yield rule.finding(
                Location("change"), message, subject=comparison.change.digest
            )

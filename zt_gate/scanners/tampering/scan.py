"""Runs all parts of the scanner on the net change and limits the number of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Level, Location
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

#: The worst first.  Without a level the rule's severity and confidence decide, which give
#: at least a warning for every rule that has findings of several levels.
_RANK = {Level.BLOCK: 0, None: 1, Level.WARN: 2, Level.INFO: 3}

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
    """Yield the worst findings of each rule, then one with the worst level left out."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    for rule_id, found in by_rule.items():
        # A stable sort: findings of one level keep their order.
        worst_first = sorted(found, key=lambda finding: _RANK[finding.level])
        yield from worst_first[:_MAX_FINDINGS]
        left_out = worst_first[_MAX_FINDINGS:]
        if left_out:
            rule = comparison.rules[rule_id]
            count = len(left_out)
            message = f"{rule.title}: {count} more than the {_MAX_FINDINGS} shown"
            yield rule.finding(
                Location("change"),
                message,
                subject=comparison.change.digest,
                level=left_out[0].level,
            )

"""What the JSON report of a shard has besides the fields of every report.

The fields of every report are for people and programs: texts that JSON cannot carry are
escaped, and what only some formats show is left out.  Joining shards needs all of it.
``json_reader`` reads it.  Everything here is masked already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.reports.summary import seconds

if TYPE_CHECKING:
    from zt_gate.model.report import (
        JudgedFinding,
        NotInspected,
        Problem,
        Report,
        ScannerRun,
        ShardPart,
    )


def dump_part(report: Report, part: ShardPart) -> dict[str, Any]:
    """Return the field ``part``; a byte of a path is one character in it."""
    return {
        "options": part.options,
        "split": part.split,
        "files": report.files,
        "problems": [_problem(item) for item in part.problems],
        "findings": [_finding(item) for item in report.findings],
        "runs": [_run(run) for run in report.runs],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "group": problem.group,
        "scanner": problem.scanner,
        "verb": problem.verb,
        "text": problem.text,
        "items": [_item(item) for item in problem.items],
    }


def _finding(judged: JudgedFinding) -> dict[str, Any]:
    finding, location, evidence = (
        judged.finding,
        judged.finding.location,
        judged.finding.evidence,
    )
    final = judged.final_level
    return {
        "rule": finding.rule,
        "location": {
            "kind": location.kind,
            "path": _path(location.path),
            "line": location.line,
            "column": location.column,
            "end_line": location.end_line,
            "end_column": location.end_column,
            "commit": location.commit,
        },
        "message": finding.message,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "own_level": None if finding.level is None else finding.level.value,
        "why": finding.why,
        "remedy": finding.remedy,
        "cwe": list(finding.cwe),
        "references": list(finding.references),
        "evidence": None
        if evidence is None
        else {"text": evidence.text, "start": evidence.start, "end": evidence.end},
        "fix": finding.fix,
        "preexisting": finding.preexisting,
        "title": finding.title,
        "former_rules": list(finding.former_rules),
        "since": finding.since,
        "level": judged.level.value,
        "final_level": None if final is None else final.value,
        "fingerprint": judged.fingerprint,
        "state": judged.state,
        "state_reason": judged.state_reason,
        "state_expires": judged.state_expires,
        "state_by": judged.state_by,
        "state_since": judged.state_since,
    }


def _run(run: ScannerRun) -> dict[str, Any]:
    return {
        "scanner": run.scanner,
        "status": run.status,
        "reason": run.reason,
        "seconds": seconds(run.seconds),
        "files": run.files,
        "lines": run.lines,
        "not_inspected": [_item(item) for item in run.not_inspected],
    }


def _item(item: NotInspected) -> dict[str, Any]:
    return {
        "path": _path(item.path),
        "kind": item.kind,
        "reason": item.reason,
        "cause": item.cause,
        "has_rule_words": item.has_rule_words,
        "is_new": item.is_new,
    }


def _path(path: bytes | None) -> str | None:
    return None if path is None else path.decode("latin-1")

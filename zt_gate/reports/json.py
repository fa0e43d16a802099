"""The JSON format: the whole report, as ``docs/report.schema.json`` describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.model.report import SCHEMA_VERSION
from zt_gate.reports.escape import json_document, json_path, valid_unicode
from zt_gate.reports.summary import by_file, seconds

if TYPE_CHECKING:
    from zt_gate.model.finding import Location
    from zt_gate.model.report import JudgedFinding, NotInspected, Report, ScannerRun
    from zt_gate.reports.base import Options


def render(report: Report, options: Options) -> bytes:  # noqa: ARG001 - no option applies
    """Return the report as JSON (RFC 8259), in ASCII."""
    return json_document(document(report))


def document(report: Report) -> dict[str, Any]:
    """Return the report as the objects that the schema describes."""
    fields = {
        "schema_version": SCHEMA_VERSION,
        "tool": {
            "name": valid_unicode(report.tool.name),
            "version": valid_unicode(report.tool.version),
            "rules_digest": valid_unicode(report.tool.rules_digest),
        },
        "source": {
            "kind": report.kind,
            "base": valid_unicode(report.base),
            "head": valid_unicode(report.head),
            "nothing_to_judge": valid_unicode(report.nothing),
        },
        "change_digest": valid_unicode(report.change_digest),
        "policy": {
            "rev": valid_unicode(report.policy.rev),
            "digest": valid_unicode(report.policy.digest),
            "profile": valid_unicode(report.policy.profile),
            "task": valid_unicode(report.policy.task),
        },
        "origin": {
            "ai": report.origin.ai,
            "evidence": [valid_unicode(text) for text in report.origin.evidence],
        },
        "verdict": report.verdict.value,
        "exit_code": report.verdict.exit_code,
        "complete": report.complete,
        "errors": [valid_unicode(text) for text in report.errors],
        "shard": {"index": report.shard[0], "of": report.shard[1]},
        "seconds": seconds(report.seconds),
        "findings": [_finding(judged) for judged in by_file(report.findings)],
        "runs": [_run(run) for run in report.runs],
    }
    if report.part is not None:
        from zt_gate.reports.json_part import dump_part

        fields["part"] = dump_part(report, report.part)
    return fields


def _finding(judged: JudgedFinding) -> dict[str, Any]:
    finding = judged.finding
    location = finding.location
    evidence = None if finding.evidence is None else finding.evidence.text
    return {
        "rule": valid_unicode(finding.rule),
        "scanner": valid_unicode(finding.scanner),
        "level": judged.level.value,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "state": judged.state,
        "state_reason": valid_unicode(judged.state_reason),
        "state_expires": valid_unicode(judged.state_expires),
        "state_by": valid_unicode(judged.state_by),
        "state_since": valid_unicode(judged.state_since),
        **json_path(location.path),
        "location": _location(location),
        "line": location.line,
        "column": location.column,
        "end_line": location.end_line,
        "end_column": location.end_column,
        "message": valid_unicode(finding.message),
        "why": valid_unicode(finding.why),
        "remedy": valid_unicode(finding.remedy),
        "cwe": [valid_unicode(name) for name in finding.cwe],
        "references": [valid_unicode(address) for address in finding.references],
        "fix": _optional_text(finding.fix),
        "fingerprint": valid_unicode(judged.fingerprint),
        "evidence": _optional_text(evidence),
    }


def _location(location: Location) -> dict[str, str]:
    fields: dict[str, str] = {"kind": location.kind}
    if location.commit is not None:
        fields["commit"] = valid_unicode(location.commit)
    return fields


def _optional_text(text: str | None) -> str | None:
    return None if text is None else valid_unicode(text)


def _run(run: ScannerRun) -> dict[str, Any]:
    return {
        "scanner": valid_unicode(run.scanner),
        "status": run.status,
        "reason": valid_unicode(run.reason),
        "seconds": seconds(run.seconds),
        "inspected": {"files": run.files, "lines": run.lines},
        "not_inspected": [_not_inspected(item) for item in run.not_inspected],
    }


def _not_inspected(item: NotInspected) -> dict[str, Any]:
    return {
        **json_path(item.path),
        "kind": item.kind,
        "reason": valid_unicode(item.reason),
    }

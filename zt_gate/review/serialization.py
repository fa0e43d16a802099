"""Encodes a scanner's run as JSON, to send it from its process to the gate's.

JSON and not pickle: a scanner reads hostile input, and the data from its process
must not be able to run code in the process that judges.
"""

from __future__ import annotations

import json
from typing import Any, cast

from zt_gate.model.finding import (
    Confidence,
    Evidence,
    Finding,
    Level,
    Location,
    LocationKind,
    Severity,
)
from zt_gate.model.report import NotInspected, RunStatus, ScannerRun, SkipKind

_LOCATION_KINDS = {"line", "file", "commit", "change"}
_SKIP_KINDS = {
    "not_applicable",
    "unreadable",
    "failed",
    "unverified",
    "unsupported_syntax",
    "excluded",
}
_STATUSES = {"ok", "skipped", "error"}


class SerializationError(ValueError):
    """The data from a scanner's process is not a valid run."""


def dump(run: ScannerRun) -> bytes:
    """Encode a run."""
    table = {
        "scanner": run.scanner,
        "status": run.status,
        "reason": run.reason,
        "files": run.files,
        "lines": run.lines,
        "findings": [_dump_finding(finding) for finding in run.findings],
        "not_inspected": [
            [
                _text(skip.path),
                skip.kind,
                skip.reason,
                skip.cause,
                skip.has_rule_words,
                skip.is_new,
            ]
            for skip in run.not_inspected
        ],
    }
    # ASCII escapes keep lone surrogates (bytes that are not UTF-8) unchanged.
    return json.dumps(table, ensure_ascii=True).encode("ascii")


def load(data: bytes, *, seconds: float) -> ScannerRun:
    """Decode a run; raises SerializationError for data that ``dump`` does not produce."""
    try:
        table = json.loads(data)
        if table["status"] not in _STATUSES:
            raise SerializationError(f"unknown status {table['status']!r}")
        return ScannerRun(
            scanner=str(table["scanner"]),
            status=cast("RunStatus", table["status"]),
            reason=str(table["reason"]),
            seconds=seconds,
            files=int(table["files"]),
            lines=int(table["lines"]),
            findings=tuple(_load_finding(item) for item in table["findings"]),
            not_inspected=tuple(_load_skip(*item) for item in table["not_inspected"]),
        )
    except SerializationError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SerializationError(
            f"{type(error).__name__} in a scanner's result"
        ) from error


def _dump_finding(finding: Finding) -> dict[str, Any]:
    location = finding.location
    evidence = finding.evidence
    return {
        "rule": finding.rule,
        "location": [
            location.kind,
            _text(location.path),
            location.line,
            location.column,
            location.end_line,
            location.end_column,
            location.commit,
        ],
        "message": finding.message,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "level": finding.level.value if finding.level else None,
        "why": finding.why,
        "remedy": finding.remedy,
        "cwe": finding.cwe,
        "references": finding.references,
        "evidence": [evidence.text, evidence.start, evidence.end] if evidence else None,
        "subject": finding.subject,
        "secrets": finding.secrets,
        "fix": finding.fix,
        "preexisting": finding.preexisting,
        "title": finding.title,
        "former_rules": finding.former_rules,
        "since": finding.since,
    }


def _load_finding(table: dict[str, Any]) -> Finding:
    kind, path, line, column, end_line, end_column, commit = table["location"]
    if kind not in _LOCATION_KINDS:
        raise SerializationError("unknown kind of location")
    evidence = table["evidence"]
    return Finding(
        rule=str(table["rule"]),
        location=Location(
            cast("LocationKind", kind),
            _bytes(path),
            line=_number(line),
            column=_number(column),
            end_line=_number(end_line),
            end_column=_number(end_column),
            commit=None if commit is None else str(commit),
        ),
        message=str(table["message"]),
        severity=Severity(table["severity"]),
        confidence=Confidence(table["confidence"]),
        level=Level(table["level"]) if table["level"] else None,
        why=str(table["why"]),
        remedy=str(table["remedy"]),
        cwe=tuple(map(str, table["cwe"])),
        references=tuple(map(str, table["references"])),
        evidence=_load_evidence(*evidence) if evidence else None,
        subject=str(table["subject"]),
        secrets=tuple(map(str, table["secrets"])),
        fix=None if table["fix"] is None else str(table["fix"]),
        preexisting=table["preexisting"] is True,
        title=str(table["title"]),
        former_rules=tuple(map(str, table["former_rules"])),
        since=str(table["since"]),
    )


def _load_evidence(text: str, start: int, end: int) -> Evidence:
    return Evidence(str(text), int(start), int(end))


def _load_skip(  # noqa: PLR0917 - the fields in their order
    path: str | None,
    kind: str,
    reason: str,
    cause: str,
    has_rule_words: object,
    is_new: object,
) -> NotInspected:
    if kind not in _SKIP_KINDS:
        raise SerializationError("unknown kind of skip")
    return NotInspected(
        _bytes(path),
        cast("SkipKind", kind),
        str(reason),
        str(cause),
        has_rule_words=has_rule_words is True,
        is_new=is_new is True,
    )


def _number(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise SerializationError("a position is not a number")


def _text(path: bytes | None) -> str | None:
    return None if path is None else path.decode("latin-1")


def _bytes(path: str | None) -> bytes | None:
    return None if path is None else path.encode("latin-1")

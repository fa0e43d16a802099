"""For code scanning: SARIF 2.1.0 with all that GitHub requires of it.

Sources: the OASIS standard (section numbers in comments) and GitHub's page
"SARIF support for code scanning".  A result without a physical location makes
GitHub refuse the whole file, so a finding without a path gets an address that
names no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level
from zt_gate.model.report import Verdict
from zt_gate.reports import summary
from zt_gate.reports.escape import (
    json_document,
    json_path,
    relative_uri,
    valid_unicode,
    visible,
)
from zt_gate.reports.sarif_rules import (
    NOT_INSPECTED,
    not_inspected_rule,
    rule_id,
    rules_of,
)

if TYPE_CHECKING:
    from zt_gate.model.finding import Finding, Location
    from zt_gate.model.report import JudgedFinding, NotInspected, Report
    from zt_gate.reports.base import Options

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

#: GitHub keeps so many results of a run.
MAX_RESULTS = 5_000

#: Where a finding without a path is said to be.
NO_PATH = {"commit": b"commit-message", "change": b"change-as-a-whole"}

_LEVELS = {Level.BLOCK: "error", Level.WARN: "warning", Level.INFO: "note"}


def render(report: Report, options: Options) -> bytes:  # noqa: ARG001 - says the same to everybody
    """Return the report as SARIF 2.1.0, in ASCII."""
    return json_document(
        {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    )


def _run(report: Report) -> dict[str, Any]:
    ordered = summary.by_severity(report.findings)
    kept, left_out = ordered[:MAX_RESULTS], len(ordered[MAX_RESULTS:])
    rules = rules_of(kept)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    shard, of = report.shard
    return {
        "tool": {
            "driver": {
                "name": visible(report.tool.name) or "zt-gate",
                "version": visible(report.tool.version),
                "rules": rules,
                "notifications": [not_inspected_rule()],
                "properties": {"rulesDigest": visible(report.tool.rules_digest)},
            }
        },
        # One category for every kind of source, so that an alert of a pull
        # request is the same one on the branch it is merged into.
        "automationDetails": {
            "id": f"zt-gate/shard-{shard}-of-{of}/" if of > 1 else "zt-gate/"
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "%SRCROOT%": {"description": {"text": "The root of what was scanned."}}
        },
        "invocations": [_invocation(report, left_out)],
        "results": _results(kept, index),
        "properties": _properties(report),
    }


def _properties(report: Report) -> dict[str, Any]:
    return {
        "verdict": report.verdict.value,
        "exitCode": report.verdict.exit_code,
        "complete": report.complete,
        "changeDigest": visible(report.change_digest),
        "source": {
            "kind": report.kind,
            "base": visible(report.base),
            "head": visible(report.head),
        },
        "policy": {
            "rev": visible(report.policy.rev),
            "digest": visible(report.policy.digest),
            "profile": visible(report.policy.profile),
            "task": visible(report.policy.task),
        },
        "origin": {
            "ai": report.origin.ai,
            "evidence": [visible(text) for text in report.origin.evidence],
        },
        "seconds": summary.seconds(report.seconds),
    }


# Results


def _results(kept: list[JudgedFinding], index: dict[str, int]) -> list[dict[str, Any]]:
    seen: dict[str, int] = {}
    results = []
    for judged in kept:
        # Equal findings have equal fingerprints; the count tells them apart.
        number = seen[judged.fingerprint] = seen.get(judged.fingerprint, 0) + 1
        results.append(
            _result(judged, index, f"{visible(judged.fingerprint)}:{number}")
        )
    return results


def _result(
    judged: JudgedFinding, index: dict[str, int], line_hash: str
) -> dict[str, Any]:
    finding = judged.finding
    rule = rule_id(finding)
    fix = _fix(finding)
    return {
        "ruleId": rule,
        "ruleIndex": index[rule],
        "level": _LEVELS[judged.level],
        "message": {"text": _message(finding)},
        "locations": [_location(finding)],
        "partialFingerprints": {"primaryLocationLineHash": line_hash},
        "suppressions": _suppressions(judged),
        **({"fixes": [fix]} if fix else {}),
        "properties": _result_properties(judged),
    }


def _result_properties(judged: JudgedFinding) -> dict[str, Any]:
    finding = judged.finding
    known = json_path(finding.location.path)
    commit = finding.location.commit
    return {
        "fingerprint": visible(judged.fingerprint),
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "state": judged.state,
        "remedy": visible(finding.remedy),
        "kind": finding.location.kind,
        **({"commit": visible(commit)} if commit is not None else {}),
        **({"path_b64": known["path_b64"]} if "path_b64" in known else {}),
    }


def _message(finding: Finding) -> str:
    """Return the message; a text may not make a link of itself (section 3.11.6)."""
    text = visible(finding.message) or rule_id(finding)
    if finding.location.kind in NO_PATH:
        text = f"{text} ({summary.location_text(finding.location)})"
    if "](" in text:
        text = text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return text


def _location(finding: Finding) -> dict[str, Any]:
    location = finding.location
    region = _region(location, finding)
    if (
        finding.evidence is not None
        and finding.evidence.text
        and location.line is not None
    ):
        region = {**region, "snippet": {"text": _snippet(finding)}}
    return {
        "physicalLocation": {"artifactLocation": _artifact(location), "region": region}
    }


def _snippet(finding: Finding) -> str:
    assert finding.evidence is not None
    start, end = finding.evidence.start, finding.evidence.end
    return visible(finding.evidence.text[max(start, 0) : max(end, start, 0)])


def _artifact(location: Location) -> dict[str, str]:
    path = location.path or NO_PATH.get(location.kind, b"change-as-a-whole")
    return {"uri": relative_uri(path), "uriBaseId": "%SRCROOT%"}


def _region(location: Location, finding: Finding) -> dict[str, Any]:
    """Return a whole region: GitHub wants all four numbers, 1-based and in order."""
    line = max(location.line or 1, 1)
    column = max(location.column or 1, 1) if location.line else 1
    end_line = max(location.end_line or line, line) if location.line else line
    end_column = location.end_column if location.line else None
    if end_column is None:
        evidence = finding.evidence
        end_column = column + (max(evidence.end - evidence.start, 1) if evidence else 1)
    least = column if end_line == line else 1
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": max(end_column, least),
    }


def _suppressions(judged: JudgedFinding) -> list[dict[str, Any]]:
    """Say that a finding is waived (section 3.35); an empty list says that it is not."""
    if judged.state == "active":
        return []
    words = [judged.state, visible(judged.state_reason)]
    facts = visible(summary.waiver_details(judged))
    words += [facts] if facts else []
    return [
        {
            "kind": "external",
            "justification": ": ".join(word for word in words if word),
        }
    ]


def _fix(finding: Finding) -> dict[str, Any] | None:
    location = finding.location
    numbers = (location.line, location.column, location.end_line, location.end_column)
    if finding.fix is None or location.kind != "line" or None in numbers:
        return None
    replacement = {
        "deletedRegion": _region(location, finding),
        "insertedContent": {"text": valid_unicode(finding.fix)},
    }
    change = {"artifactLocation": _artifact(location), "replacements": [replacement]}
    return {
        "description": {"text": visible(finding.remedy) or "Suggested change."},
        "artifactChanges": [change],
    }


# The invocation: whether everything was inspected


def _invocation(report: Report, left_out: int) -> dict[str, Any]:
    notes = [_note("error", visible(text)) for text in report.errors]
    for run in summary.runs_without_result(report):
        level = "error" if run.status == "error" else "note"
        text = f"scanner {visible(run.scanner)}: {run.status}: {visible(run.reason)}"
        notes.append(_note(level, text))
    notes += [_item(scanner, item) for scanner, item in summary.not_inspected(report)]
    if left_out:
        notes.append(
            _note(
                "warning", f"{left_out} results were left out: {MAX_RESULTS} are kept"
            )
        )
    facts = ", ".join(summary.verdict_facts(report))
    return {
        "executionSuccessful": report.verdict is not Verdict.ERROR,
        "exitCode": report.verdict.exit_code,
        "exitCodeDescription": f"{report.verdict.value}: {facts}",
        "toolExecutionNotifications": notes,
    }


def _note(level: str, text: str) -> dict[str, Any]:
    descriptor = {"id": NOT_INSPECTED, "index": 0}
    return {
        "level": level,
        "message": {"text": text or "no reason given"},
        "descriptor": descriptor,
    }


def _item(scanner: str, item: NotInspected) -> dict[str, Any]:
    where = f" {visible(item.path)}:" if item.path is not None else ""
    text = f"{visible(scanner)}:{where} {visible(item.reason)} ({item.kind.replace('_', ' ')})"
    note = _note("error" if summary.is_applicable(item) else "note", text)
    if item.path is not None:
        artifact = {"uri": relative_uri(item.path), "uriBaseId": "%SRCROOT%"}
        note["locations"] = [{"physicalLocation": {"artifactLocation": artifact}}]
    return note

"""The SARIF format: SARIF 2.1.0 with the properties that GitHub code scanning requires.

Sources: the OASIS standard (section numbers in comments) and GitHub's page
"SARIF support for code scanning".  GitHub rejects a file in which a result has no
physical location, so a finding without a path gets a relative URI that names no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level
from zt_gate.model.report import Verdict
from zt_gate.reports import groups, summary
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
    from zt_gate.model.finding import Evidence, Finding, Location
    from zt_gate.model.report import JudgedFinding, NotInspected, Report
    from zt_gate.reports.base import Options
    from zt_gate.reports.groups import UninspectedGroup

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

#: Maximum number of results of a run that GitHub keeps.
MAX_RESULTS = 5_000

#: Locations of findings without a path, by kind.
NO_PATH = {"commit": b"commit-message", "change": b"change-as-a-whole"}

_LEVELS = {Level.BLOCK: "error", Level.WARN: "warning", Level.INFO: "note"}


def render(report: Report, options: Options) -> bytes:  # noqa: ARG001 - no option applies
    """Return the report as SARIF 2.1.0, in ASCII."""
    return json_document(
        {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    )


def _run(report: Report) -> dict[str, Any]:
    ordered = summary.by_severity(report.findings)
    included = ordered[:MAX_RESULTS]
    omitted = len(ordered) - len(included)
    rules = rules_of(included)
    rule_index = {rule["id"]: number for number, rule in enumerate(rules)}
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
        "automationDetails": {"id": _category(report)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "%SRCROOT%": {"description": {"text": "Root folder of the scan."}}
        },
        "invocations": [_invocation(report, omitted)],
        "results": _results(included, rule_index),
        "properties": _properties(report),
    }


def _category(report: Report) -> str:
    """Return the category under which GitHub keeps the alerts.

    It is the same for every kind of source, so that an alert of a pull request is
    the same alert on the branch into which it is merged.
    """
    shard, shards = report.shard
    if shards > 1:
        return f"zt-gate/shard-{shard}-of-{shards}/"
    return "zt-gate/"


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


def _results(
    findings: list[JudgedFinding], rule_index: dict[str, int]
) -> list[dict[str, Any]]:
    occurrences: dict[str, int] = {}
    results = []
    for judged in findings:
        fingerprint = judged.fingerprint
        occurrences[fingerprint] = occurrences.get(fingerprint, 0) + 1
        # Equal findings have equal fingerprints; the number makes the hash unique.
        line_hash = f"{visible(fingerprint)}:{occurrences[fingerprint]}"
        results.append(_result(judged, rule_index, line_hash))
    return results


def _result(
    judged: JudgedFinding, rule_index: dict[str, int], line_hash: str
) -> dict[str, Any]:
    finding = judged.finding
    rule = rule_id(finding)
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": rule_index[rule],
        "level": _LEVELS[judged.level],
        "message": {"text": _message(finding)},
        "locations": [_location(finding)],
        "partialFingerprints": {"primaryLocationLineHash": line_hash},
        "suppressions": _suppressions(judged),
    }
    fix = _fix(finding)
    if fix:
        result["fixes"] = [fix]
    result["properties"] = _result_properties(judged)
    return result


def _result_properties(judged: JudgedFinding) -> dict[str, Any]:
    finding = judged.finding
    commit = finding.location.commit
    exact_path = json_path(finding.location.path).get("path_b64")
    properties = {
        "fingerprint": visible(judged.fingerprint),
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "state": judged.state,
        "remedy": visible(finding.remedy),
        "kind": finding.location.kind,
    }
    if commit is not None:
        properties["commit"] = visible(commit)
    if exact_path is not None:
        properties["path_b64"] = exact_path
    return properties


def _message(finding: Finding) -> str:
    """Return the message, with text escaped that SARIF reads as a link (3.11.6)."""
    text = visible(finding.message) or rule_id(finding)
    if finding.location.kind in NO_PATH:
        text = f"{text} ({summary.location_text(finding.location)})"
    if "](" in text:
        text = text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return text


def _location(finding: Finding) -> dict[str, Any]:
    location = finding.location
    evidence = finding.evidence
    region = _region(location, finding)
    if evidence is not None and evidence.text and location.line is not None:
        region["snippet"] = {"text": _marked_text(evidence)}
    physical = {"artifactLocation": _artifact(location), "region": region}
    return {"physicalLocation": physical}


def _marked_text(evidence: Evidence) -> str:
    start = max(evidence.start, 0)
    end = max(evidence.end, start)
    return visible(evidence.text[start:end])


def _artifact(location: Location) -> dict[str, str]:
    path = location.path or NO_PATH.get(location.kind, b"change-as-a-whole")
    return {"uri": relative_uri(path), "uriBaseId": "%SRCROOT%"}


def _region(location: Location, finding: Finding) -> dict[str, Any]:
    """Return a complete region: GitHub requires all four numbers, 1-based and ordered."""
    line = column = end_line = 1
    end_column = None
    if location.line:
        line = max(location.line, 1)
        column = max(location.column or 1, 1)
        end_line = max(location.end_line or line, line)
        end_column = location.end_column
    if end_column is None:
        end_column = column + _marked_width(finding.evidence)
    min_end_column = column if end_line == line else 1
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": max(end_column, min_end_column),
    }


def _marked_width(evidence: Evidence | None) -> int:
    """Return the number of marked code points, at least 1."""
    if evidence is None:
        return 1
    return max(evidence.end - evidence.start, 1)


def _suppressions(judged: JudgedFinding) -> list[dict[str, Any]]:
    """Return the waiver of a finding (3.35); an empty list means not suppressed."""
    if judged.state == "active":
        return []
    parts = (
        judged.state,
        visible(judged.state_reason),
        visible(summary.waiver_details(judged)),
    )
    justification = ": ".join(part for part in parts if part)
    return [{"kind": "external", "justification": justification}]


def _fix(finding: Finding) -> dict[str, Any] | None:
    location = finding.location
    region = (location.line, location.column, location.end_line, location.end_column)
    if finding.fix is None or location.kind != "line" or None in region:
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


# The invocation: what was not inspected


def _invocation(report: Report, omitted: int) -> dict[str, Any]:
    notes = [_note("error", visible(text)) for text in report.errors]
    if report.nothing:
        notes.append(_note("note", summary.nothing_text(report)))
    for run in summary.runs_without_result(report):
        level = "error" if run.status == "error" else "note"
        text = f"scanner {visible(run.scanner)}: {run.status}: {visible(run.reason)}"
        notes.append(_note(level, text))
    notes += [
        _item_note(scanner, item)
        for scanner, item in summary.not_inspected(report)
        if summary.is_applicable(item)
    ]
    notes += map(_group_note, groups.inapplicable(report))
    if omitted:
        text = f"{omitted} results were left out: the limit is {MAX_RESULTS} results"
        notes.append(_note("warning", text))
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


def _item_note(scanner: str, item: NotInspected) -> dict[str, Any]:
    text = f"{visible(item.reason)} ({item.kind.replace('_', ' ')})"
    if item.path is None:
        return _note("error", f"{visible(scanner)}: {text}")
    note = _note("error", f"{visible(scanner)}: {visible(item.path)}: {text}")
    note["locations"] = [_file_location(item.path)]
    return note


def _group_note(group: UninspectedGroup) -> dict[str, Any]:
    kind = group.item.kind.replace("_", " ")
    text = f"{visible(group.reason)} ({kind})"
    if not group.paths:
        return _note("note", f"{visible(group.scanner)}: {text}")
    place = ", ".join(map(visible, group.named_paths))
    if group.more:
        place += f", and {group.more} more"
    note = _note("note", f"{visible(group.scanner)}: {place}: {text}")
    note["locations"] = [_file_location(path) for path in group.named_paths]
    return note


def _file_location(path: bytes) -> dict[str, Any]:
    artifact = {"uri": relative_uri(path), "uriBaseId": "%SRCROOT%"}
    return {"physicalLocation": {"artifactLocation": artifact}}

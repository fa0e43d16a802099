"""The GitLab format: a Code Quality report, a subset of the Code Climate format.

A JSON list; GitLab needs ``description``, ``check_name``, ``fingerprint`` (unique
in the list), ``severity`` and ``location`` (GitLab documentation, "Code Quality",
"Code Quality report format").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level, Severity
from zt_gate.reports import summary
from zt_gate.reports.escape import decode, json_document, valid_unicode, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.report import JudgedFinding, Report
    from zt_gate.reports.base import Options

#: Path of a finding without a file: GitLab drops entries without a path.
NO_PATH = "."

_NOT_INSPECTED = "zt-gate/not-inspected"
_WARNINGS = {Severity.CRITICAL: "major", Severity.HIGH: "major"}


def render(report: Report, options: Options) -> bytes:  # noqa: ARG001 - no option applies
    """Return active findings and uninspected content as a JSON list in ASCII."""
    entries = list(_entries(report))
    occurrences: dict[str, int] = {}
    for entry in entries:
        fingerprint = entry["fingerprint"]
        number = occurrences.get(fingerprint, 0) + 1
        occurrences[fingerprint] = number
        if number > 1:
            entry["fingerprint"] = f"{fingerprint}-{number}"
    return json_document(entries)


def _entries(report: Report) -> Iterator[dict[str, Any]]:
    nowhere = (None, 1)
    for text in summary.unlisted_errors(report):
        yield _entry(_NOT_INSPECTED, text, "blocker", f"error-{_hash(text)}", nowhere)
    if report.nothing:
        text = summary.nothing_text(report)
        yield _entry(_NOT_INSPECTED, text, "info", f"nothing-{_hash(text)}", nowhere)
    for run in summary.runs_without_result(report):
        text = f"{run.scanner} {run.status}: {run.reason}"
        severity = "blocker" if run.status == "error" else "info"
        yield _entry(_NOT_INSPECTED, text, severity, f"run-{_hash(text)}", nowhere)
    for scanner, item in summary.not_inspected(report):
        if summary.is_applicable(item):
            text = f"{scanner} could not inspect this: {item.reason}"
            content_hash = _hash(f"{scanner}\0{item.reason}\0{item.path!r}")
            fingerprint = f"skip-{content_hash}"
            place = (item.path, 1)
            yield _entry(_NOT_INSPECTED, text, "blocker", fingerprint, place)
    text = summary.languages_without_rules(report)
    if text:
        yield _entry(_NOT_INSPECTED, text, "info", f"languages-{_hash(text)}", nowhere)
    for judged in summary.by_severity(report.findings):
        if judged.state == "active":
            yield _finding_entry(judged)


def _finding_entry(judged: JudgedFinding) -> dict[str, Any]:
    finding = judged.finding
    location = finding.location
    description = finding.message
    if location.commit is not None:
        description += f" (in commit {location.commit[:12]})"
    description = f"{description}. {finding.remedy}".rstrip(". ")
    place = (location.path, location.line or 1)
    return _entry(
        finding.rule, description, _severity(judged), judged.fingerprint, place
    )


def _entry(
    name: str,
    text: str,
    severity: str,
    fingerprint: str,
    place: tuple[bytes | None, int],
) -> dict[str, Any]:
    path, line = place
    path_text = NO_PATH
    if path is not None:
        path_text = valid_unicode(decode(path))
    return {
        "type": "issue",
        "description": visible(text),
        "check_name": visible(name),
        "fingerprint": valid_unicode(fingerprint),
        "severity": severity,
        "location": {"path": path_text, "lines": {"begin": line}},
    }


def _severity(judged: JudgedFinding) -> str:
    """Return GitLab's severity; a blocking finding is always blocker or critical."""
    if judged.level is Level.BLOCK:
        if judged.finding.severity.rank >= Severity.HIGH.rank:
            return "blocker"
        return "critical"
    if judged.level is Level.WARN:
        return _WARNINGS.get(judged.finding.severity, "minor")
    return "info"


def _hash(text: str) -> str:
    from zt_gate.system.cache import sha256

    return sha256(text.encode("utf-8", "surrogatepass"))[:32]

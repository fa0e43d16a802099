"""For a merge request's Code Quality widget: GitLab's subset of the Code Climate format.

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

#: What a finding without a file is put under: GitLab drops entries without a path.
NO_PATH = "."

_WARNINGS = {Severity.CRITICAL: "major", Severity.HIGH: "major"}


def render(report: Report, options: Options) -> bytes:  # noqa: ARG001 - says the same to everybody
    """Return the active findings, and what could not be inspected, as a JSON list in ASCII."""
    seen: dict[str, int] = {}
    entries = []
    for entry in _entries(report):
        mark = entry["fingerprint"]
        seen[mark] = seen.get(mark, 0) + 1
        if seen[mark] > 1:
            entry["fingerprint"] = f"{mark}-{seen[mark]}"
        entries.append(entry)
    return json_document(entries)


def _entries(report: Report) -> Iterator[dict[str, Any]]:
    for text in summary.unlisted_errors(report):
        yield _entry(
            "zt-gate/not-inspected", text, "blocker", f"error-{_mark(text)}", (None, 1)
        )
    for run in summary.runs_without_result(report):
        text = f"{run.scanner} {run.status}: {run.reason}"
        severity = "blocker" if run.status == "error" else "info"
        yield _entry(
            "zt-gate/not-inspected", text, severity, f"run-{_mark(text)}", (None, 1)
        )
    for scanner, item in summary.not_inspected(report):
        if summary.is_applicable(item):
            text = f"{scanner} could not inspect this: {item.reason}"
            mark = _mark(f"{scanner}\0{item.reason}\0{item.path!r}")
            name = "zt-gate/not-inspected"
            yield _entry(name, text, "blocker", f"skip-{mark}", (item.path, 1))
    for judged in summary.by_severity(report.findings):
        if judged.state == "active":
            finding = judged.finding
            place = finding.location
            commit = "" if place.commit is None else f" (in commit {place.commit[:12]})"
            text = f"{finding.message}{commit}. {finding.remedy}".rstrip(". ")
            at = (place.path, place.line or 1)
            yield _entry(finding.rule, text, _severity(judged), judged.fingerprint, at)


def _entry(
    name: str,
    text: str,
    severity: str,
    fingerprint: str,
    place: tuple[bytes | None, int],
) -> dict[str, Any]:
    path, line = place
    shown = NO_PATH if path is None else valid_unicode(decode(path))
    return {
        "type": "issue",
        "description": visible(text),
        "check_name": visible(name),
        "fingerprint": valid_unicode(fingerprint),
        "severity": severity,
        "location": {"path": shown, "lines": {"begin": line}},
    }


def _severity(judged: JudgedFinding) -> str:
    """Return GitLab's word: what blocks is a blocker or critical, whatever its severity."""
    if judged.level is Level.BLOCK:
        worst = judged.finding.severity.rank >= Severity.HIGH.rank
        return "blocker" if worst else "critical"
    if judged.level is Level.WARN:
        return _WARNINGS.get(judged.finding.severity, "minor")
    return "info"


def _mark(text: str) -> str:
    from zt_gate.system.cache import sha256

    return sha256(text.encode("utf-8", "surrogatepass"))[:32]

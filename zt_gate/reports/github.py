"""The GitHub format: annotations for a pull request's files view, as workflow commands.

GitHub shows ten errors, ten warnings and ten notices of a step and drops the rest
silently.  The worst findings therefore come first, and the last notice counts the
findings without an annotation.  Every line of the output is one command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.reports import groups, summary
from zt_gate.reports.escape import decode, visible, workflow_data, workflow_property

if TYPE_CHECKING:
    from zt_gate.model.finding import Finding, Location
    from zt_gate.model.report import NotInspected, Report
    from zt_gate.reports.base import Options
    from zt_gate.reports.groups import FindingGroup

#: Annotations of each kind that GitHub shows for one step.
MAX_EACH = 10
#: Maximum length of a message in bytes; GitHub may count characters.
MAX_MESSAGE = 4096
MAX_TITLE = 255
#: Further places in the same file that an annotation names.
_MAX_PLACES = 5

_COMMANDS = {Level.BLOCK: "error", Level.WARN: "warning", Level.INFO: "notice"}


def render(report: Report, options: Options) -> bytes:  # noqa: ARG001 - no option applies
    """Return workflow commands, one on each line."""
    commands: list[str] = []
    remaining = {"error": MAX_EACH, "warning": MAX_EACH, "notice": MAX_EACH - 1}
    uninspected = _uninspected(report)
    if uninspected:
        title = {"title": "zt-gate: not inspected"}
        commands.append(_command("error", title, uninspected))
        remaining["error"] -= 1
    omitted = 0
    active = [
        judged
        for judged in summary.by_severity(report.findings)
        if judged.state == "active"
    ]
    for group in groups.by_rule(active, within_file=True):
        name = _COMMANDS[group.first.level]
        if not remaining[name]:
            omitted += group.size
            continue
        remaining[name] -= 1
        commands.append(_annotation(report, group, name))
    commands.append(_verdict(report, omitted))
    return ("\n".join(commands) + "\n").encode()


def _annotation(report: Report, group: FindingGroup, command: str) -> str:
    judged = group.first
    finding = judged.finding
    properties = _location_properties(finding.location)
    properties["title"] = f"{visible(finding.rule)} ({judged.level.value})"
    message = visible(finding.message)
    details = []
    if "file" not in properties:
        details.append(f"at {summary.location_text(finding.location)}")
    if finding.why:
        details.append(f"Why: {visible(finding.why)}")
    if finding.remedy:
        details.append(f"Fix: {visible(finding.remedy)}")
    details.append(f"Fingerprint: {visible(judged.fingerprint)}")
    if summary.is_blocking(judged):
        details.append(f"Intended? {summary.approval_hint(report, judged)}")
    if group.others:
        text = groups.places(group.others[:_MAX_PLACES])
        more = len(group.others) - _MAX_PLACES
        details.append(f"Also: {text}" + (f", and {more} more" if more > 0 else ""))
    source = _source_line(finding)
    text = "\n".join((message, source, *details))
    if not source or len(text.encode()) > MAX_MESSAGE:
        text = "\n".join((message, *details))
    return _command(command, properties, text)


def _source_line(finding: Finding) -> str:
    if finding.evidence is None or not finding.evidence.text:
        return ""
    return f"> {visible(finding.evidence.text.strip())}"


def _location_properties(location: Location) -> dict[str, str]:
    """Return the properties that locate an annotation; none if GitHub cannot show it.

    GitHub's view has no file for a path with control characters, invisible
    characters or bytes that are not UTF-8, and none for a finding about a commit or
    about the change as a whole.
    """
    if location.path is None or location.kind == "commit":
        return {}
    path = decode(location.path)
    if visible(path) != path or path != path.strip():
        return {}
    properties = {"file": path}
    if location.line is None:
        return properties
    end_line = location.end_line or location.line
    properties["line"] = str(location.line)
    properties["endLine"] = str(end_line)
    # GitHub accepts columns only for a single line.
    if location.column is None or end_line != location.line:
        return properties
    properties["col"] = str(location.column)
    if location.end_column is not None:
        properties["endColumn"] = str(location.end_column)
    return properties


def _uninspected(report: Report) -> str:
    """Return the reasons why the report is not complete, "" if it is complete."""
    lines = [visible(text) for text in summary.unlisted_errors(report)]
    lines += [
        f"scanner {visible(run.scanner)}: {visible(run.reason)}"
        for run in summary.runs_without_result(report)
        if run.status == "error"
    ]
    for scanner, item in summary.not_inspected(report):
        if summary.is_applicable(item):
            lines.append(f"{visible(scanner)}: {_item_text(item)}")
    if lines:
        return _join_fitting(lines)
    # The verdict notice lists the scanners that the caller skipped.
    has_skipped = any(run.status == "skipped" for run in report.runs)
    if report.complete or has_skipped:
        return ""
    return "no reason given"


def _item_text(item: NotInspected) -> str:
    text = f"{visible(item.reason)} ({item.kind})"
    if item.path is not None:
        text = f"{visible(item.path)}: {text}"
    return text


def _join_fitting(lines: list[str]) -> str:
    """Join as many lines as fit into a message, and count the others."""
    room = MAX_MESSAGE - 80
    fitting: list[str] = []
    size = 0
    for line in lines:
        size += len(line.encode()) + 1
        if size > room:
            break
        fitting.append(line)
    if not fitting:
        fitting = [_truncate(lines[0], room)]
    omitted = len(lines) - len(fitting)
    if omitted:
        fitting.append(f"… and {omitted} more: see the other reports")
    return "\n".join(fitting)


def _verdict(report: Report, omitted: int) -> str:
    facts = ", ".join(summary.verdict_facts(report))
    complete = "yes" if report.complete else "no"
    lines = [f"{report.verdict.value.upper()}: {facts}", f"complete: {complete}"]
    if omitted:
        findings = summary.plural(omitted, "finding")
        lines.append(f"{findings} without an annotation: see the log")
    for run in summary.runs_without_result(report):
        if run.status == "skipped":
            scanner = visible(run.scanner)
            lines.append(f"scanner {scanner} was skipped: {visible(run.reason)}")
    return _command("notice", {"title": "zt-gate"}, _join_fitting(lines))


def _command(name: str, properties: dict[str, str], message: str) -> str:
    pairs = []
    for key, value in properties.items():
        text = _truncate(value, MAX_TITLE) if key == "title" else value
        pairs.append(f"{key}={workflow_property(text)}")
    data = workflow_data(_truncate(message, MAX_MESSAGE))
    return f"::{name} {','.join(pairs)}::{data}"


def _truncate(text: str, limit: int) -> str:
    """Return ``text`` cut to ``limit`` bytes of UTF-8."""
    data = text.encode()
    if len(data) <= limit:
        return text
    return data[: limit - 3].decode("utf-8", "ignore") + "…"

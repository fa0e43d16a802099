"""For a pull request's files view: GitHub annotations, written as workflow commands.

GitHub shows ten errors, ten warnings and ten notices of a step and drops the
rest without a word; so the worst go first, and the last notice counts what has
no annotation.  Every line of the output is one command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.reports import summary
from zt_gate.reports.escape import decode, visible, workflow_data, workflow_property

if TYPE_CHECKING:
    from zt_gate.model.finding import Finding, Location
    from zt_gate.model.report import JudgedFinding, Report
    from zt_gate.reports.base import Options

#: Annotations of each kind in one step.
MAX_EACH = 10
#: Longest message, counted in bytes to be on the safe side of any count.
MAX_MESSAGE = 4096
MAX_TITLE = 255

_COMMANDS = {Level.BLOCK: "error", Level.WARN: "warning", Level.INFO: "notice"}


def render(report: Report, options: Options) -> bytes:  # noqa: ARG001 - says the same to everybody
    """Return workflow commands, one in each line."""
    silence = _silence(report)
    room = {
        "error": MAX_EACH - bool(silence),
        "warning": MAX_EACH,
        "notice": MAX_EACH - 1,
    }
    lines = (
        [_command("error", {"title": "zt-gate: not inspected"}, silence)]
        if silence
        else []
    )
    left_out = 0
    for judged in summary.by_severity(report.findings):
        if judged.state != "active":
            continue
        command = _COMMANDS[judged.level]
        if not room[command]:
            left_out += 1
            continue
        room[command] -= 1
        lines.append(_annotation(judged, command))
    lines.append(_verdict(report, left_out))
    return ("\n".join(lines) + "\n").encode()


def _annotation(judged: JudgedFinding, command: str) -> str:
    finding = judged.finding
    properties, place = _properties(finding.location)
    title = f"{visible(finding.rule)} ({judged.level.value})"
    parts = [
        visible(finding.message),
        *([f"at {place}"] if place else []),
        *([f"Why: {visible(finding.why)}"] if finding.why else []),
        *([f"Fix: {visible(finding.remedy)}"] if finding.remedy else []),
        f"Fingerprint: {visible(judged.fingerprint)}",
        *(
            [f"If it is meant: {summary.approval_hint(judged)}"]
            if summary.is_blocking(judged)
            else []
        ),
    ]
    return _command(command, {**properties, "title": title}, _joined(parts, finding))


def _joined(parts: list[str], finding: Finding) -> str:
    """Join the lines; the source line goes in where there is room for all of it."""
    text = "\n".join(parts)
    if finding.evidence is not None and finding.evidence.text:
        source = visible(finding.evidence.text.strip())
        longer = "\n".join((parts[0], f"> {source}", *parts[1:]))
        return longer if len(longer.encode()) <= MAX_MESSAGE else text
    return text


def _properties(location: Location) -> tuple[dict[str, str], str]:
    """Return what tells GitHub the place, and words for it where GitHub cannot be told.

    A path with control characters, invisible ones or bytes that are not UTF-8
    has no file in GitHub's view; so does a commit's or the change's finding.
    """
    if location.path is None or location.kind == "commit":
        return {}, summary.location_text(location)
    path = decode(location.path)
    if visible(path) != path or path != path.strip():
        return {}, summary.location_text(location)
    properties = {"file": path}
    if location.line is not None:
        properties["line"] = str(location.line)
        end_line = location.end_line or location.line
        properties["endLine"] = str(end_line)
        # GitHub takes columns only for a single line.
        if location.column is not None and end_line == location.line:
            properties["col"] = str(location.column)
            if location.end_column is not None:
                properties["endColumn"] = str(location.end_column)
    return properties, ""


def _silence(report: Report) -> str:
    """Return why the report is not complete, or "" if it is."""
    lines = [visible(text) for text in summary.unlisted_errors(report)]
    lines += [
        f"scanner {visible(run.scanner)}: {visible(run.reason)}"
        for run in summary.runs_without_result(report)
        if run.status == "error"
    ]
    for scanner, item in summary.not_inspected(report):
        if summary.is_applicable(item):
            path = f"{visible(item.path)}: " if item.path is not None else ""
            lines.append(
                f"{visible(scanner)}: {path}{visible(item.reason)} ({item.kind})"
            )
    # What whoever started the gate left out stands beside the verdict.
    if not lines and (
        report.complete or any(run.status == "skipped" for run in report.runs)
    ):
        return ""
    return _fitting(lines or ["no reason given"])


def _fitting(lines: list[str]) -> str:
    """Join as many lines as a message takes, and count the others."""
    kept: list[str] = []
    size = 0
    for line in lines:
        size += len(line.encode()) + 1
        if size > MAX_MESSAGE - 80:
            break
        kept.append(line)
    if not kept:
        kept = [_cut(lines[0], MAX_MESSAGE - 80)]
    rest = len(lines) - len(kept)
    return "\n".join(
        (*kept, *([f"… and {rest} more: see the other reports"] if rest else ()))
    )


def _verdict(report: Report, left_out: int) -> str:
    words = [
        f"{report.verdict.value.upper()}: {', '.join(summary.verdict_facts(report))}"
    ]
    words.append(f"complete: {'yes' if report.complete else 'no'}")
    if left_out:
        words.append(
            f"{summary.plural(left_out, 'finding')} without an annotation: see the log"
        )
    words += [
        f"scanner {visible(run.scanner)} was skipped: {visible(run.reason)}"
        for run in summary.runs_without_result(report)
        if run.status == "skipped"
    ]
    return _command("notice", {"title": "zt-gate"}, _fitting(words))


def _command(name: str, properties: dict[str, str], message: str) -> str:
    if "title" in properties:
        properties = {**properties, "title": _cut(properties["title"], MAX_TITLE)}
    written = ",".join(
        f"{key}={workflow_property(value)}" for key, value in properties.items()
    )
    return f"::{name} {written}::{workflow_data(_cut(message, MAX_MESSAGE))}"


def _cut(text: str, limit: int) -> str:
    data = text.encode()
    if len(data) <= limit:
        return text
    return data[: limit - 3].decode("utf-8", "ignore") + "…"

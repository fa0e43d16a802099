"""For people: what was found, by file, the blocking first, and the verdict as the last line.

One layout of styled segments serves both the plain text and the coloured one;
rich is imported for colours only.  The output may stand in a CI log, so no
line of it starts a workflow command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.model.report import Verdict
from zt_gate.reports import summary
from zt_gate.reports.escape import columns, log_start, visible, visible_words
from zt_gate.reports.snippet import snippet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.report import JudgedFinding, NotInspected, Report
    from zt_gate.reports.base import Options

#: Text, and the name of its style.
Segment = tuple[str, str]
Line = tuple[Segment, ...]

_LEAST_WIDTH = 24
_MAX_FIX_LINES = 12
_SHORT_ID = 12

_STYLES = {
    "": "",
    "place": "bold",
    "block": "bold red",
    "warn": "yellow",
    "info": "cyan",
    "rule": "magenta",
    "mark": "bold red",
    "label": "bold",
    "dim": "dim",
    "pass": "bold green",
    "fail": "bold red",
    "error": "bold yellow",
}


def render(report: Report, options: Options) -> bytes:
    """Return the report as text, with SGR colours if ``options.colour``."""
    lines = [_guarded(line) for line in _lines(report, options)]
    if options.colour:
        return _coloured(lines, options.width)
    text = "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines)
    return text.encode()


def _lines(report: Report, options: Options) -> Iterator[Line]:
    width = max(_LEAST_WIDTH, options.width)
    shown = [
        judged
        for judged in summary.by_file(report.findings)
        if judged.level is not Level.INFO or options.verbose
    ]
    for judged in shown:
        yield from _finding(judged, options, width)
        yield from _state(judged, summary.approval_command(report, judged), width)
        yield ()
    silent = list(_silent(report, options, width))
    if silent:
        yield from silent
        yield ()
    yield from _verdict(report, shown, options, width)


# Findings


def _finding(judged: JudgedFinding, options: Options, width: int) -> Iterator[Line]:
    finding = judged.finding
    active = judged.state == "active"
    yield from _head(judged, options, width)
    if active or options.verbose:
        if finding.evidence is not None and finding.evidence.text:
            number = finding.location.line
            for line in snippet(finding.evidence, number, width):
                yield (
                    (line.gutter, "dim"),
                    (line.before, ""),
                    (line.marked, "mark"),
                    (line.after, ""),
                )
                if line.carets:
                    yield (line.below, "dim"), (line.carets, "mark")
        if finding.why:
            yield from _paragraph("why: ", finding.why, width)
        if finding.remedy:
            yield from _paragraph("fix: ", finding.remedy, width)
        if finding.fix:
            yield from _suggestion(finding.fix)
        if options.verbose:
            sources = " ".join((*finding.cwe, *finding.references))
            yield from _paragraph("see: ", sources, width) if sources else ()


def _head(judged: JudgedFinding, options: Options, width: int) -> Iterator[Line]:
    finding = judged.finding
    active = judged.state == "active"
    level = judged.level.value
    place = (summary.location_text(finding.location), "place" if active else "dim")
    label = level.upper() if active else judged.state.upper()
    mark = (f"{label:<5}", level if active else "dim")
    rule = (visible(finding.rule), "rule" if active else "dim")
    message = visible(finding.message)
    gap = ("  ", "")
    first = columns(place[0]) + 2 + columns(mark[0]) + 2 + columns(rule[0])
    if not options.terminal or first + 2 + columns(message) <= width:
        yield place, gap, mark, gap, rule, gap, (message, "" if active else "dim")
        return
    if first <= width:
        yield place, gap, mark, gap, rule
    else:
        yield (place,)
        yield gap, mark, gap, rule
    yield from _paragraph("", message, width, "" if active else "dim")


def _state(judged: JudgedFinding, approve: str, width: int) -> Iterator[Line]:
    said = f"id: {visible(judged.fingerprint)[:_SHORT_ID]}"
    if judged.state != "active":
        said += f" {judged.level.value}, {judged.state}"
        said += f": {judged.state_reason}" if judged.state_reason else ""
        said += f" ({facts})" if (facts := summary.waiver_details(judged)) else ""
    elif judged.state_reason:
        said += f" {judged.state_reason}"
    elif judged.level is Level.BLOCK and approve:
        said += f" · if it is meant: {approve}"
    yield from _paragraph("", said, width, "dim")


def _suggestion(fix: str) -> Iterator[Line]:
    lines = fix.removesuffix("\n").split("\n")
    for index, line in enumerate(lines[:_MAX_FIX_LINES]):
        label = "  try: " if not index else "       "
        yield (label, "label"), (visible(line.expandtabs(4)), "")
    if len(lines) > _MAX_FIX_LINES:
        yield ((f"       … {len(lines) - _MAX_FIX_LINES} more lines", "dim"),)


def _paragraph(label: str, text: str, width: int, style: str = "") -> Iterator[Line]:
    """Wrap words to ``width`` behind a label; a word that is longer stays whole."""
    indent = " " * (2 + len(label))
    room = width - len(indent)
    lead: Segment = (f"  {label}", "label" if label else "")
    row = ""
    for word in visible_words(text):
        if row and columns(row) + 1 + columns(word) > room:
            yield lead, (row, style)
            lead, row = (indent, ""), word
        else:
            row = f"{row} {word}" if row else word
    yield lead, (row, style)


# What was not inspected, and the verdict


def _silent(report: Report, options: Options, width: int) -> Iterator[Line]:
    rows = [(("error", "error"), text) for text in summary.unlisted_errors(report)]
    for run in summary.runs_without_result(report):
        style = "error" if run.status == "error" else "dim"
        rows.append(((run.status, style), f"{run.scanner}: {run.reason}"))
    for scanner, item in summary.not_inspected(report):
        if summary.is_applicable(item) or options.verbose:
            style = "error" if summary.is_applicable(item) else "dim"
            rows.append(((item.kind.replace("_", " "), style), _skipped(scanner, item)))
    if rows:
        yield (("Not inspected:", "label"),)
    for (kind, style), text in rows:
        lines = iter(_paragraph(f"{kind}: ", text, width))
        lead, body = next(lines)
        yield (lead[0], style), body
        yield from lines


def _skipped(scanner: str, item: NotInspected) -> str:
    path = f"{visible(item.path)}: " if item.path is not None else ""
    return f"{scanner}: {path}{item.reason}"


def _agent(report: Report) -> str:
    """Return the first mark of an agent, and by which profile it has the change judged."""
    first, *more = report.origin.evidence or ("it carries marks of one",)
    rest = f", and {summary.plural(len(more), 'more mark')}" if more else ""
    return f"{first}{rest}; judged by {report.policy.profile}"


def _verdict(
    report: Report, shown: list[JudgedFinding], options: Options, width: int
) -> Iterator[Line]:
    if report.origin.ai:
        yield from _paragraph("agent: ", _agent(report), width, "dim")
    rules = [judged.finding.rule for judged in shown if judged.state == "active"]
    if rules:
        yield from _paragraph("", f"next: zt-gate explain {rules[0]}", width, "dim")
    elif report.verdict is Verdict.ERROR:
        said = "next: mend what is named above, or run again with --debug to see more"
        yield from _paragraph("", said, width, "dim")
    facts = summary.verdict_facts(report)
    if report.verdict is Verdict.ERROR:
        facts = [f"could not inspect: {summary.uninspected_scanners(report)}", *facts]
    style = report.verdict.value
    # In a log the verdict is one line, whatever its length: people grep for it.
    room = width if options.terminal else len("".join(facts)) * 4 + 80
    for index, line in enumerate(_paragraph(style.upper(), " · ".join(facts), room)):
        (lead, _), body = line
        yield ((lead, "") if index else (lead.strip() + "  ", style)), body


# Segments to bytes


def _guarded(line: Line) -> Line:
    """Take the meaning from a workflow command that would start the line."""
    for index, (text, style) in enumerate(line):
        if text.strip():
            return (*line[:index], (log_start(text), style), *line[index + 1 :])
    return line


def _coloured(lines: list[Line], width: int) -> bytes:
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    # Nothing is taken from the environment: the caller has decided on colours.
    console = Console(
        file=StringIO(),
        force_terminal=True,
        color_system="standard",
        width=max(_LEAST_WIDTH, width),
        no_color=False,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as captured:
        for line in lines:
            text = Text()
            for part, style in line:
                text.append(part, _STYLES[style] or None)
            text.rstrip()
            console.print(text, soft_wrap=True)
    return captured.get().encode()

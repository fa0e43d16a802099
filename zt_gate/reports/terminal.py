"""The terminal format: findings by file, the blocking first; the verdict comes last.

Plain and coloured output share one layout of styled segments; rich is imported for
colours only.  The output may appear in a CI log, so no line starts a workflow
command.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.model.report import Verdict
from zt_gate.reports import groups, summary
from zt_gate.reports.escape import columns, log_start, visible, visible_words
from zt_gate.reports.groups import FindingGroup, UninspectedGroup
from zt_gate.reports.snippet import snippet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.finding import Evidence
    from zt_gate.model.report import JudgedFinding, Report
    from zt_gate.reports.base import Options

#: A text and the name of its style.
Segment = tuple[str, str]
Line = tuple[Segment, ...]

_MIN_WIDTH = 24
_MAX_FIX_LINES = 12
_SHORT_ID = 12
#: Groups of findings that are shown in full without --verbose.  If there are more,
#: only the worst are, a few of each rule, and the others are counted.
_MAX_GROUPS = 25
_MAX_IN_SUMMARY = 12
_MAX_OF_RULE = 3
#: Further places of one group that are named.
_MAX_PLACES = 10
#: Folders that are named for one rule.
_MAX_FOLDERS = 4

_NOTHING_STAGED = (
    "nothing is staged; to look at something else, give zt-gate scan --worktree, "
    "--range A..B, --base REV or --tree"
)

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
    lines = [_without_command(line) for line in _lines(report, options)]
    if options.colour:
        return _coloured(lines, options.width)
    rows = ["".join(text for text, _ in line).rstrip() for line in lines]
    return "".join(f"{row}\n" for row in rows).encode()


def _lines(report: Report, options: Options) -> Iterator[Line]:
    width = max(_MIN_WIDTH, options.width)
    shown = [
        judged
        for judged in summary.by_file(report.findings)
        if judged.level is not Level.INFO or options.verbose
    ]
    in_full, counted = _divided(shown, options)
    for group in in_full:
        approval = summary.approval_step(report, group.first, options.program)
        if not options.has_terminal:
            approval = approval.replace("Run: ", "In a terminal, run: ", 1)
        yield from _finding(group.first, options, width)
        yield from _state(group.first, approval, width)
        yield from _others(group, width)
        yield ()
    if counted:
        yield from _counts(counted, width)
        yield ()
    uninspected = list(_not_inspected(report, options, width))
    if uninspected:
        yield from uninspected
        yield ()
    yield from _next_step(report, shown, options, width)
    yield from _verdict(report, options, width)


# Findings


def _divided(
    shown: list[JudgedFinding], options: Options
) -> tuple[list[FindingGroup], list[FindingGroup]]:
    """Return the groups to show in full, in reading order, and those to count only."""
    if options.verbose:
        return [FindingGroup(judged) for judged in shown], []
    all_groups = groups.by_rule(shown, within_file=True)
    if len(all_groups) <= _MAX_GROUPS:
        return all_groups, []
    worst = _worst([group.first for group in all_groups])
    in_full = [group for group in all_groups if id(group.first) in worst]
    counted = [group for group in all_groups if id(group.first) not in worst]
    return in_full, counted


def _worst(findings: list[JudgedFinding]) -> set[int]:
    """Return the identities of the worst findings, with only a few of each rule."""
    shown_of_rule: Counter[str] = Counter()
    worst: set[int] = set()
    for judged in summary.by_severity(tuple(findings)):
        rule = judged.finding.rule
        if shown_of_rule[rule] < _MAX_OF_RULE:
            shown_of_rule[rule] += 1
            worst.add(id(judged))
        if len(worst) == _MAX_IN_SUMMARY:
            break
    return worst


def _others(group: FindingGroup, width: int) -> Iterator[Line]:
    """Yield the places of the further findings of a group."""
    if not group.others:
        return
    text = groups.places(group.others[:_MAX_PLACES])
    more = len(group.others) - _MAX_PLACES
    if more > 0:
        text += f", and {more} more (--verbose lists them)"
    yield from _paragraph("also: ", text, width, "dim")


def _counts(counted: list[FindingGroup], width: int) -> Iterator[Line]:
    """Yield the number of findings by rule and folder."""
    total = summary.plural(sum(group.size for group in counted), "more finding")
    yield ((f"{total}, by rule and folder (--verbose lists them):", "label"),)
    for count in groups.count_by_rule(counted):
        label = count.level.value.upper()
        if count.state != "active":
            label = count.state.upper()
        folders = [f"{name} {number}" for name, number in count.folders[:_MAX_FOLDERS]]
        more = len(count.folders) - _MAX_FOLDERS
        if more > 0:
            folders.append(f"{summary.plural(more, 'more folder')}")
        text = f"{count.findings} × {visible(count.rule)}: {', '.join(folders)}"
        yield from _paragraph(f"{label:<5} ", text, width)


def _finding(judged: JudgedFinding, options: Options, width: int) -> Iterator[Line]:
    finding = judged.finding
    yield from _head(judged, options, width)
    if judged.state != "active" and not options.verbose:
        return
    if finding.evidence is not None and finding.evidence.text:
        yield from _source(finding.evidence, finding.location.line, width)
    if finding.why:
        yield from _paragraph("why: ", finding.why, width)
    if finding.remedy:
        yield from _paragraph("fix: ", finding.remedy, width)
    if finding.fix:
        yield from _suggestion(finding.fix)
    sources = " ".join((*finding.cwe, *finding.references))
    if options.verbose and sources:
        yield from _paragraph("see: ", sources, width)


def _head(judged: JudgedFinding, options: Options, width: int) -> Iterator[Line]:
    """Yield location, level, rule and message: on one line where they fit."""
    finding = judged.finding
    level = judged.level.value
    label = level.upper()
    place_style, label_style, rule_style, message_style = "place", level, "rule", ""
    if judged.state != "active":
        label = judged.state.upper()
        place_style = label_style = rule_style = message_style = "dim"
    place = (summary.location_text(finding.location), place_style)
    mark = (f"{label:<5}", label_style)
    rule = (visible(finding.rule), rule_style)
    message = visible(finding.message)
    gap = ("  ", "")
    head_width = columns(place[0]) + 2 + columns(mark[0]) + 2 + columns(rule[0])
    line_width = head_width + 2 + columns(message)
    if not options.terminal or line_width <= width:
        yield place, gap, mark, gap, rule, gap, (message, message_style)
        return
    if head_width <= width:
        yield place, gap, mark, gap, rule
    else:
        yield (place,)
        yield gap, mark, gap, rule
    yield from _paragraph("", message, width, message_style)


def _source(evidence: Evidence, number: int | None, width: int) -> Iterator[Line]:
    for line in snippet(evidence, number, width):
        margin = (line.gutter, "dim")
        yield margin, (line.before, ""), (line.marked, "mark"), (line.after, "")
        if line.carets:
            yield (line.below, "dim"), (line.carets, "mark")


def _state(judged: JudgedFinding, approval: str, width: int) -> Iterator[Line]:
    """Yield the fingerprint, and the waiver or the way to approve the finding."""
    text = f"id: {visible(judged.fingerprint)[:_SHORT_ID]}"
    if judged.state != "active":
        text += f" {judged.level.value}, {judged.state}"
        if judged.state_reason:
            text += f": {judged.state_reason}"
        details = summary.waiver_details(judged)
        if details:
            text += f" ({details})"
    elif judged.state_reason:
        text += f" {judged.state_reason}"
    elif judged.level is Level.BLOCK and approval:
        text += f" · Intended? {approval}"
    yield from _paragraph("", text, width, "dim")


def _suggestion(fix: str) -> Iterator[Line]:
    lines = fix.removesuffix("\n").split("\n")
    label = "  try: "
    for line in lines[:_MAX_FIX_LINES]:
        yield (label, "label"), (visible(line.expandtabs(4)), "")
        label = " " * len(label)
    if len(lines) > _MAX_FIX_LINES:
        yield ((f"       … {len(lines) - _MAX_FIX_LINES} more lines", "dim"),)


def _paragraph(label: str, text: str, width: int, style: str = "") -> Iterator[Line]:
    """Yield words wrapped to ``width`` behind a label; a longer word is not broken."""
    indent = " " * (2 + len(label))
    room = width - len(indent)
    label_style = "label" if label else ""
    lead: Segment = (f"  {label}", label_style)
    row = ""
    for word in visible_words(text):
        if not row:
            row = word
        elif columns(row) + 1 + columns(word) > room:
            yield lead, (row, style)
            lead = (indent, "")
            row = word
        else:
            row += f" {word}"
    yield lead, (row, style)


# Uninspected content, and the verdict


def _not_inspected(report: Report, options: Options, width: int) -> Iterator[Line]:
    rows = list(_uninspected_rows(report, options))
    if rows:
        yield (("Not inspected:", "label"),)
    for (label, style), text in rows:
        lines = iter(_paragraph(f"{label}: ", text, width))
        lead, body = next(lines)
        yield (lead[0], style), body
        yield from lines


def _uninspected_rows(
    report: Report, options: Options
) -> Iterator[tuple[Segment, str]]:
    """Yield styled label and text for what was not inspected."""
    for text in summary.unlisted_errors(report):
        yield ("error", "error"), text
    for run in summary.runs_without_result(report):
        style = "error" if run.status == "error" else "dim"
        yield (run.status, style), f"{run.scanner}: {run.reason}"
    if not options.verbose:
        for group in groups.uninspected(report):
            if summary.is_applicable(group.item):
                yield _uninspected_row(group)
        return
    for scanner, item in summary.not_inspected(report):
        if summary.is_applicable(item):
            paths = () if item.path is None else (item.path,)
            yield _uninspected_row(UninspectedGroup(scanner, item, paths))
    for group in groups.inapplicable(report):
        yield _uninspected_row(group)


def _uninspected_row(group: UninspectedGroup) -> tuple[Segment, str]:
    style = "error" if summary.is_applicable(group.item) else "dim"
    label = (group.item.kind.replace("_", " "), style)
    if not group.paths:
        return label, f"{group.scanner}: {group.reason}"
    paths = ", ".join(visible(path) for path in group.named_paths)
    if group.more:
        paths += f", and {group.more} more"
    return label, f"{group.scanner}: {paths}: {group.reason}"


def _agent(report: Report) -> str:
    """Return the first mark of an agent and the profile that judges the change."""
    if not report.origin.evidence:
        return f"marks of an agent found; profile: {report.policy.profile}"
    first, *others = report.origin.evidence
    if others:
        first += f", and {summary.plural(len(others), 'more mark')}"
    return f"{first}; profile: {report.policy.profile}"


def _next_step(
    report: Report, shown: list[JudgedFinding], options: Options, width: int
) -> Iterator[Line]:
    if report.origin.ai:
        yield from _paragraph("agent: ", _agent(report), width, "dim")
    later = summary.later_command(report, options.program)
    if later:
        yield from _paragraph("", later, width, "dim")
    if options.staged and report.kind == "staged" and not report.files:
        yield from _paragraph("", _NOTHING_STAGED, width, "dim")
    rules = [judged.finding.rule for judged in shown if judged.state == "active"]
    if rules:
        text = f"next: {options.program} explain {rules[0]}"
        yield from _paragraph("", text, width, "dim")
    elif report.verdict is Verdict.ERROR:
        text = "next: fix the errors above, or run again with --debug for details"
        yield from _paragraph("", text, width, "dim")


def _verdict(report: Report, options: Options, width: int) -> Iterator[Line]:
    facts = summary.verdict_facts(report)
    if report.verdict is Verdict.ERROR:
        scanners = summary.uninspected_scanners(report)
        facts = [f"could not inspect: {scanners}", *facts]
    room = width
    if not options.terminal:
        # In a log the verdict stays on one line, so that grep finds all of it.
        room = len("".join(facts)) * 4 + 80
    style = report.verdict.value
    first, *others = _paragraph(style.upper(), " · ".join(facts), room)
    (label, _), body = first
    yield (label.strip() + "  ", style), body
    for (indent, _), body in others:
        yield (indent, ""), body


# Segments to bytes


def _without_command(line: Line) -> Line:
    """Escape a workflow command at the start of the line."""
    for index, (text, style) in enumerate(line):
        if text.strip():
            return (*line[:index], (log_start(text), style), *line[index + 1 :])
    return line


def _coloured(lines: list[Line], width: int) -> bytes:
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    # The caller has decided on colours, so rich gets no environment.
    console = Console(
        file=StringIO(),
        force_terminal=True,
        color_system="standard",
        width=max(_MIN_WIDTH, width),
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
            for segment, style in line:
                text.append(segment, _STYLES[style] or None)
            text.rstrip()
            console.print(text, soft_wrap=True)
    return captured.get().encode()

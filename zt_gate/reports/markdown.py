"""The Markdown format: for a step summary or a pull request comment.

GitHub renders mentions, links and images in summaries and comments.  Text of the
change therefore appears only in code spans and code blocks.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.model.finding import Level
from zt_gate.model.report import Verdict
from zt_gate.reports import groups, summary
from zt_gate.reports.escape import (
    html_code,
    log_start,
    markdown_block,
    markdown_code,
    markdown_prose,
    visible,
)
from zt_gate.reports.groups import FindingGroup
from zt_gate.reports.snippet import snippet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.model.finding import Evidence
    from zt_gate.model.report import JudgedFinding, Report
    from zt_gate.reports.base import Options

#: First line of the gate's comment, which identifies it for updates.
MARKER = "<!-- zt-gate -->"
#: Maximum bytes of a step summary, and characters of a comment.
SUMMARY_LIMIT = 1 << 20
COMMENT_LIMIT = 65_536

_SOURCE_WIDTH = 100
#: Further places of one rule that are listed.
_MAX_PLACES = 50
_HEADINGS = {Verdict.PASS: "✅ PASS", Verdict.FAIL: "❌ FAIL", Verdict.ERROR: "⚠️ ERROR"}
#: Bytes that the lines with the counts of omitted blocks need at most.
_RESERVE = 300


def render(report: Report, options: Options) -> bytes:
    """Return GitHub-flavoured Markdown of at most ``options.limit`` bytes.

    What does not fit is omitted in whole blocks and counted; the verdict and the
    table of scanners are always present.
    """
    limit = SUMMARY_LIMIT if options.limit is None else options.limit
    head = "\n".join(_head(report))
    room = limit - len(head.encode()) - _RESERVE
    reasons = _fitting_blocks(_uninspected_blocks(report), room // 2)
    room -= reasons.size
    findings = _fitting_blocks(_findings(report, options), room)
    room -= findings.size
    notes = _fitting_blocks(map(_Block, _notes(report, options)), room)
    parts = (
        head,
        _section("Not inspected", reasons, "reason"),
        _section("Findings", findings, "finding"),
        _section("About this run", notes, "note"),
    )
    return "".join(parts).encode()


class _Block(NamedTuple):
    """A part of the page that is shown or left out as a whole."""

    text: str
    #: The findings, reasons or notes in it.
    entries: int = 1


class _FittingBlocks(NamedTuple):
    """The blocks that fit, their size in bytes, and how many entries did not fit."""

    blocks: list[str]
    size: int
    omitted: int


def _fitting_blocks(blocks: Iterable[_Block], room: int) -> _FittingBlocks:
    fitting: list[str] = []
    used = 0
    omitted = 0
    for block in blocks:
        size = len(block.text.encode())
        if omitted or used + size > room:
            omitted += block.entries
        else:
            used += size
            fitting.append(block.text)
    return _FittingBlocks(fitting, used, omitted)


def _section(title: str, content: _FittingBlocks, noun: str) -> str:
    if not content.blocks and not content.omitted:
        return ""
    text = f"\n### {title}\n\n" + "".join(content.blocks)
    if content.omitted:
        count = summary.plural(content.omitted, noun)
        text += f"\n*{count} left out: the page size limit is reached.*\n"
    return text


def _head(report: Report) -> Iterator[str]:
    yield MARKER
    yield f"## zt-gate: {_HEADINGS[report.verdict]}"
    yield ""
    yield " · ".join(summary.verdict_facts(report))
    yield ""
    yield f"Complete: **{'yes' if report.complete else 'no'}**"
    yield ""
    yield "| scanner | status | findings | files | lines | seconds |"
    yield "|---|---|--:|--:|--:|--:|"
    active = Counter(
        judged.finding.scanner for judged in report.findings if judged.state == "active"
    )
    for run in report.runs:
        name = markdown_code(run.scanner, cell=True)
        numbers = f"{active[run.scanner]} | {run.files} | {run.lines}"
        seconds = f"{summary.seconds(run.seconds):.2f}"
        yield f"| {name} | {run.status} | {numbers} | {seconds} |"
    yield ""


def _uninspected_blocks(report: Report) -> Iterator[_Block]:
    for text in summary.unlisted_errors(report):
        yield _Block(f"- **error:** {markdown_prose(text)}\n")
    for run in summary.runs_without_result(report):
        scanner = markdown_code(run.scanner)
        text = f"- **{run.status}:** {scanner}: {markdown_prose(run.reason)}\n"
        yield _Block(text)
    for group in groups.uninspected(report):
        if not summary.is_applicable(group.item):
            continue
        place = markdown_code(group.scanner)
        for path in group.named_paths:
            place += f" {markdown_code(path)}"
        if group.more:
            place += f" and {group.more} more"
        reason = markdown_prose(group.reason)
        yield _Block(f"- **{group.item.kind}:** {place}: {reason}\n")


def _findings(report: Report, options: Options) -> Iterator[_Block]:
    shown = [
        judged
        for judged in summary.by_severity(report.findings)
        if judged.level is not Level.INFO or options.verbose
    ]
    if options.verbose:
        each = [FindingGroup(judged) for judged in shown]
    else:
        each = groups.by_rule(shown, within_file=False)
    for group in each:
        yield _Block("\n".join(_finding(report, group)) + "\n\n", group.size)


def _finding(report: Report, group: FindingGroup) -> Iterator[str]:
    judged = group.first
    finding = judged.finding
    yield _finding_summary(group)
    yield ""
    yield f"- **what:** {markdown_prose(finding.message)}"
    if finding.why:
        yield f"- **why:** {markdown_prose(finding.why)}"
    if finding.remedy:
        yield f"- **fix:** {markdown_prose(finding.remedy)}"
    for source in (*finding.cwe, *finding.references):
        yield f"- **see:** {markdown_code(source)}"
    yield from _state(judged)
    yield f"- **fingerprint:** {markdown_code(judged.fingerprint)}"
    if summary.is_blocking(judged):
        yield f"- **Intended?** {markdown_prose(summary.approval_hint(report, judged))}"
    yield ""
    if finding.evidence is not None and finding.evidence.text:
        yield markdown_block(_source(finding.evidence, finding.location.line))
        yield ""
    if finding.fix:
        yield "Suggested:"
        yield ""
        # If the page is printed into a log, these lines start at the margin.
        lines = finding.fix.expandtabs(4).split("\n")
        yield markdown_block([log_start(visible(line)) for line in lines])
        yield ""
    if group.others:
        yield f"Also at {summary.plural(len(group.others), 'further place')}:"
        yield ""
        yield from _other_places(group)
        yield ""
    yield "</details>"


def _other_places(group: FindingGroup) -> Iterator[str]:
    """Yield place and fingerprint of each further finding, and a message that differs."""
    for judged in group.others[:_MAX_PLACES]:
        place = markdown_code(summary.location_text(judged.finding.location))
        text = f"- {place} {markdown_code(judged.fingerprint)}"
        if judged.finding.message != group.first.finding.message:
            text += f": {markdown_prose(judged.finding.message)}"
        yield text
    more = len(group.others) - _MAX_PLACES
    if more > 0:
        yield f"- and {more} more, which the JSON and SARIF reports list"


def _finding_summary(group: FindingGroup) -> str:
    """Return the opening of a block; Markdown resumes after an empty line."""
    judged = group.first
    finding = judged.finding
    label: str = judged.state
    if judged.state == "active":
        label = judged.level.value.upper()
    opened = " open" if summary.is_blocking(judged) else ""
    place = html_code(summary.location_text(finding.location))
    head = f"<b>{label}</b> {html_code(finding.rule)} {place}"
    if group.others:
        head += f" and {len(group.others)} more"
    return f"<details{opened}><summary>{head}</summary>"


def _state(judged: JudgedFinding) -> Iterator[str]:
    """Yield the waiver of a finding, or why a waiver had no effect."""
    reason = markdown_prose(judged.state_reason)
    if judged.state == "active":
        if judged.state_reason:
            yield f"- **exception without effect:** {reason}"
        return
    text = reason or "no reason given"
    details = summary.waiver_details(judged)
    if details:
        text += f" ({markdown_prose(details)})"
    yield f"- **{judged.state}:** {text}"


def _source(evidence: Evidence, number: int | None) -> list[str]:
    rows: list[str] = []
    for line in snippet(evidence, number, _SOURCE_WIDTH):
        rows.append(f"{line.gutter}{line.before}{line.marked}{line.after}")
        if line.carets:
            rows.append(line.below + line.carets)
    return rows


def _notes(report: Report, options: Options) -> Iterator[str]:
    if report.origin.ai:
        marks = ", ".join(markdown_code(text) for text in report.origin.evidence)
        yield f"- marks of an agent: {marks or 'yes'}\n"
    policy = report.policy
    source = "the defaults"
    if policy.rev:
        source = markdown_code(policy.rev)
    yield f"- profile: {markdown_code(policy.profile)}, policy from {source}\n"
    yield f"- change digest: {markdown_code(report.change_digest)}\n"
    hidden = sum(judged.level is Level.INFO for judged in report.findings)
    if hidden and not options.verbose:
        yield f"- level info, not listed: {summary.plural(hidden, 'finding')}\n"
    if options.verbose:
        yield from _not_applicable(report)
        return
    count = summary.not_applicable(report)
    if count:
        yield f"- not applicable (no scanner handles this type): {count}\n"
    count = summary.excluded(report)
    if count:
        yield f"- excluded by the policy or an option: {count}\n"


def _not_applicable(report: Report) -> Iterator[str]:
    for group in groups.inapplicable(report):
        names = [markdown_code(path) for path in group.named_paths] or ["the change"]
        place = ", ".join(names)
        if group.more:
            place += f", and {group.more} more"
        kind = group.item.kind.replace("_", " ")
        reason = markdown_prose(group.reason)
        yield f"- {kind}: {markdown_code(group.scanner)} {place}: {reason}\n"

"""The Markdown format: for a step summary or a pull request comment.

GitHub renders mentions, links and images in summaries and comments.  Text of the
change therefore appears only in code spans and code blocks.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.model.finding import Level
from zt_gate.model.report import Verdict
from zt_gate.reports import summary
from zt_gate.reports.escape import (
    html_code,
    log_start,
    markdown_block,
    markdown_code,
    markdown_prose,
    visible,
)
from zt_gate.reports.snippet import snippet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.finding import Evidence
    from zt_gate.model.report import JudgedFinding, Report
    from zt_gate.reports.base import Options

#: First line of the gate's comment, which identifies it for updates.
MARKER = "<!-- zt-gate -->"
#: Maximum bytes of a step summary, and characters of a comment.
SUMMARY_LIMIT = 1 << 20
COMMENT_LIMIT = 65_536

_SOURCE_WIDTH = 100
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
    reasons = _fitting_blocks(_uninspected(report), room // 2)
    room -= reasons.size
    findings = _fitting_blocks(_findings(report, options), room)
    room -= findings.size
    notes = _fitting_blocks(_notes(report, options), room)
    parts = (
        head,
        _section("Not inspected", reasons, "reason"),
        _section("Findings", findings, "finding"),
        _section("About this run", notes, "note"),
    )
    return "".join(parts).encode()


class _FittingBlocks(NamedTuple):
    """The blocks that fit, their size in bytes, and how many did not fit."""

    blocks: list[str]
    size: int
    omitted: int


def _fitting_blocks(blocks: Iterator[str], room: int) -> _FittingBlocks:
    fitting: list[str] = []
    used = 0
    omitted = 0
    for block in blocks:
        size = len(block.encode())
        if omitted or used + size > room:
            omitted += 1
        else:
            used += size
            fitting.append(block)
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


def _uninspected(report: Report) -> Iterator[str]:
    for text in summary.unlisted_errors(report):
        yield f"- **error:** {markdown_prose(text)}\n"
    for run in summary.runs_without_result(report):
        scanner = markdown_code(run.scanner)
        yield f"- **{run.status}:** {scanner}: {markdown_prose(run.reason)}\n"
    for scanner, item in summary.not_inspected(report):
        if summary.is_applicable(item):
            place = markdown_code(scanner)
            if item.path is not None:
                place += f" {markdown_code(item.path)}"
            yield f"- **{item.kind}:** {place}: {markdown_prose(item.reason)}\n"


def _findings(report: Report, options: Options) -> Iterator[str]:
    for judged in summary.by_severity(report.findings):
        if judged.level is not Level.INFO or options.verbose:
            yield "\n".join(_finding(report, judged)) + "\n\n"


def _finding(report: Report, judged: JudgedFinding) -> Iterator[str]:
    finding = judged.finding
    yield _finding_summary(judged)
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
    yield "</details>"


def _finding_summary(judged: JudgedFinding) -> str:
    """Return the opening of a block; Markdown resumes after an empty line."""
    finding = judged.finding
    label: str = judged.state
    if judged.state == "active":
        label = judged.level.value.upper()
    opened = " open" if summary.is_blocking(judged) else ""
    place = html_code(summary.location_text(finding.location))
    head = f"<b>{label}</b> {html_code(finding.rule)} {place}"
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


def _not_applicable(report: Report) -> Iterator[str]:
    for scanner, item in summary.not_inspected(report):
        if summary.is_applicable(item):
            continue
        place = "the change"
        if item.path is not None:
            place = markdown_code(item.path)
        reason = markdown_prose(item.reason)
        yield f"- not applicable: {markdown_code(scanner)} {place}: {reason}\n"

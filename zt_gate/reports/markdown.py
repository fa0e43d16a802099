"""For a step summary or a comment: the verdict, the scanners, the findings to unfold.

Comments and summaries are rendered with mentions, links and images; what
belongs to the change stands in code spans and code blocks only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    from zt_gate.model.report import JudgedFinding, Report
    from zt_gate.reports.base import Options

#: Finds the gate's own comment again, to update it instead of adding another.
MARKER = "<!-- zt-gate -->"
#: Bytes of a step summary, and characters of a comment.
SUMMARY_LIMIT = 1 << 20
COMMENT_LIMIT = 65_536

_SOURCE_WIDTH = 100
_SIGNS = {Verdict.PASS: "✅ PASS", Verdict.FAIL: "❌ FAIL", Verdict.ERROR: "⚠️ ERROR"}
#: What the lines that count left-out things take at most.
_RESERVE = 300


def render(report: Report, options: Options) -> bytes:
    """Return GitHub-flavoured Markdown of at most ``options.limit`` bytes.

    What does not fit is left out in whole blocks and counted; the verdict and
    the table of scanners always stand.
    """
    limit = SUMMARY_LIMIT if options.limit is None else options.limit
    head = "\n".join(_head(report))
    room = limit - len(head.encode()) - _RESERVE
    reasons, used, reasons_left = _fitting(_reasons(report), room // 2)
    room -= used
    findings, used, findings_left = _fitting(_findings(report, options), room)
    room -= used
    notes, _, notes_left = _fitting(_notes(report, options), room)
    parts = [head]
    if reasons or reasons_left:
        parts.append("\n### Not inspected\n\n" + "".join(reasons))
        parts.append(_left_out(reasons_left, "reason"))
    if findings or findings_left:
        parts.append("\n### Findings\n\n" + "".join(findings))
        parts.append(_left_out(findings_left, "finding"))
    if notes or notes_left:
        parts.append("\n### About this run\n\n" + "".join(notes))
        parts.append(_left_out(notes_left, "note"))
    return "".join(parts).encode()


def _fitting(blocks: Iterator[str], room: int) -> tuple[list[str], int, int]:
    """Return the blocks that fit, the room they take, and how many did not fit."""
    kept: list[str] = []
    left_out = used = 0
    for block in blocks:
        size = len(block.encode())
        if left_out or used + size > room:
            left_out += 1
        else:
            used += size
            kept.append(block)
    return kept, used, left_out


def _left_out(number: int, noun: str) -> str:
    if not number:
        return ""
    return f"\n*{summary.plural(number, noun)} left out: too much for this page.*\n"


def _head(report: Report) -> Iterator[str]:
    yield MARKER
    yield f"## zt-gate: {_SIGNS[report.verdict]}"
    yield ""
    yield " · ".join(summary.verdict_facts(report))
    yield ""
    yield f"Complete: **{'yes' if report.complete else 'no'}**"
    yield ""
    yield "| scanner | status | findings | files | lines | seconds |"
    yield "|---|---|--:|--:|--:|--:|"
    found: dict[str, int] = {}
    for judged in report.findings:
        if judged.state == "active":
            found[judged.finding.scanner] = found.get(judged.finding.scanner, 0) + 1
    for run in report.runs:
        name = markdown_code(run.scanner, cell=True)
        numbers = f"{found.get(run.scanner, 0)} | {run.files} | {run.lines}"
        yield f"| {name} | {run.status} | {numbers} | {summary.seconds(run.seconds):.2f} |"
    yield ""


def _reasons(report: Report) -> Iterator[str]:
    for text in summary.unlisted_errors(report):
        yield f"- **error:** {markdown_prose(text)}\n"
    for run in summary.runs_without_result(report):
        yield f"- **{run.status}:** {markdown_code(run.scanner)}: {markdown_prose(run.reason)}\n"
    for scanner, item in summary.not_inspected(report):
        if summary.is_applicable(item):
            path = f" {markdown_code(item.path)}" if item.path is not None else ""
            reason = markdown_prose(item.reason)
            yield f"- **{item.kind}:** {markdown_code(scanner)}{path}: {reason}\n"


def _findings(report: Report, options: Options) -> Iterator[str]:
    for judged in summary.by_severity(report.findings):
        if judged.level is not Level.INFO or options.verbose:
            yield "\n".join(_finding(judged)) + "\n\n"


def _finding(judged: JudgedFinding) -> Iterator[str]:
    finding = judged.finding
    opened = " open" if summary.is_blocking(judged) else ""
    label = judged.level.value.upper() if judged.state == "active" else judged.state
    where = html_code(summary.location_text(finding.location))
    # Inside the HTML block Markdown is not read; an empty line ends it.
    yield f"<details{opened}><summary><b>{label}</b> {html_code(finding.rule)} {where}</summary>"
    yield ""
    yield f"- **what:** {markdown_prose(finding.message)}"
    if finding.why:
        yield f"- **why:** {markdown_prose(finding.why)}"
    if finding.remedy:
        yield f"- **fix:** {markdown_prose(finding.remedy)}"
    for source in (*finding.cwe, *finding.references):
        yield f"- **see:** {markdown_code(source)}"
    if judged.state != "active":
        facts = summary.waiver_details(judged)
        reason = markdown_prose(judged.state_reason) or "no reason given"
        yield f"- **{judged.state}:** {reason}{f' ({markdown_prose(facts)})' if facts else ''}"
    elif judged.state_reason:
        yield f"- **not excepted:** {markdown_prose(judged.state_reason)}"
    yield f"- **fingerprint:** {markdown_code(judged.fingerprint)}"
    if summary.is_blocking(judged):
        yield f"- **if it is meant:** {markdown_prose(summary.approval_hint(judged))}"
    yield ""
    if finding.evidence is not None and finding.evidence.text:
        yield markdown_block(_source(judged))
        yield ""
    if finding.fix:
        yield "Suggested:"
        yield ""
        # The page may also be printed into a log, and these lines have no margin.
        lines = finding.fix.expandtabs(4).split("\n")
        yield markdown_block([log_start(visible(line)) for line in lines])
        yield ""
    yield "</details>"


def _source(judged: JudgedFinding) -> list[str]:
    evidence = judged.finding.evidence
    assert evidence is not None
    lines: list[str] = []
    for line in snippet(evidence, judged.finding.location.line, _SOURCE_WIDTH):
        lines.append(f"{line.gutter}{line.before}{line.marked}{line.after}")
        lines += [line.below + line.carets] if line.carets else []
    return lines


def _notes(report: Report, options: Options) -> Iterator[str]:
    if report.origin.ai:
        marks = ", ".join(markdown_code(text) for text in report.origin.evidence)
        yield f"- marks of an agent: {marks or 'yes'}\n"
    policy = report.policy
    source = markdown_code(policy.rev) if policy.rev else "the defaults"
    yield f"- policy: {markdown_code(policy.profile)} from {source}\n"
    yield f"- change: {markdown_code(report.change_digest)}\n"
    hidden = sum(judged.level is Level.INFO for judged in report.findings)
    if hidden and not options.verbose:
        yield f"- level info, not listed: {summary.plural(hidden, 'finding')}\n"
    count = summary.not_applicable(report)
    if count and not options.verbose:
        yield f"- not applicable (no scanner is meant for it): {count}\n"
    elif count:
        for scanner, item in summary.not_inspected(report):
            if not summary.is_applicable(item):
                path = (
                    markdown_code(item.path) if item.path is not None else "the change"
                )
                reason = markdown_prose(item.reason)
                yield f"- not applicable: {markdown_code(scanner)} {path}: {reason}\n"

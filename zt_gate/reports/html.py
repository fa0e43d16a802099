"""The HTML format: one page that loads nothing and is readable without its script.

Everything from the change, a policy, a log or another program passes ``html_text``.  The
page's policy (CSP) allows its own style and script by their hashes and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from zt_gate.reports import groups, html_charts, summary
from zt_gate.reports.escape import html_text
from zt_gate.reports.html_assets import SCRIPT, STYLE
from zt_gate.reports.snippet import snippet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.model.finding import Finding
    from zt_gate.model.report import JudgedFinding, Report
    from zt_gate.reports.base import Options

#: Findings that the page lists; the charts count all.  A browser opens it in two seconds.
MOST_FINDINGS = 2000
#: Reasons and groups of what was not inspected that the page lists.
_MOST_UNINSPECTED = 500
_MOST_ERRORS = 200
#: Columns of a code line.
_WIDTH = 150
#: The longest text of one field.
_MOST_TEXT = 4000


def render(report: Report, options: Options) -> bytes:
    """Return the page."""
    return ("\n".join(_page(report, options)) + "\n").encode("utf-8")


def _page(report: Report, options: Options) -> Iterator[str]:
    verdict = report.verdict.value
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'sha256-{_digest(STYLE)}'; script-src 'sha256-{_digest(SCRIPT)}'; "
        "base-uri 'none'; form-action 'none'\">"
    )
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>zt-gate: {verdict}</title><style>{STYLE}</style></head><body>"
    yield from _head(report)
    yield from html_charts.trend(options.past)
    if report.findings:
        yield "<h2>Where the findings are</h2>"
        yield from html_charts.charts(report.findings)
        yield from _findings(report)
        yield from _rules(report)
    yield from _not_inspected(report, options)
    yield from _scanners(report)
    yield f"<script>{SCRIPT}</script></body></html>"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _text(text: str | bytes) -> str:
    """Return an escaped text of bounded length."""
    return html_text(text if len(text) <= _MOST_TEXT else text[:_MOST_TEXT])


def _prose(text: str) -> str:
    """Return an escaped text in which `words between backticks` are code."""
    parts = _text(text).split("`")
    if len(parts) % 2 == 0:  # one of them has no partner
        return "`".join(parts)
    parts[1::2] = [f"<code>{part}</code>" for part in parts[1::2]]
    return "".join(parts)


def _revision(name: str, otherwise: str) -> str:
    """Return a commit's id in the length that people read, another name as it is."""
    is_commit = len(name) >= 40 and not name.strip("0123456789abcdef")
    return name[: 12 if is_commit else 40] or otherwise


def _head(report: Report) -> Iterator[str]:
    verdict = report.verdict.value
    facts = " · ".join(map(html_text, summary.verdict_facts(report)))
    yield "<header><h1>zt-gate report</h1>"
    yield f'<p><span class="verdict {verdict}">{verdict}</span> {facts}</p>'
    policy = report.policy
    details = [
        f"source: {report.kind}",
        f"from {_revision(report.base, 'nothing')} to {_revision(report.head, 'nothing')}",
        f"policy: {_revision(policy.rev, 'defaults')}, profile {policy.profile}",
        f"zt-gate {report.tool.version}",
    ]
    if policy.task:
        details.append(f"task {policy.task}")
    if report.origin.ai:
        details.append(f"agent: {'; '.join(report.origin.evidence[:3])}")
    yield f'<p class="soft">{" · ".join(map(_text, details))}</p></header>'
    if report.errors:
        yield '<div class="errors"><h2>Not inspected, so not a pass</h2><ul>'
        for error in report.errors[:_MOST_ERRORS]:
            yield f"<li>{_text(error)}</li>"
        yield "</ul>"
        yield _left_out(len(report.errors) - _MOST_ERRORS, "error")
        yield "</div>"


def _left_out(number: int, noun: str) -> str:
    """Return a sentence about what the page does not list, "" for nothing."""
    if number <= 0:
        return ""
    return (
        f'<p class="soft">Not listed here: {summary.plural(number, f"more {noun}")}. '
        "The JSON report has everything.</p>"
    )


def _findings(report: Report) -> Iterator[str]:
    # The worst are kept where not all can be listed.
    kept = report.findings[:MOST_FINDINGS]
    names = {item.finding.rule: None for item in kept}
    anchors = {name: f"rule-{number}" for number, name in enumerate(names)}
    yield "<h2>Findings</h2>"
    yield _left_out(len(report.findings) - len(kept), "finding")
    yield from _filters(kept)
    path: bytes | None = None
    is_open = False
    shown_rules: set[str] = set()
    for item in summary.by_file(kept):
        own_path = item.finding.location.path
        if not is_open or own_path != path:
            if is_open:
                yield "</section>"
            path, is_open = own_path, True
            title = "the change" if path is None else _text(path)
            yield f'<section class="file"><h3><code>{title}</code></h3>'
        yield from _finding(report, item, anchors[item.finding.rule], shown_rules)
    if is_open:
        yield "</section>"


def _filters(findings: tuple[JudgedFinding, ...]) -> Iterator[str]:
    rules = sorted({item.finding.rule for item in findings})
    scanners = sorted({item.finding.scanner for item in findings})
    states = sorted({item.state for item in findings})
    yield '<form id="filters" class="filters">'
    yield '<input name="word" type="search" placeholder="Search" aria-label="Search">'
    yield _select("level", "every level", ["block", "warn", "info"])
    yield _select("state", "every state", states)
    yield _select("rule", "every scanner and rule", [*scanners, *rules])
    yield '<span id="shown" class="soft" role="status"></span></form>'


def _select(name: str, default: str, values: Sequence[str]) -> str:
    options = "".join(
        f'<option value="{html_text(value)}">{html_text(value)}</option>'
        for value in values
    )
    return (
        f'<select name="{name}" aria-label="{name}"><option value="">{default}</option>'
        f"{options}</select>"
    )


def _finding(
    report: Report, item: JudgedFinding, anchor: str, shown_rules: set[str]
) -> Iterator[str]:
    finding, level = item.finding, item.level.value
    is_active = item.state == "active"
    rule = html_text(finding.rule)
    identity = ""
    if finding.rule not in shown_rules:
        shown_rules.add(finding.rule)
        identity = f' id="{anchor}"'
    yield (
        f'<article data-level="{level}" data-state="{item.state}" '
        f'data-rule="{rule}" data-scanner="{html_text(finding.scanner)}"{identity}>'
    )
    place = ""
    if finding.location.line is not None:
        place = f"line {finding.location.line}"
    elif finding.location.kind == "commit":
        place = f"commit {(finding.location.commit or '')[:12]}"
    yield (
        f'<p><span class="level {level}">{level}</span> {html_text(place)} '
        f'<a href="#about-{anchor}"><code>{rule}</code></a></p>'
    )
    yield f"<p>{_prose(finding.message)}</p>"
    yield from _code(finding)
    if finding.fix is not None:
        lines = [_text(line) for line in finding.fix.split("\n")[:20]]
        yield f'<p class="soft">suggested:</p><pre>{"<br>".join(lines)}</pre>'
    notes = [f"id {item.fingerprint[:12]}"]
    if not is_active:
        notes.append(f"{item.state}: {item.state_reason}")
    elif item.state_reason:
        notes.append(item.state_reason)
    details = summary.waiver_details(item)
    if details and not is_active:
        notes.append(details)
    if summary.is_blocking(item):
        notes.append(summary.approval_step(report, item))
    joined = " · ".join(_text(note) for note in notes if note)
    yield f'<p class="soft">{joined}</p></article>'


def _code(finding: Finding) -> Iterator[str]:
    if finding.evidence is None:
        return
    rows = []
    for line in snippet(finding.evidence, finding.location.line, _WIDTH):
        marked = html_text(line.marked)
        if line.carets:
            marked = f"<mark>{marked}</mark>"
        rows.append(
            f'<span class="soft">{html_text(line.gutter)}</span>'
            f"{html_text(line.before)}{marked}{html_text(line.after)}"
        )
    yield f"<pre><code>{'<br>'.join(rows)}</code></pre>"


def _rules(report: Report) -> Iterator[str]:
    first: dict[str, Finding] = {}
    numbers: dict[str, int] = {}
    for item in report.findings[:MOST_FINDINGS]:
        first.setdefault(item.finding.rule, item.finding)
        numbers[item.finding.rule] = numbers.get(item.finding.rule, 0) + 1
    yield "<h2>Rules</h2>"
    for number, (rule, finding) in enumerate(first.items()):
        count = summary.plural(numbers[rule], "finding")
        yield (
            f'<section id="about-rule-{number}"><h3><a href="#rule-{number}">'
            f'<code>{html_text(rule)}</code></a> <span class="soft">{count}</span></h3>'
        )
        for label, text in (
            ("What", finding.title),
            ("Why", finding.why),
            ("Fix", finding.remedy),
            ("Weakness", ", ".join(finding.cwe)),
        ):
            if text:
                yield f"<p><strong>{label}:</strong> {_prose(text)}</p>"
        links = [
            f'<a rel="noreferrer" href="{html_text(address)}">{html_text(address)}</a>'
            for address in finding.references
            if address.startswith("https://")
        ]
        if links:
            yield f"<p>{' · '.join(links)}</p>"
        yield "</section>"


def _not_inspected(report: Report, options: Options) -> Iterator[str]:
    listed = [*groups.uninspected(report)]
    if options.verbose:
        listed += groups.inapplicable(report)
    if not listed:
        return
    yield '<h2>What was not inspected</h2><div class="scroll"><table class="list"><thead>'
    yield "<tr><th>Scanner</th><th>Kind</th><th>What</th><th>Why</th></tr></thead><tbody>"
    for group in listed[:_MOST_UNINSPECTED]:
        names = ", ".join(_text(path) for path in group.named_paths) or "–"
        if group.more:
            names += f" and {group.more} more"
        kind = group.item.kind.replace("_", " ")
        yield (
            f"<tr><td>{html_text(group.scanner)}</td><td>{html_text(kind)}</td>"
            f'<td class="wide"><code>{names}</code></td>'
            f'<td class="wide">{_text(group.reason)}</td></tr>'
        )
    yield "</tbody></table></div>"
    yield _left_out(len(listed) - _MOST_UNINSPECTED, "reason")


def _scanners(report: Report) -> Iterator[str]:
    yield '<h2>Scanners</h2><div class="scroll"><table class="list"><thead><tr>'
    for title in ("Scanner", "Status", "Files", "Lines", "Seconds", "Reason"):
        yield f"<th>{title}</th>"
    yield "</tr></thead><tbody>"
    for run in report.runs:
        yield (
            f"<tr><td>{html_text(run.scanner)}</td><td>{run.status}</td>"
            f"<td>{run.files}</td><td>{run.lines}</td>"
            f"<td>{summary.seconds(run.seconds):.2f}</td>"
            f'<td class="wide">{_text(run.reason)}</td></tr>'
        )
    yield "</tbody></table></div>"
    yield (
        f'<p class="soft">change {_text(report.change_digest)}<br>'
        f"policy {_text(report.policy.digest)}<br>rules {_text(report.tool.rules_digest)}</p>"
    )

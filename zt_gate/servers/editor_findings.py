"""Turns a report on a buffer into what an editor shows: diagnostics, fixes, hovers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from zt_gate import lazy_re, rulebook
from zt_gate.record import dataclass
from zt_gate.reports.escape import markdown_code, markdown_prose, visible
from zt_gate.servers.editor_positions import BufferLines, contains, overlap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SOURCE = "zt-gate"
_SEVERITIES = {
    "block": types.DiagnosticSeverity.Error,
    "warn": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}
#: While somebody types: no registry is asked, and half a name is no package.
_NOT_WHILE_TYPING = "dependencies/unverified"
#: While somebody types, most buffers do not parse.
_MILD_WHILE_TYPING = "gate/unreadable"
#: Characters of a suggested change in the title of a quick fix.
_MAX_TITLE = 60
_RULE_ID = lazy_re.compile(r"[a-z_]+/[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """One diagnostic, with the finding of the JSON report, None for a note."""

    diagnostic: types.Diagnostic
    finding: Mapping[str, Any] | None = None


def shown_findings(
    report: Mapping[str, Any], buffer: BufferLines, *, is_typing: bool
) -> tuple[ShownFinding, ...]:
    """Return what to show of a report.

    ``is_typing``: the buffer changes, and no registry was asked.
    """
    shown = []
    for finding in report["findings"]:
        if finding["state"] != "active":
            continue
        if is_typing and finding["rule"] == _NOT_WHILE_TYPING:
            continue
        severity = _SEVERITIES[finding["level"]]
        if is_typing and finding["rule"] == _MILD_WHILE_TYPING:
            severity = types.DiagnosticSeverity.Information
        shown.append(
            ShownFinding(
                _diagnostic(finding, buffer.range_of(finding), severity), finding
            )
        )
    shown += [ShownFinding(note(text)) for text in _notes(report, is_typing=is_typing)]
    return tuple(shown)


def note(
    text: str,
    severity: types.DiagnosticSeverity = types.DiagnosticSeverity.Information,
) -> types.Diagnostic:
    """Return a diagnostic of the whole buffer about what was not looked at."""
    start = types.Position(0, 0)
    return types.Diagnostic(
        types.Range(start, start), visible(text), severity=severity, source=SOURCE
    )


def _notes(report: Mapping[str, Any], *, is_typing: bool) -> Iterator[str]:
    unverified = False
    for run in report["runs"]:
        if run["status"] == "error":
            yield f"not inspected: {run['scanner']}: {run['reason']}"
        for item in run["not_inspected"]:
            unverified |= item["kind"] == "unverified"
            if item["kind"] not in {"not_applicable", "unverified"}:
                yield f"not inspected: {run['scanner']}: {item['reason']}"
    if unverified and not is_typing:
        yield "not inspected: a package could not be verified"


def _diagnostic(
    finding: Mapping[str, Any], where: types.Range, severity: types.DiagnosticSeverity
) -> types.Diagnostic:
    return types.Diagnostic(
        where,
        visible(finding["message"]),
        severity=severity,
        code=visible(finding["rule"]),
        source=SOURCE,
    )


def quick_fixes(
    uri: str, shown: Sequence[ShownFinding], where: types.Range
) -> list[types.CodeAction]:
    """Return the suggested changes of the findings that touch a range."""
    return [
        types.CodeAction(
            title=_title(finding["fix"]),
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[item.diagnostic],
            edit=types.WorkspaceEdit(
                changes={uri: [types.TextEdit(item.diagnostic.range, finding["fix"])]}
            ),
        )
        for item in shown
        if (finding := item.finding) is not None
        and finding["fix"] is not None
        and overlap(item.diagnostic.range, where)
    ]


def _title(fix: str) -> str:
    text = visible(" ".join(fix.split()))
    shortened = text if len(text) <= _MAX_TITLE else f"{text[:_MAX_TITLE]}…"
    return f"Change to: {shortened}"


def hover_text(
    shown: Sequence[ShownFinding], position: types.Position, line: str, column: int
) -> str:
    """Return Markdown about the rules at a position, "" if there are none.

    A rule's id in the text (a policy, an ignore on the line) is explained, too;
    ``column`` is the offset of the position in ``line``.
    """
    pages = {}
    for item in shown:
        finding = item.finding
        if finding is not None and contains(item.diagnostic.range, position):
            pages[finding["rule"]] = _page(finding)
    for match in _RULE_ID.finditer(line):
        if match.start() <= column <= match.end():
            page = _rule_page(match[0])
            if page:
                pages.setdefault(match[0], page)
    return "\n\n---\n\n".join(pages.values())


def _rule_page(rule_id: str) -> str:
    rule = rulebook.find(rule_id)
    if rule is None:
        return ""
    return _page(
        {
            "rule": rule.id,
            "title": rule.title,
            "severity": rule.severity.value,
            "confidence": rule.confidence.value,
            "cwe": rule.cwe,
            "why": rule.why,
            "remedy": rule.remedy,
            "references": rule.references,
        }
    )


def _page(facts: Mapping[str, Any]) -> str:
    """Return what ``zt-gate explain`` prints, as Markdown."""
    properties = [
        f"severity {facts['severity']}",
        f"confidence {facts['confidence']}",
        *facts["cwe"],
    ]
    title = facts.get("title") or facts["message"]
    parts = [
        f"**Rule** {markdown_code(facts['rule'])}: {markdown_prose(title)}",
        markdown_prose(", ".join(properties)),
        f"**Why it matters:** {markdown_prose(facts['why'])}",
        f"**What to do:** {markdown_prose(facts['remedy'])}",
    ]
    references = [f"- {markdown_code(address)}" for address in facts["references"]]
    if references:
        parts.append("\n".join(references))
    return "\n\n".join(parts)

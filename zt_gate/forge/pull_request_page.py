"""Renders the page of a pull request: the report and the points for human review.

A pass of the gate is not a review.  The page therefore names the people who approved
the change, and lists the content that no scanner inspected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import reports
from zt_gate.record import dataclass
from zt_gate.reports import summary
from zt_gate.reports.base import Options
from zt_gate.reports.escape import html_code, markdown_code, markdown_prose
from zt_gate.reports.markdown import COMMENT_LIMIT, SUMMARY_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.report import Report

#: Maximum entries and bytes of the list, so that the findings have room.
MAX_LISTED = 50
_MAX_BYTES = 12_000
#: Rules that report a generated file.
_GENERATED_RULES = frozenset(("scope/generated-edited",))


@dataclass(frozen=True, slots=True)
class PageContext:
    """The parts of the page beside the report.

    ``approvers`` are logins; ``note`` says why something is missing;
    ``review_output`` is the output of the review command, as Markdown.
    """

    approvers: tuple[str, ...] = ()
    note: str = ""
    review_output: str = ""


def step_summary(report: Report, context: PageContext) -> bytes:
    """Return the page for the step summary, at most 1 MiB."""
    return _page(report, context, SUMMARY_LIMIT)


def comment(report: Report, context: PageContext) -> str:
    """Return the page for a comment: at most 65,536 characters, counted as bytes."""
    return _page(report, context, COMMENT_LIMIT).decode()


def _page(report: Report, context: PageContext, limit: int) -> bytes:
    sections = "".join(_human_review(report, context))
    if context.review_output:
        sections += (
            "\n### Review command output\n\n"
            "Information only: it does not affect the verdict.\n\n"
            f"{context.review_output}\n"
        )
    appendix = sections.encode()
    options = Options(limit=limit - len(appendix))
    return reports.render("markdown", report, options) + appendix


def _human_review(report: Report, context: PageContext) -> Iterator[str]:
    yield "\n### For human review\n\n"
    if context.approvers:
        names = ", ".join(markdown_code(name) for name in context.approvers)
        yield f"- approved by {names} (neither author nor committer)\n"
    else:
        yield "- **zt-gate found no approval of the head commit by a person**\n"
    if context.note:
        yield f"- {markdown_prose(context.note)}\n"
    rows = list(_uninspected_rows(report))
    if not rows:
        yield "- a scanner inspected every changed file\n"
        return
    count = "1 entry" if len(rows) == 1 else f"{len(rows)} entries"
    # Markdown resumes after an empty line.
    yield f"\n<details><summary><b>Not inspected</b> {html_code(count)}</summary>\n\n"
    size = 0
    for number, row in enumerate(rows):
        size += len(row.encode())
        if number >= MAX_LISTED or size > _MAX_BYTES:
            yield f"- and {len(rows) - number} more\n"
            break
        yield row
    yield "\n</details>\n"


def _uninspected_rows(report: Report) -> Iterator[str]:
    """Yield one line for each path that a scanner did not inspect, the worst first."""
    # The inner dictionaries are ordered sets of reasons.
    reasons_by_item: dict[tuple[bytes | None, str], dict[str, None]] = {}
    for _, item in summary.not_inspected(report):
        key = (item.path, item.kind.replace("_", " "))
        reasons_by_item.setdefault(key, {})[item.reason] = None
    for judged in report.findings:
        if judged.finding.rule in _GENERATED_RULES:
            key = (judged.finding.location.path, "generated")
            reasons_by_item.setdefault(key, {})[judged.finding.message] = None
    for (path, kind), reasons in reasons_by_item.items():
        place = "the change" if path is None else markdown_code(path)
        text = "; ".join(list(reasons)[:3])
        yield f"- {kind}: {place}: {markdown_prose(text)}\n"

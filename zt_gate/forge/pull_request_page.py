"""The page of a pull request: the report, and what is left for a person to look at.

"The gate passed" must never be read as "somebody reviewed it", so the page says who
did, and lists what no scanner could judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate import reports
from zt_gate.reports import summary
from zt_gate.reports.base import Options
from zt_gate.reports.escape import html_code, markdown_code, markdown_prose
from zt_gate.reports.markdown import COMMENT_LIMIT, SUMMARY_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.model.report import Report

#: Entries of the list, and bytes of it: the findings need the room.
MAX_LISTED = 50
_MAX_BYTES = 12_000
#: Findings that say that a file is made by a program.
_MADE = frozenset(("scope/generated-edited",))


@dataclass(frozen=True, slots=True)
class PageContext:
    """What the report itself does not say.

    Who approved, why something is missing, and what a reviewing command said (Markdown already).
    """

    people: tuple[str, ...] = ()
    note: str = ""
    remarks: str = ""


def step_summary(report: Report, beside: PageContext) -> bytes:
    """Return the page for the step summary, at most 1 MiB."""
    return _page(report, beside, SUMMARY_LIMIT)


def comment(report: Report, beside: PageContext) -> str:
    """Return the page for a comment: at most 65,536 characters, counted as bytes."""
    return _page(report, beside, COMMENT_LIMIT).decode()


def _page(report: Report, beside: PageContext, limit: int) -> bytes:
    last = "".join(_for_people(report, beside.people, beside.note)).encode()
    if beside.remarks:
        last += (
            "\n### What the reviewing command says\n\n"
            f"Information from a program, which no verdict rests on.\n\n{beside.remarks}\n"
        ).encode()
    return reports.render("markdown", report, Options(limit=limit - len(last))) + last


def _for_people(report: Report, people: Sequence[str], note: str) -> Iterator[str]:
    yield "\n### For a person to look at\n\n"
    if people:
        names = ", ".join(markdown_code(name) for name in people)
        yield f"- approved by {names}, who neither wrote nor committed it\n"
    else:
        yield "- **no person has approved this head**, as far as the gate can tell\n"
    if note:
        yield f"- {markdown_prose(note)}\n"
    rows = list(_unjudged(report))
    if not rows:
        yield "- every file of the change had a scanner that could read it\n"
        return
    many = f"{len(rows)} {'entry' if len(rows) == 1 else 'entries'}"
    # Inside the HTML block Markdown is not read; an empty line ends it.
    yield f"\n<details><summary><b>Unjudged</b> {html_code(many)}</summary>\n\n"
    used = 0
    for number, row in enumerate(rows):
        used += len(row.encode())
        if number >= MAX_LISTED or used > _MAX_BYTES:
            yield f"- and {len(rows) - number} more\n"
            break
        yield row
    yield "\n</details>\n"


def _unjudged(report: Report) -> Iterator[str]:
    """Yield one line for each path that a scanner did not judge, the worst first."""
    told: dict[tuple[bytes | None, str], dict[str, None]] = {}
    for _, item in summary.not_inspected(report):
        told.setdefault((item.path, item.kind.replace("_", " ")), {})[item.reason] = (
            None
        )
    for judged in report.findings:
        if judged.finding.rule in _MADE:
            path = judged.finding.location.path
            told.setdefault((path, "generated"), {})[judged.finding.message] = None
    for (path, kind), reasons in told.items():
        where = "the change" if path is None else markdown_code(path)
        yield f"- {kind}: {where}: {markdown_prose('; '.join(list(reasons)[:3]))}\n"

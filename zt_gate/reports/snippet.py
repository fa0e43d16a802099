"""A piece of source as a person sees it: numbered, with the span that matters marked below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.reports.escape import columns, visible_characters

if TYPE_CHECKING:
    from zt_gate.model.finding import Evidence

_TAB = 4
_MAX_LINES = 6
_LEAST = 16
_CUT = "…"


@dataclass(frozen=True, slots=True)
class SnippetLine:
    """One line: the text in three parts, and the carets that stand below it.

    ``gutter`` and ``below`` are the left margins of the two lines.
    """

    gutter: str
    before: str
    marked: str
    after: str
    below: str
    carets: str


def snippet(evidence: Evidence, number: int | None, width: int) -> list[SnippetLine]:
    """Return the lines of ``evidence`` (six at most), cut to ``width`` columns around the span.

    ``number`` is the number of the line in which the span starts.  Widths count what is shown:
    tabs reach to the next multiple of four, wide characters take two columns,
    escapes as many as they have.
    """
    text = evidence.text
    start = min(max(evidence.start, 0), len(text))
    end = min(max(evidence.end, start), len(text))
    lines = text.split("\n")
    first = number - text.count("\n", 0, start) if number is not None else None
    digits = max(4, len(str((first or 0) + len(lines))))
    room = max(_LEAST, width - digits - 3)
    top = text.count("\n", 0, start) if len(lines) > _MAX_LINES else 0
    shown: list[SnippetLine] = []
    offset = 0
    for index, line in enumerate(lines[: top + _MAX_LINES]):
        if index >= top:
            label = str(first + index) if first is not None else ""
            span = _span(start - offset, end - offset, len(line))
            shown.append(_line(line, span, f"{label:>{digits}} | ", room))
        offset += len(line) + 1
    return shown


def _span(low: int, high: int, length: int) -> tuple[int, int] | None:
    """Return which part of a line is marked; an empty span stands between two characters."""
    at_end_or_empty = 0 <= low <= length and low in {high, length}
    if max(low, 0) < min(high, length) or at_end_or_empty:
        return max(low, 0), max(min(high, length), low)
    return None


def _line(
    line: str, span: tuple[int, int] | None, gutter: str, room: int
) -> SnippetLine:
    below = " " * (len(gutter) - 2) + "| "
    parts = _expanded(line)
    if line.endswith("\r") and (span is None or span[1] < len(line)):
        parts[-1] = ""  # half of a CRLF, unless it is what was found
    start, end = span or (0, 0)
    low, high = _window([columns(part) for part in parts], start, end, room)
    before = (_CUT if low else "") + "".join(parts[low:start])
    marked = "".join(parts[start : min(end, high)])
    after = "".join(parts[max(min(end, high), start) : high]) + (
        _CUT if high < len(parts) else ""
    )
    carets = "^" * max(1, columns(marked))
    lead = " " * columns(before)
    return SnippetLine(
        gutter, before, marked, after.rstrip(), below, lead + carets if span else ""
    )


def _expanded(line: str) -> list[str]:
    """Return what to show for each code point, with tabs as the spaces up to their stop."""
    parts = visible_characters(line)
    if "\t" in line:
        column = 0
        for index, ch in enumerate(line):
            if ch == "\t":
                parts[index] = " " * (_TAB - column % _TAB)
            column += columns(parts[index])
    return parts


def _window(widths: list[int], start: int, end: int, room: int) -> tuple[int, int]:
    """Choose the part of a line to show: the span's start, some of what is around it."""
    if sum(widths) <= room:
        return 0, len(widths)
    room -= 2 * len(_CUT)
    span = sum(widths[start:end])
    # What is left of the span gets half of what the span leaves, but the span
    # itself may not push all context out.
    context = max(room // 4, (room - span) // 2)
    low = start
    while low and context >= widths[low - 1]:
        low -= 1
        context -= widths[low]
    left = room - sum(widths[low:start])
    high = start
    while high < len(widths) and left >= widths[high]:
        left -= widths[high]
        high += 1
    while low and left >= widths[low - 1]:
        low -= 1
        left -= widths[low]
    return low, high

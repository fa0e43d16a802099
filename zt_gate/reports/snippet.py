"""Source excerpts for people: numbered lines with the matched span underlined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.record import dataclass
from zt_gate.reports.escape import columns, visible_characters

if TYPE_CHECKING:
    from zt_gate.model.finding import Evidence

_TAB = 4
_MAX_LINES = 6
_MIN_WIDTH = 16
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class SnippetLine:
    """One line of source: the text in three parts, and the carets under ``marked``.

    ``gutter`` is the left margin of the text, ``below`` that of the carets.
    """

    gutter: str
    before: str
    marked: str
    after: str
    below: str
    carets: str


def snippet(evidence: Evidence, number: int | None, width: int) -> list[SnippetLine]:
    """Return up to six lines of ``evidence``, cut to ``width`` columns around the span.

    ``number`` is the line number at which the span starts.  Widths count displayed
    columns: a tab extends to the next multiple of four, a wide character takes two
    columns, an escape as many as its characters.
    """
    text = evidence.text
    start = min(max(evidence.start, 0), len(text))
    end = min(max(evidence.end, start), len(text))
    lines = text.split("\n")
    lines_before_span = text.count("\n", 0, start)
    first_number = None if number is None else number - lines_before_span
    digits = max(4, len(str((first_number or 0) + len(lines))))
    room = max(_MIN_WIDTH, width - digits - 3)
    first_shown = 0
    if len(lines) > _MAX_LINES:
        first_shown = lines_before_span
    shown: list[SnippetLine] = []
    offset = 0
    for index, line in enumerate(lines[: first_shown + _MAX_LINES]):
        if index >= first_shown:
            label = "" if first_number is None else str(first_number + index)
            span = _span_in_line(start - offset, end - offset, len(line))
            shown.append(_render_line(line, span, f"{label:>{digits}} | ", room))
        offset += len(line) + 1
    return shown


def _span_in_line(start: int, end: int, length: int) -> tuple[int, int] | None:
    """Return the marked part of a line; ``start`` and ``end`` are relative to the line.

    An empty span lies between two characters.
    """
    overlaps = max(start, 0) < min(end, length)
    is_empty_or_at_end = 0 <= start <= length and start in {end, length}
    if not overlaps and not is_empty_or_at_end:
        return None
    return max(start, 0), max(min(end, length), start)


def _render_line(
    line: str, span: tuple[int, int] | None, gutter: str, room: int
) -> SnippetLine:
    characters = _expand_tabs(line)
    # Hide the carriage return of a CRLF unless the finding marks it.
    if line.endswith("\r") and (span is None or span[1] < len(line)):
        characters[-1] = ""
    start, end = span or (0, 0)
    widths = [columns(character) for character in characters]
    first, last = _window(widths, start, end, room)
    marked_end = min(end, last)
    before = "".join(characters[first:start])
    marked = "".join(characters[start:marked_end])
    after = "".join(characters[max(marked_end, start) : last])
    if first:
        before = _ELLIPSIS + before
    if last < len(characters):
        after += _ELLIPSIS
    carets = ""
    if span:
        carets = " " * columns(before) + "^" * max(1, columns(marked))
    below = " " * (len(gutter) - 2) + "| "
    return SnippetLine(gutter, before, marked, after.rstrip(), below, carets)


def _expand_tabs(line: str) -> list[str]:
    """Return the displayed text of each code point, with tabs as spaces."""
    characters = visible_characters(line)
    if "\t" not in line:
        return characters
    column = 0
    for index, character in enumerate(line):
        if character == "\t":
            characters[index] = " " * (_TAB - column % _TAB)
        column += columns(characters[index])
    return characters


def _window(widths: list[int], start: int, end: int, room: int) -> tuple[int, int]:
    """Return the range of a line to show: the start of the span and its context."""
    if sum(widths) <= room:
        return 0, len(widths)
    room -= 2 * len(_ELLIPSIS)
    span = sum(widths[start:end])
    # The context before the span gets half of the remaining room, and at least a
    # quarter of the line if the span is long.
    context = max(room // 4, (room - span) // 2)
    first = start
    while first and context >= widths[first - 1]:
        first -= 1
        context -= widths[first]
    remaining = room - sum(widths[first:start])
    last = start
    while last < len(widths) and remaining >= widths[last]:
        remaining -= widths[last]
        last += 1
    while first and remaining >= widths[first - 1]:
        first -= 1
        remaining -= widths[first]
    return first, last

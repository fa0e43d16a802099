"""Pages: runs of adjacent added lines, some hundred lines each.

Pages of plain text are split from the bytes of a hunk.  Other text (other encodings, NUL
bytes, very long lines, adjacent hunks) is read line by line, which takes ten times as
long and is rare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zt_gate.syntax.text import WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zt_gate.model.change import FileChange, Line
    from zt_gate.syntax.text import TextLines

#: Lines and bytes of a page, and how many of its last lines the next page repeats.
PAGE_LINES = 400
PAGE_BYTES = 32 * 1024
OVERLAP_LINES = 15
#: Larger hunks are read line by line.
_MAX_HUNK_BYTES = 1 << 20


class AddedPage(NamedTuple):
    """Adjacent lines; ``first`` is the line number of the first one.

    The first ``overlap`` lines are the last lines of the previous page.
    """

    first: int
    lines: Sequence[bytes]
    overlap: int


def pages(text: TextLines) -> Iterator[AddedPage]:
    """Yield the added lines of a file as pages; a long line is a page of its own."""
    lines_of_hunks = None
    if text.encoding == "utf-8":
        lines_of_hunks = _split_hunks(text.file)
    if lines_of_hunks is None:
        yield from _pages_of_lines(text.lines())
        return
    for first, lines in lines_of_hunks:
        yield from split_into_pages(first, lines)


def _split_hunks(file: FileChange) -> list[tuple[int, list[bytes]]] | None:
    """Return the first line number and the lines of each hunk.

    None where the file must be read line by line.
    """
    if sum(hunk.added.length for hunk in file.hunks) > _MAX_HUNK_BYTES:
        return None
    lines_of_hunks: list[tuple[int, list[bytes]]] = []
    end_of_last_hunk = -1
    for hunk in file.hunks:
        body = hunk.added
        if not body.lines:
            continue
        data = body.store.read(body.offset, body.length)
        if hunk.new_start <= end_of_last_hunk or b"\0" in data:
            return None
        lines = data.split(b"\n")
        del lines[body.lines :]
        if max(map(len, lines)) > WINDOW:
            return None
        end_of_last_hunk = hunk.new_start + len(lines)
        lines_of_hunks.append((hunk.new_start, lines))
    return lines_of_hunks


def split_into_pages(
    number: int, lines: Sequence[bytes], overlap: int = 0
) -> Iterator[AddedPage]:
    """Split adjacent lines into pages; ``number`` is the line number of the first line.

    The first ``overlap`` lines are the end of a page that was yielded before.
    """
    first = 0
    while True:
        last = _end_of_page(lines, first)
        yield AddedPage(number + first, lines[first:last], overlap)
        if last >= len(lines):
            return
        repeated = lines[max(first, last - OVERLAP_LINES) : last]
        overlap = len(repeated)
        if sum(map(len, repeated)) > PAGE_BYTES // 2:
            overlap = 0
        first = last - overlap


def _end_of_page(lines: Sequence[bytes], first: int) -> int:
    """Return the index after the last line of the page that begins at ``first``."""
    end = min(first + PAGE_LINES, len(lines))
    size = sum(map(len, lines[first:end]))
    while size > PAGE_BYTES and end > first + OVERLAP_LINES + 1:
        end -= 1
        size -= len(lines[end])
    return end


def _pages_of_lines(lines: Iterable[Line]) -> Iterator[AddedPage]:
    """Group adjacent lines into pages; a long line is a page of its own."""
    group: list[bytes] = []
    overlap = 0
    next_number = 0
    for line in lines:
        is_adjacent = line.number == next_number
        is_long = len(line.data) > WINDOW
        if group and (not is_adjacent or is_long or len(group) >= PAGE_LINES):
            yield from split_into_pages(next_number - len(group), group, overlap)
            group = group[-OVERLAP_LINES:] if is_adjacent and not is_long else []
            overlap = len(group)
        if is_long:
            yield AddedPage(line.number, (line.data,), 0)
            group = []
            overlap = 0
            continue
        group.append(line.data)
        next_number = line.number + 1
    if group:
        yield from split_into_pages(next_number - len(group), group, overlap)

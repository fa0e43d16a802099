"""The pages of a file's added lines: adjacent ones, some hundred at once.

A page of plain text is cut from the bytes of a hunk.  What is not plain (other
encodings, NULs, lines beyond a window, hunks that touch) is collected line by
line, which costs ten times as much and is rare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zt_gate.syntax.text import WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zt_gate.model.change import FileChange, Hunk, Line
    from zt_gate.syntax.text import TextLines

#: A page of adjacent lines, and how many of them the next one sees again.
PAGE_LINES = 400
PAGE_BYTES = 32 * 1024
AGAIN = 15
#: Larger hunks are not read at once.
_HUNK_BYTES = 1 << 20


class AddedPage(NamedTuple):
    """Adjacent lines; ``first`` is the number of the first of them.

    The first ``again`` of them stood in the last page.
    """

    first: int
    lines: Sequence[bytes]
    again: int


def pages(text: TextLines) -> Iterator[AddedPage]:
    """Yield the added lines of a file as pages; long lines stand alone."""
    cut = _cut(text.file) if text.encoding == "utf-8" else None
    if cut is None:
        yield from _collect(text.lines())
        return
    for hunk, lines in cut:
        yield from parts(hunk.new_start, lines)


def _cut(file: FileChange) -> list[tuple[Hunk, list[bytes]]] | None:
    """Return the lines of each hunk, or None where the file has to be read line by line."""
    found: list[tuple[Hunk, list[bytes]]] = []
    after = -1
    if sum(hunk.added.length for hunk in file.hunks) > _HUNK_BYTES:
        return None
    for hunk in file.hunks:
        body = hunk.added
        if not body.lines:
            continue
        data = body.store.read(body.offset, body.length)
        if hunk.new_start <= after or b"\0" in data:
            return None
        lines = data.split(b"\n")
        del lines[body.lines :]
        if max(map(len, lines)) > WINDOW:
            return None
        after = hunk.new_start + len(lines)
        found.append((hunk, lines))
    return found


def parts(number: int, lines: Sequence[bytes]) -> Iterator[AddedPage]:
    """Cut adjacent lines, the first of which has this number, into pages."""
    first = again = 0
    while True:
        last = _end(lines, first)
        yield AddedPage(number + first, lines[first:last], again)
        if last >= len(lines):
            return
        back = lines[max(first, last - AGAIN) : last]
        again = len(back) if sum(map(len, back)) <= PAGE_BYTES // 2 else 0
        first = last - again


def _end(lines: Sequence[bytes], first: int) -> int:
    """Return where a page that begins at ``first`` ends."""
    last = min(first + PAGE_LINES, len(lines))
    size = sum(map(len, lines[first:last]))
    while size > PAGE_BYTES and last > first + AGAIN + 1:
        last -= 1
        size -= len(lines[last])
    return last


def _collect(lines: Iterable[Line]) -> Iterator[AddedPage]:
    """Group adjacent lines; long lines stand alone."""
    held: list[bytes] = []
    number = 0  # of the line after those that are held
    for line in lines:
        apart = bool(held) and line.number != number
        long = len(line.data) > WINDOW
        if held and (apart or long or len(held) >= PAGE_LINES):
            yield from parts(number - len(held), held)
            held = held[-AGAIN:] if not apart and not long else []
        if long:
            yield AddedPage(line.number, (line.data,), 0)
            held = []
            continue
        held.append(line.data)
        number = line.number + 1
    if held:
        yield from parts(number - len(held), held)

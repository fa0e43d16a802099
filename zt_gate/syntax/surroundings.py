"""The lines around a change, on both of its sides.

A finding must touch what the change adds or removes, but what stands there already may
complete it: the first half of a token, the line ``kind: Secret``, a command that continues.
Scanners read these lines in addition to the added ones, and report what the new side has
and the old side has not.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.model.change import ContentUnavailableError, Line
from zt_gate.record import dataclass
from zt_gate.syntax.text import MAX_BYTES, bom_codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zt_gate.model.change import FileChange
    from zt_gate.syntax.text import TextLines


class Reach(NamedTuple):
    """How far to look above and below a changed line: lines, and bytes of them together."""

    lines: int
    bytes: int


#: Bytes of text in another encoding that is read as a whole.
_SMALL = 256 * 1024
#: The whole content.
EVERYTHING = Reach(1 << 40, 1 << 40)


class Run(NamedTuple):
    """Adjacent lines of one side; ``first`` is the number of the first one."""

    first: int
    lines: Sequence[bytes]

    def numbered(self) -> Iterator[Line]:
        """Yield the lines with their numbers."""
        for number, data in enumerate(self.lines, self.first):
            yield Line(number, data)


@dataclass(frozen=True, slots=True)
class LineNumbers:
    """Numbers of lines as ascending spans ``(first, count)``: a hunk may have a million."""

    spans: tuple[tuple[int, int], ...]

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        index = bisect_right(self.spans, (number, 1 << 62)) - 1
        if index < 0:
            return False
        first, count = self.spans[index]
        return number < first + count


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A changed file that existed before, with its new content.

    ``added`` are the numbers of the added lines.
    """

    file: FileChange
    encoding: str
    content: bytes
    added: LineNumbers

    def new(self, reach: Reach) -> list[Run]:
        """Return the lines of the new side around the changed ones."""
        lines = _lines(self.content, self.encoding)
        # The hunks count lines of bytes, which are not those of decoded text.
        if self.encoding == "utf-8":
            spans = [(hunk.new_start, hunk.added.lines) for hunk in self.file.hunks]
            return list(_runs(lines, spans, reach))
        if len(self.content) <= _SMALL:
            return [Run(1, lines)]
        return list(_runs(lines, self.added.spans, reach))

    def old(self, reach: Reach) -> list[Run]:
        """Return those of the old side; raises ContentUnavailableError.

        Of a merge the old side is not one content: see ``is_comparable``.
        """
        if self.file.old is None:
            return []
        content = self.file.old.read(MAX_BYTES)
        codec = bom_codec(content) or self.encoding
        lines = _lines(content, codec)
        if self.encoding != "utf-8" or codec != "utf-8":
            return [Run(1, lines)]
        spans = [(hunk.old_start, hunk.removed.lines) for hunk in self.file.hunks]
        return list(_runs(lines, spans, reach))

    @property
    def is_comparable(self) -> bool:
        """Whether what the old side lacks is new; of a merge another parent may have it."""
        return not self.file.of_merge


def surroundings(text: TextLines) -> Surroundings | None:
    """Return the surroundings of a file's changed lines.

    None for a file without an old side or without changed lines: there its added lines
    are all that there is.  Raises ContentUnavailableError if the new content is not
    available or too large.
    """
    file = text.file
    if file.is_deletion or file.is_submodule or text.skipped is not None:
        return None
    if file.status == "A" or file.old is None or not file.hunks:
        return None
    if file.new is None:
        raise ContentUnavailableError("the content of the file is not available")
    content = file.new.read(MAX_BYTES)
    if text.encoding == "utf-8":
        spans = [(hunk.new_start, hunk.added.lines) for hunk in file.hunks]
    else:
        spans = [(line.number, 1) for line in text.lines()]
    added = LineNumbers(tuple(sorted(span for span in spans if span[1])))
    return Surroundings(file, text.encoding, content, added)


def _lines(content: bytes, encoding: str) -> list[bytes]:
    """Return the lines of a content as UTF-8."""
    if encoding != "utf-8":
        text = content.decode(encoding, "replace")
        content = text.encode("utf-8", "surrogatepass")
    lines = content.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _runs(
    lines: Sequence[bytes], spans: Iterable[tuple[int, int]], reach: Reach
) -> Iterator[Run]:
    """Yield the lines around spans ``(first, count)``; adjacent runs are joined.

    A span without lines is between two lines; git numbers it by the line above.
    """
    start = end = -1  # half-open indexes of the current run
    for first, count in _edges(spans, reach.lines):
        top = first - 1 if count else first
        top = max(0, min(top, len(lines)))
        bottom = min(len(lines), top + count)
        run_start = _upwards(lines, top, reach)
        run_end = _downwards(lines, bottom, reach)
        if start >= 0 and run_start <= end:
            end = max(end, run_end)
            continue
        if end > start:
            yield Run(start + 1, lines[start:end])
        start, end = run_start, run_end
    if end > start >= 0:
        yield Run(start + 1, lines[start:end])


def _edges(spans: Iterable[tuple[int, int]], reach: int) -> Iterator[tuple[int, int]]:
    """Yield the spans; of a long one its ends, because the added lines are scanned anyway."""
    inner = max(1, reach)
    for first, count in spans:
        if count <= 2 * inner:
            yield first, count
        else:
            yield first, inner
            yield first + count - inner, inner


def _upwards(lines: Sequence[bytes], index: int, reach: Reach) -> int:
    """Return the index of the first line that the reach includes above ``index``."""
    room = reach.bytes
    last = max(0, index - reach.lines)
    while index > last and room > 0:
        index -= 1
        room -= len(lines[index]) + 1
    return index


def _downwards(lines: Sequence[bytes], index: int, reach: Reach) -> int:
    """Return the index after the last line that the reach includes from ``index`` on."""
    room = reach.bytes
    last = min(len(lines), index + reach.lines)
    while index < last and room > 0:
        room -= len(lines[index]) + 1
        index += 1
    return index

"""A piece of a file: some added lines as one bytes object, and the way back to line numbers."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from zt_gate.model.finding import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.model.change import Line

#: Bytes of one block, about: small enough for memory, large enough for speed.
BLOCK = 1 << 20
# Up to here nobody needs to know how long a window is.
_SHORT = 4096
# Longer lines are given as evidence in a window around the span.
_EVIDENCE = 4000


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Where a span is: 1-based line and columns in code points, end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(slots=True)
class TextBlock:
    r"""Lines of one file, joined by ``\n``.

    A line longer than the scanning window stands here as several overlapping
    pieces.
    """

    path: bytes
    data: bytes
    starts: list[int]
    numbers: list[int]
    #: Characters of its line before a piece, for the later pieces of long lines.
    columns: dict[int, int] = field(default_factory=dict)
    _lower: bytes = b""

    @property
    def lower(self) -> bytes:
        """The same bytes with ASCII letters in lower case; offsets are the same."""
        if not self._lower:
            self._lower = self.data.lower()
        return self._lower

    def index(self, offset: int) -> int:
        """Return the index of the piece that holds ``offset``."""
        return bisect_right(self.starts, offset) - 1

    def bounds(self, index: int) -> tuple[int, int]:
        """Return where piece ``index`` starts and ends in ``data``, without the newline."""
        following = index + 1
        end = (
            self.starts[following] - 1
            if following < len(self.starts)
            else len(self.data)
        )
        return self.starts[index], end

    def line_at(self, offset: int) -> tuple[int, int]:
        """Return the bounds of the line (or piece of a long one) around ``offset``."""
        return self.bounds(self.index(offset))

    def place(self, start: int, end: int) -> TextSpan:
        """Return where the span ``start``–``end`` is in the file."""
        first, last = self.index(start), self.index(max(start, end - 1))
        return TextSpan(
            self.numbers[first],
            self._column(first, start),
            self.numbers[last],
            self._column(last, end),
        )

    def evidence(self, start: int, end: int) -> Evidence:
        """Return the first line of the span with the span marked."""
        low, high = self.line_at(start)
        end = min(end, high)
        if high - low > _EVIDENCE:
            spare = max(0, _EVIDENCE - (end - start)) // 2
            low, high = max(low, start - spare), min(high, end + spare)
        before = decode_lossy(self.data[low:start])
        span = decode_lossy(self.data[start:end])
        after = decode_lossy(self.data[end:high])
        return Evidence(before + span + after, len(before), len(before) + len(span))

    def _column(self, index: int, offset: int) -> int:
        text = decode_lossy(self.data[self.starts[index] : offset])
        return 1 + self.columns.get(index, 0) + len(text)


def blocks(path: bytes, lines: Iterable[Line]) -> Iterator[TextBlock]:
    """Join lines into blocks; consecutive blocks share no line."""
    return _joined(path, ((line.number, line.data) for line in lines))


def _joined(path: bytes, rows: Iterable[tuple[int, bytes]]) -> Iterator[TextBlock]:
    pieces: list[bytes] = []
    numbers: list[int] = []
    columns: dict[int, int] = {}
    size = 0
    for number, data in rows:
        if size > BLOCK:
            yield _block(path, pieces, numbers, columns)
            pieces, numbers, columns, size = [], [], {}, 0
        size += len(data) + 1
        if len(data) <= _SHORT:
            pieces.append(data)
            numbers.append(number)
            continue
        for shown, piece in _windows(data):
            if shown >= 0:
                columns[len(pieces)] = shown
            pieces.append(piece)
            numbers.append(number)
    if pieces:
        yield _block(path, pieces, numbers, columns)


def block_of(path: bytes, data: bytes) -> Iterator[TextBlock]:
    """Return the blocks of a whole text."""
    return _joined(path, enumerate(data.split(b"\n"), 1))


def _windows(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the pieces of a line and how many characters of it stand before; -1 for no piece."""
    from zt_gate.syntax.text import WINDOW, windows

    if len(data) <= WINDOW:
        yield -1, data
        return
    shown = previous = 0
    for shift, piece in windows(data):
        shown += len(decode_lossy(data[previous:shift]))
        previous = shift
        yield shown, piece


def _block(
    path: bytes,
    pieces: list[bytes],
    numbers: list[int],
    columns: dict[int, int],
) -> TextBlock:
    starts = list(accumulate((len(piece) + 1 for piece in pieces[:-1]), initial=0))
    return TextBlock(path, b"\n".join(pieces), starts, numbers, columns)


def decode_lossy(data: bytes) -> str:
    """Decode as ``zt_gate.syntax.text`` does, which costs too much to import for that."""
    return data.decode("utf-8", "surrogateescape")

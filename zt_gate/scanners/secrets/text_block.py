"""Joins added lines into blocks of bytes that can be searched, and maps offsets to lines."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from zt_gate.model.finding import Evidence
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from zt_gate.model.change import Line

#: Approximate bytes of one block: small enough for memory, large enough for speed.
BLOCK_SIZE = 1 << 20
# Bytes of a line that is certainly shorter than the scanning window.
_SHORT_LINE = 4096
# Bytes of a line that are given as evidence around a span.
_EVIDENCE_SIZE = 4000


@dataclass(frozen=True, slots=True)
class TextSpan:
    """The place of a span in a file: lines and columns in code points from 1, end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(slots=True)
class TextBlock:
    r"""Added lines of one file, joined by ``\n``.

    A line longer than the scanning window is split into several overlapping pieces.
    ``starts`` are the pieces' offsets in ``data``, ``numbers`` their line numbers in
    the file.
    """

    path: bytes
    data: bytes
    starts: list[int]
    numbers: list[int]
    #: Characters before a piece in its line, by the piece's index; for split lines alone.
    columns: dict[int, int] = field(default_factory=dict)
    #: The numbers of the added lines; None if the block holds no others.
    added: Container[int] | None = None
    _lower: bytes = b""

    @property
    def lower(self) -> bytes:
        """The same bytes with ASCII letters in lower case; offsets stay valid."""
        if not self._lower:
            self._lower = self.data.lower()
        return self._lower

    def index(self, offset: int) -> int:
        """Return the index of the piece that holds ``offset``."""
        return bisect_right(self.starts, offset) - 1

    def bounds(self, index: int) -> tuple[int, int]:
        """Return where piece ``index`` starts and ends in ``data``, without the newline."""
        start = self.starts[index]
        is_last = index + 1 == len(self.starts)
        end = len(self.data) if is_last else self.starts[index + 1] - 1
        return start, end

    def line_at(self, offset: int) -> tuple[int, int]:
        """Return the bounds of the line (or piece of a long line) around ``offset``."""
        return self.bounds(self.index(offset))

    def first_added(self, start: int, end: int) -> int | None:
        """Return the first offset of the span in an added line, None if it touches none."""
        if self.added is None:
            return start
        for index in range(self.index(start), self.index(max(start, end - 1)) + 1):
            if self.numbers[index] in self.added:
                return max(start, self.starts[index])
        return None

    def place(self, start: int, end: int) -> TextSpan:
        """Return where the span ``start``–``end`` is in the file."""
        first = self.index(start)
        last = self.index(max(start, end - 1))
        return TextSpan(
            self.numbers[first],
            self._column(first, start),
            self.numbers[last],
            self._column(last, end),
        )

    def evidence(self, start: int, end: int) -> Evidence:
        """Return the first line of the span with the span marked."""
        line_start, line_end = self.line_at(start)
        end = min(end, line_end)
        if line_end - line_start > _EVIDENCE_SIZE:
            margin = max(0, _EVIDENCE_SIZE - (end - start)) // 2
            line_start = max(line_start, start - margin)
            line_end = min(line_end, end + margin)
        before = decode_lossy(self.data[line_start:start])
        span = decode_lossy(self.data[start:end])
        after = decode_lossy(self.data[end:line_end])
        return Evidence(before + span + after, len(before), len(before) + len(span))

    def _column(self, index: int, offset: int) -> int:
        before = decode_lossy(self.data[self.starts[index] : offset])
        return 1 + self.columns.get(index, 0) + len(before)


def blocks(path: bytes, lines: Iterable[Line]) -> Iterator[TextBlock]:
    """Join lines into blocks; consecutive blocks share no line."""
    return _join(path, ((line.number, line.data) for line in lines))


def _join(
    path: bytes, numbered_lines: Iterable[tuple[int, bytes]]
) -> Iterator[TextBlock]:
    pieces: list[bytes] = []
    numbers: list[int] = []
    columns: dict[int, int] = {}
    size = 0
    for number, data in numbered_lines:
        if size > BLOCK_SIZE:
            yield _block(path, pieces, numbers, columns)
            pieces, numbers, columns, size = [], [], {}, 0
        size += len(data) + 1
        if len(data) <= _SHORT_LINE:
            pieces.append(data)
            numbers.append(number)
            continue
        for column, piece in _split(data):
            if column is not None:
                columns[len(pieces)] = column
            pieces.append(piece)
            numbers.append(number)
    if pieces:
        yield _block(path, pieces, numbers, columns)


def block_of(path: bytes, data: bytes) -> Iterator[TextBlock]:
    """Return the blocks of a whole text."""
    return _join(path, enumerate(data.split(b"\n"), 1))


def _split(line: bytes) -> Iterator[tuple[int | None, bytes]]:
    """Yield the pieces of a long line, and how many characters are before each.

    None and the line itself where it fits into one window.
    """
    from zt_gate.syntax.text import WINDOW, windows

    if len(line) <= WINDOW:
        yield None, line
        return
    column = previous_offset = 0
    for offset, piece in windows(line):
        column += len(decode_lossy(line[previous_offset:offset]))
        previous_offset = offset
        yield column, piece


def _block(
    path: bytes,
    pieces: list[bytes],
    numbers: list[int],
    columns: dict[int, int],
) -> TextBlock:
    starts = list(accumulate((len(piece) + 1 for piece in pieces[:-1]), initial=0))
    return TextBlock(path, b"\n".join(pieces), starts, numbers, columns)


def decode_lossy(data: bytes) -> str:
    """Decode as ``zt_gate.syntax.text`` does, whose import would cost too much here."""
    return data.decode("utf-8", "surrogateescape")

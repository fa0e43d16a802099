"""Converts the gate's lines and columns to the positions of an editor.

The gate counts lines and code points from 1; an editor counts lines from 0, and in a
line the units of the encoding that client and server agreed on (LSP 3.17, position
encodings).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_UNIT_BYTES = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2)}


@dataclass(frozen=True, slots=True)
class BufferLines:
    """The lines of a buffer, and the units in which the client counts columns."""

    lines: Sequence[str]
    encoding: str = "utf-16"

    def range_of(self, finding: Mapping[str, Any]) -> types.Range:
        """Return where a finding is; the first character for one without a line.

        A place outside of the buffer ends at its end: the text may be newer than the
        report.
        """
        line = finding["line"]
        if line is None or not self.lines:
            return types.Range(types.Position(0, 0), types.Position(0, 0))
        start = self._position(line, finding["column"] or 1)
        end_line = finding["end_line"] or line
        end_column = finding["end_column"]
        if end_column is None:
            end_column = self._length(end_line) + 1
        return types.Range(start, self._position(end_line, end_column))

    def _position(self, line: int, column: int) -> types.Position:
        index = min(line, len(self.lines)) - 1
        text = self.lines[index][: max(column - 1, 0)].rstrip("\r\n")
        return types.Position(index, self._units(text))

    def _length(self, line: int) -> int:
        """Return the code points of a line, without its end."""
        return len(self.lines[min(line, len(self.lines)) - 1].rstrip("\r\n"))

    def column_of(self, units: int) -> int:
        """Return the offset in the first line that so many units of the client are at."""
        left = units
        for column, character in enumerate(self.lines[0]):
            if left <= 0:
                return column
            left -= self._units(character)
        return len(self.lines[0])

    def _units(self, text: str) -> int:
        if self.encoding not in _UNIT_BYTES:  # utf-32
            return len(text)
        codec, width = _UNIT_BYTES[self.encoding]
        return len(text.encode(codec, "surrogatepass")) // width


def contains(where: types.Range, position: types.Position) -> bool:
    """Whether a range contains a position; its end counts."""
    point = (position.line, position.character)
    start = (where.start.line, where.start.character)
    return start <= point <= (where.end.line, where.end.character)


def overlap(first: types.Range, second: types.Range) -> bool:
    """Whether two ranges touch."""
    return contains(first, second.start) or contains(second, first.start)

"""Which lines of a workflow, a hook file or a script belong together, by their indentation.

No parser: a file that a forge reads more generously than a parser would still
be understood, hostile YAML costs nothing, and shell scripts are made of lines
anyway.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMENT = re.compile(r"(?:^|\s)(?:#|//\s).*")
_DASHES = re.compile(r"\s*(?:-\s+)*")
#: Lines of a block and levels around it that are looked at.
_MOST = 2000
_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a text, without comments; indices are 0-based."""

    rows: tuple[str, ...]

    @classmethod
    def of(cls, text: str | None) -> Lines:
        """Read a text; None has no lines."""
        rows = (text or "").replace("\r", "").split("\n")
        return cls(tuple(_COMMENT.sub("", row[:4000]).rstrip() for row in rows))

    def found(self, pattern: re.Pattern[str]) -> list[int]:
        """Return the lines in which the pattern occurs."""
        return [number for number, row in enumerate(self.rows) if pattern.search(row)]

    def command(self, at: int) -> str:
        """Return a command with the lines that backslashes join to it."""
        first = last = at
        while first > 0 and self.rows[first - 1].endswith("\\") and at - first < 50:
            first -= 1
        while self.rows[last].endswith("\\") and last + 1 < len(self.rows) and last - at < 50:
            last += 1
        return " ".join(row.rstrip("\\") for row in self.rows[first : last + 1])

    def block(self, at: int) -> range:
        """Return the mapping, list item or body that a line stands in, what is below included."""
        level = _level(self.rows[at])
        first = at
        while first > 0 and at - first < _MOST and not _starts_item(self.rows[first], level):
            above = self.rows[first - 1]
            if above and _level(above) < level:
                break
            first -= 1
        last = at + 1
        while last < len(self.rows) and last - at < _MOST:
            row = self.rows[last]
            if row and (_level(row) < level or _starts_item(row, level)):
                break
            last += 1
        return range(first, last)

    def around(self, at: int) -> list[int]:
        """Return the lines that decide about a line: its siblings, its parents' siblings …."""
        found: list[int] = []
        for _ in range(_DEPTH):
            block, level = self.block(at), _level(self.rows[at])
            found += [n for n in block if self.rows[n] and _level(self.rows[n]) == level]
            parent = next((n for n in range(block.start - 1, -1, -1) if self.rows[n]
                           and _level(self.rows[n]) < level), None)  # fmt: skip
            if parent is None:
                break
            at = parent
        return found

    def step(self, at: int) -> range:
        """Return the list item around a line, or its block where there is none."""
        block = self.block(at)
        here = at
        for _ in range(_DEPTH):
            if self.rows[block.start].lstrip().startswith("- "):
                return block
            above = range(block.start - 1, -1, -1)
            level = _level(self.rows[here])
            parent = next((n for n in above if self.rows[n] and _level(self.rows[n]) < level), None)
            if parent is None:
                break
            here, block = parent, self.block(parent)
        return self.block(at)


def _level(row: str) -> int:
    """Return the column of the first key or word of a line, behind the dashes of lists."""
    found = _DASHES.match(row)
    return len(found[0].expandtabs(8)) if found else 0


def _starts_item(row: str, level: int) -> bool:
    """Whether a line begins a list item whose keys stand at ``level``."""
    bare = row.lstrip()
    return bare.startswith("- ") and _level(row) == level

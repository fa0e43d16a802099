"""Which lines of a workflow, a hook file or a script belong together, by their indentation.

No parser: a file that a forge reads more generously than a parser would still
be understood, hostile YAML costs nothing, and shell scripts are made of lines
anyway.  One pass, linear in the number of lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMENT = re.compile(r"(?:^|\s)(?:#|//\s).*")
_DASHES = re.compile(r"\s*(?:-\s+)*")
#: Lines that backslashes may join, and levels around a line that are looked at.
_JOINED = 50
_DEPTH = 40
_LONGEST = 4000


@dataclass(slots=True)
class Group:
    """The keys of one mapping or list item, or the lines of one body.

    ``members`` are the lines at its own level, ``start`` and ``end`` include
    what is below them; ``parent`` is the line that it hangs on, -1 for none.
    """

    parent: int
    level: int
    start: int
    end: int
    item: bool
    members: list[int]


@dataclass(frozen=True, slots=True)
class CodeLines:
    """The lines of a text, without comments; indices are 0-based.

    ``group_of`` has the number of each line's group; an empty line has that of
    the line above it.
    """

    rows: tuple[str, ...]
    groups: tuple[Group, ...]
    group_of: tuple[int, ...]

    @classmethod
    def of(cls, text: str | None) -> CodeLines:
        """Read a text; None has no lines."""
        split = (text or "").replace("\r", "").split("\n")
        rows = tuple(_COMMENT.sub("", row[:_LONGEST]).rstrip() for row in split)
        groups, group_of = _grouped(rows)
        return cls(rows, tuple(groups), tuple(group_of))

    def found(self, pattern: re.Pattern[str]) -> list[int]:
        """Return the lines in which the pattern occurs."""
        return [number for number, row in enumerate(self.rows) if pattern.search(row)]

    def command(self, at: int) -> str:
        """Return a command with the lines that a backslash, ``||`` or ``&&`` joins to it."""
        first = last = at
        while (
            first > 0 and self.rows[first - 1].endswith("\\") and at - first < _JOINED
        ):
            first -= 1
        most = min(len(self.rows) - 1, at + _JOINED)
        while last < most and self.rows[last].endswith(("\\", "||", "&&")):
            last += 1
        return " ".join(row.rstrip("\\") for row in self.rows[first : last + 1])

    def block(self, at: int) -> range:
        """Return the mapping, list item or body that a line stands in, what is below included."""
        group = self.groups[self.group_of[at]]
        return range(group.start, group.end)

    def around(self, at: int) -> Iterator[int]:
        """Yield the groups that decide about a line, innermost first: its own, its parent's …."""
        for _ in range(_DEPTH):
            number = self.group_of[at]
            yield number
            at = self.groups[number].parent
            if at < 0:
                return

    def step(self, at: int) -> range:
        """Return the list item around a line, or its block where there is none."""
        for number in self.around(at):
            group = self.groups[number]
            if group.item:
                return range(group.start, group.end)
        return self.block(at)


def _grouped(rows: tuple[str, ...]) -> tuple[list[Group], list[int]]:
    """Put each line into a group; a group ends at a line further left, or at the next item."""
    groups = [Group(-1, 0, 0, len(rows), item=False, members=[])]
    group_of: list[int] = []
    opened = [0]  # numbers of groups that the next line may still belong to
    for number, row in enumerate(rows):
        if not row:
            group_of.append(group_of[-1] if group_of else 0)
            continue
        level = _level(row)
        item = row.lstrip().startswith("- ")
        while len(opened) > 1 and groups[opened[-1]].level > level:
            groups[opened.pop()].end = number
        last = groups[opened[-1]]
        if last.level == level and item and (last.members or opened[-1] == 0):
            parent = last.parent
            if len(opened) > 1:
                groups[opened.pop()].end = number
            groups.append(
                Group(parent, level, number, len(rows), item=True, members=[])
            )
            opened.append(len(groups) - 1)
        elif last.level < level:
            parent = last.members[-1] if last.members else last.parent
            groups.append(
                Group(parent, level, number, len(rows), item=item, members=[])
            )
            opened.append(len(groups) - 1)
        group = groups[opened[-1]]
        group.members.append(number)
        group_of.append(opened[-1])
    return groups, group_of


def _level(row: str) -> int:
    """Return the column of the first key or word of a line, behind the dashes of lists."""
    found = _DASHES.match(row)
    return len(found[0].expandtabs(8)) if found else 0

"""Groups the lines of a workflow, a hook file or a script by their indentation.

This is not a parser: it also understands files that a forge accepts and a strict
parser rejects, hostile YAML is cheap, and shell scripts are lines anyway.  One
pass, linear in the number of lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

_COMMENT = lazy_re.compile(r"(?:^|\s)(?:#|//\s).*")
_DASHES = lazy_re.compile(r"\s*(?:-\s+)*")
#: Lines before and after a line that may continue its command.
_MAX_CONTINUATION = 50
#: Groups around a line that are looked at.
_MAX_DEPTH = 40
#: Characters of a line.
_MAX_LENGTH = 4000


@dataclass(slots=True)
class Group:
    """The keys of one mapping or list item, or the lines of one body.

    ``parent`` is the index of the line that it belongs to, -1 for none.
    ``level`` is its column.  ``start`` and ``end`` also cover nested groups;
    ``members`` are the indices of the lines at its own level.  ``item``: it is
    the item of a list.
    """

    parent: int
    level: int
    start: int
    end: int
    item: bool
    members: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CodeLines:
    """The lines of a text without comments; all indices are 0-based.

    ``group_of`` has the index of each line's group; an empty line belongs to the
    group of the line before it.
    """

    rows: tuple[str, ...]
    groups: tuple[Group, ...]
    group_of: tuple[int, ...]

    @classmethod
    def of(cls, text: str | None) -> CodeLines:
        """Read a text; None is an empty text."""
        lines = (text or "").replace("\r", "").split("\n")
        rows = tuple(_COMMENT.sub("", line[:_MAX_LENGTH]).rstrip() for line in lines)
        grouping = _Grouping(len(rows))
        for index, row in enumerate(rows):
            grouping.add(index, row)
        return cls(rows, tuple(grouping.groups), tuple(grouping.group_of))

    def find(self, pattern: re.Pattern[str]) -> list[int]:
        """Return the indices of the lines that contain the pattern."""
        return [index for index, row in enumerate(self.rows) if pattern.search(row)]

    def command(self, index: int) -> str:
        r"""Return the command at a line, with lines joined by ``\``, ``||`` or ``&&``."""
        first = index
        earliest = max(0, index - _MAX_CONTINUATION)
        while first > earliest and self.rows[first - 1].endswith("\\"):
            first -= 1
        last = index
        latest = min(len(self.rows) - 1, index + _MAX_CONTINUATION)
        while last < latest and self.rows[last].endswith(("\\", "||", "&&")):
            last += 1
        return " ".join(row.rstrip("\\") for row in self.rows[first : last + 1])

    def block(self, index: int) -> range:
        """Return the mapping, list item or body that contains a line, with nested lines."""
        group = self.groups[self.group_of[index]]
        return range(group.start, group.end)

    def around(self, index: int) -> Iterator[int]:
        """Yield the group of a line, the group of its parent line, and so on outwards."""
        for _ in range(_MAX_DEPTH):
            number = self.group_of[index]
            yield number
            index = self.groups[number].parent
            if index < 0:
                return

    def step(self, index: int) -> range:
        """Return the list item around a line, or its block if there is none."""
        for number in self.around(index):
            group = self.groups[number]
            if group.item:
                return range(group.start, group.end)
        return self.block(index)


class _Grouping:
    """Assigns lines to groups; a group ends at a line further left, or at the next item."""

    def __init__(self, line_count: int) -> None:
        self.groups = [Group(-1, 0, 0, line_count, item=False)]
        self.group_of: list[int] = []
        self._line_count = line_count
        #: Indices of the groups that the next line may still belong to.
        self._open = [0]

    def add(self, index: int, row: str) -> None:
        """Assign the next line."""
        if not row:
            self.group_of.append(self.group_of[-1] if self.group_of else 0)
            return
        level = _level(row)
        while len(self._open) > 1 and self._innermost.level > level:
            self._close(index)
        self._open_group(index, level, item=row.lstrip().startswith("- "))
        self._innermost.members.append(index)
        self.group_of.append(self._open[-1])

    @property
    def _innermost(self) -> Group:
        return self.groups[self._open[-1]]

    def _close(self, end: int) -> None:
        self.groups[self._open.pop()].end = end

    def _open_group(self, index: int, level: int, *, item: bool) -> None:
        """Open a group if the line begins one."""
        innermost = self._innermost
        is_root = self._open[-1] == 0
        if innermost.level == level and item and (innermost.members or is_root):
            parent = innermost.parent
            if not is_root:
                self._close(index)
        elif innermost.level < level:
            members = innermost.members
            parent = members[-1] if members else innermost.parent
        else:
            return
        self.groups.append(Group(parent, level, index, self._line_count, item))
        self._open.append(len(self.groups) - 1)


def _level(row: str) -> int:
    """Return the column of the first key or word of a line, after the dashes of lists."""
    dashes = _DASHES.match(row)
    return len(dashes[0].expandtabs(8)) if dashes else 0

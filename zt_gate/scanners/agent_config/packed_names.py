"""How far a name reaches in minified code.

A minifier gives every function's variables the names of one and two letters, so a bundle
has a thousand variables ``e``.  Without scopes, "the last value of e" is a value of another
function: in a bundle of libraries, decoded text would seem to run in a hundred places.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.syntax.code_text import CodeText

#: Letters of a name that a minifier gives.
_SHORT = 2
#: Characters of a line that nobody writes by hand.
_LONG_LINE = 500
#: Characters of a text that can be a bundle.
_LARGE = 30_000
#: Characters of code, strings not counted: a function of a minified bundle.
_REACH = 2000


class NameReach:
    """Tells whether two places of a source text can mean the same variable."""

    def __init__(self, code: CodeText) -> None:
        self._view = code.view
        self._strings = code.strings

    @cached_property
    def _ends(self) -> list[int]:
        return [literal.end for literal in self._strings]

    @cached_property
    def _string_sizes(self) -> list[int]:
        sizes = (literal.end - literal.start for literal in self._strings)
        return [0, *accumulate(sizes)]

    def reaches(self, name: str, assigned: int, used: int) -> bool:
        """Whether a value that is assigned at one offset can be the name's at another.

        Always, except for a short name that is far away, in two long lines or in a bundle.
        """
        if len(name) > _SHORT or abs(used - assigned) <= _REACH:
            return True
        if not (
            self._is_bundle or (self._is_packed(assigned) and self._is_packed(used))
        ):
            return True
        return self._code_between(*sorted((assigned, used))) <= _REACH

    @cached_property
    def _is_bundle(self) -> bool:
        """Whether most of a large text is in long lines; strings of a bundle break some."""
        if len(self._view) < _LARGE:
            return False
        long_lines = (line for line in self._view.split("\n") if len(line) > _LONG_LINE)
        return 2 * sum(map(len, long_lines)) > len(self._view)

    def _is_packed(self, at: int) -> bool:
        before = self._view.rfind("\n", max(0, at - _LONG_LINE), at)
        if before < 0:
            return at >= _LONG_LINE or self._view.find("\n", at, _LONG_LINE) < 0
        return self._view.find("\n", at, before + _LONG_LINE) < 0

    def _code_between(self, start: int, end: int) -> int:
        first, last = bisect_left(self._ends, start), bisect_left(self._ends, end)
        return end - start - (self._string_sizes[last] - self._string_sizes[first])

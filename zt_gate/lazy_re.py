"""Regular expressions that are compiled at their first use.

Most patterns of a module are not needed for most changes: each of them looks for a rare
thing.  Compiling all of them costs more time than a commit of ordinary size needs to be
read.  So a module's constants are made by ``compile`` of this module.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AnyStr

_ATTRIBUTES = (
    "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn",
    "scanner", "flags", "groups", "groupindex",
)  # fmt: skip


class LazyPattern:
    """A pattern with the attributes of ``re.Pattern``; its first use compiles it."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # Only called for what is not there yet.  Names of the language itself are asked
        # for by copying and pickling, before there is a pattern to compile.
        if name not in _ATTRIBUTES:
            raise AttributeError(name)
        compiled = re.compile(self.pattern, self._flags)
        for attribute in _ATTRIBUTES:
            setattr(self, attribute, getattr(compiled, attribute))
        return getattr(compiled, name)

    def __repr__(self) -> str:
        return f"lazy_re.compile({self.pattern!r}, {int(self._flags)})"


def compile(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:  # noqa: A001 - as in re
    """Return a pattern that is compiled when it is first used.

    A malformed pattern raises ``re.error`` only then: tests/test_lazy_re.py compiles all.
    The result is used through its methods; it is no ``re.Pattern`` for ``isinstance`` and
    for the functions of ``re`` that take a compiled pattern.
    """
    return LazyPattern(pattern, flags)  # type: ignore[return-value]

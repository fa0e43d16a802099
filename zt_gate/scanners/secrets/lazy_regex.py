"""Regular expressions that are compiled on first use: compiling dominates the start-up time."""

from __future__ import annotations

import re
from typing import Any, cast


class _LazyPattern:
    """Behaves like a compiled expression; each method is looked up once."""

    def __init__(self, source: str, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # re caches what it has compiled, so the next method does not compile again.
        method = getattr(re.compile(self._source, self._flags), name)
        self.__dict__[name] = method
        return method


def lazy(source: str, flags: int = 0) -> re.Pattern[str]:
    """Return an equivalent of ``re.compile(source, flags)`` that is compiled on first use."""
    return cast("re.Pattern[str]", _LazyPattern(source, flags))

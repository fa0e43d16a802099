"""Expressions that are compiled when they are first used: compiling is most of a start's cost."""

from __future__ import annotations

import re
from typing import Any, cast


class _Lazy:
    """Stands for a compiled expression; each method is looked up once."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # re keeps what it has compiled, so that asking again costs next to nothing.
        found = getattr(re.compile(self._source, self._flags), name)
        self.__dict__[name] = found
        return found


def lazy(source: str, flags: int = 0) -> re.Pattern[str]:
    """Return what behaves like ``re.compile(source, flags)``, compiled when first used."""
    return cast("re.Pattern[str]", _Lazy(source, flags))


def lazy_bytes(source: bytes, flags: int = 0) -> re.Pattern[bytes]:
    """Return what behaves like ``re.compile(source, flags)``, compiled when first used."""
    return cast("re.Pattern[bytes]", _Lazy(source, flags))

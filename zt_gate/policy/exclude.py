"""Checks the patterns of ``exclude``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.syntax.globs import compile_glob

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Paths that nothing has in common, so that only a pattern for everything matches all.
_PROBES = (
    b"a",
    b"Z9",
    b"7.b-c",
    b".q/k.w",
    b"x_y/Q1.ts",
    b"m/n/o/p",
    b"\xc3\xa4 \xff/(1).PY",
)


def matches_everything(patterns: Iterable[str]) -> bool:
    """Whether the patterns, which are valid globs, together leave nothing to look at."""
    globs = [compile_glob(pattern) for pattern in patterns]
    return all(any(glob.matches(probe) for glob in globs) for probe in _PROBES)

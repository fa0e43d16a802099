"""Matches the policy's globs: paths as in ``.gitignore``, and rules by name."""

from __future__ import annotations

from zt_gate.policy.schema import GATE
from zt_gate.syntax.globs import (
    MAX_PATTERN,
    Glob,
    GlobError,
    compile_glob,
    fits_segment,
)

__all__ = ["MAX_PATTERN", "Glob", "GlobError", "compile_glob", "rule_matches"]


def rule_matches(glob: str, *rules: str) -> bool:
    """Whether a rule glob (``secrets/*``, ``secrets``, ``*`` or a rule id) matches a rule.

    ``rules`` are all ids of the rule: a glob for a former id still matches.  A rule
    of the gate itself matches only globs that name the gate, so an allowance for
    everything does not cover unreadable content.
    """
    return any(_matches(glob, rule) for rule in rules)


def _matches(glob: str, rule: str) -> bool:
    scanner_glob, slash, name_glob = glob.partition("/")
    scanner, _, name = rule.partition("/")
    if scanner == GATE and scanner_glob != GATE:
        return False
    if not fits_segment(scanner_glob, scanner):
        return False
    return not slash or fits_segment(name_glob, name)

"""Globs of the policy: paths as in ``.gitignore`` (``zt_gate.syntax.globs``), rules by name."""

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
    """Say whether a rule glob (``secrets/*``, ``secrets``, ``*``, or a rule id) fits a rule.

    ``rules`` are all ids of the one rule, those that it had before included: what
    was written for an old id holds on.  The gate's own rules are only covered by
    globs that name them: an allowance for everything is none for what could not
    be read.
    """
    return any(_matches(glob, rule) for rule in rules)


def _matches(glob: str, rule: str) -> bool:
    scanner, slash, name = glob.partition("/")
    own, _, rest = rule.partition("/")
    if own == GATE and scanner != GATE:
        return False
    return fits_segment(scanner, own) and (not slash or fits_segment(name, rest))

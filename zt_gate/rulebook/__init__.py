"""Reads, checks and caches the rules under ``rules/``."""

from __future__ import annotations

from zt_gate.rulebook.errors import RulebookError
from zt_gate.rulebook.rule_files import (
    digest,
    find,
    load,
    load_with_examples,
    rules_folder,
    scanners_with_rules,
)

__all__ = [
    "RulebookError",
    "digest",
    "find",
    "load",
    "load_with_examples",
    "rules_folder",
    "scanners_with_rules",
]

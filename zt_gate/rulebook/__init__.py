"""The rules under ``rules/``: read, checked and cached."""

from __future__ import annotations

from zt_gate.rulebook.load import (
    RulebookError,
    digest,
    load,
    load_with_examples,
    rules_folder,
    scanners_with_rules,
)

__all__ = [
    "RulebookError",
    "digest",
    "load",
    "load_with_examples",
    "rules_folder",
    "scanners_with_rules",
]

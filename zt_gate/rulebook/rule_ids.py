"""The ids of all rules, for what must know whether a rule exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.rulebook.rule_files import load, scanners_with_rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class RuleIds:
    """The ids of all rules, former ones included, read only where a policy names one."""

    def __init__(self, cache_dir: Path | None) -> None:
        self._cache_dir = cache_dir
        self._ids: frozenset[str] = frozenset()

    def __contains__(self, name: object) -> bool:
        return name in self._known()

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def _known(self) -> frozenset[str]:
        if not self._ids:
            names = scanners_with_rules()
            rules = (
                rule
                for name in names
                for rule in load(name, cache=self._cache_dir).values()
            )
            self._ids = frozenset(
                name for rule in rules for name in (rule.id, *rule.former_ids)
            )
        return self._ids

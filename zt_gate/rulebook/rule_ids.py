"""The ids of all rules, to check that a named rule exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.rulebook.rule_files import load, scanners_with_rules, written_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from zt_gate.system.sealed_cache import SealedCache


class RuleIds:
    """The ids of all rules, former ids included; loaded when first used."""

    def __init__(self, cache: SealedCache | None) -> None:
        self._cache = cache
        self._ids: frozenset[str] = frozenset()

    def __contains__(self, name: object) -> bool:
        return name in self._loaded()

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded())

    def __len__(self) -> int:
        return len(self._loaded())

    def any_matches(
        self, matches: Callable[[str], bool], scanners: Iterable[str]
    ) -> bool:
        """Whether an id matches; ``scanners`` are those that a matching id can belong to.

        The rules are loaded only if no id in the rule files matches.
        """
        if not self._ids:
            for scanner in scanners:
                if any(map(matches, written_ids(scanner))):
                    return True
        return any(map(matches, self._loaded()))

    def _loaded(self) -> frozenset[str]:
        if not self._ids:
            ids: set[str] = set()
            for scanner in scanners_with_rules():
                for rule in load(scanner, cache=self._cache).values():
                    ids.update((rule.id, *rule.former_ids))
            self._ids = frozenset(ids)
        return self._ids

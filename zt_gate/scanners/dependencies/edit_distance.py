"""Edit distance: how many typing errors separate two names."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: An edit changes at most so many different characters.
_CHARACTERS_OF_EDIT = 2


@dataclass(frozen=True)
class NearbyNames:
    """Some names, grouped by their first character: an imitation mostly keeps it."""

    names: Sequence[str]

    @cached_property
    def _by_start(self) -> dict[tuple[str, int], list[tuple[str, frozenset[str]]]]:
        groups: dict[tuple[str, int], list[tuple[str, frozenset[str]]]] = {}
        for name in self.names:
            groups.setdefault((name[0], len(name)), []).append((name, frozenset(name)))
        return groups

    def within(self, key: str, most: int) -> Iterator[str]:
        """Yield the other names with the same start that are at most so many edits away."""
        letters = frozenset(key)
        for length in range(len(key) - most, len(key) + most + 1):
            for name, other in self._by_start.get((key[0], length), ()):
                if len(letters ^ other) > most * _CHARACTERS_OF_EDIT:
                    continue
                if name != key and distance(key, name, most) <= most:
                    yield name


def distance(one: str, other: str, most: int) -> int:
    """Return the number of characters added, omitted, replaced or swapped.

    A distance greater than ``most`` may be returned as any greater number.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    previous: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one):
        before, previous = previous, row
        row = [i + 1]
        for j, char in enumerate(other):
            cost = min(previous[j] + (letter != char), previous[j + 1] + 1, row[j] + 1)
            if i and j and letter == other[j - 1] and one[i - 1] == char:
                cost = min(cost, before[j - 1] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]

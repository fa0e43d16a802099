"""What the name of a variable, key or option says about its value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How much a name says: nothing, little (``key``), much (``token``), all (``password``).
NONE, WEAK, MEDIUM, STRONG = range(4)

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class VariableNames:
    """The lists of ``secrets/keyword-assignment``."""

    stems: tuple[str, ...]
    strong: frozenset[str]
    medium: frozenset[str]
    weak: frozenset[str]
    pairs: frozenset[str]
    qualifiers: frozenset[str]
    harmless: frozenset[str]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> VariableNames:
        """Read the lists of a rule's data."""
        return cls(
            tuple(data["stems"]),
            *(
                frozenset(data[key])
                for key in (
                    "strong",
                    "medium",
                    "weak",
                    "pairs",
                    "qualifiers",
                    "harmless",
                )
            ),
        )

    def strength(self, name: str) -> int:
        """Say how much ``name`` promises a secret.

        ``dbPassword`` much, ``password_field`` little, ``keyboard`` nothing.
        """
        words = [word.lower() for word in _WORDS.findall(name)]
        if not words:
            return NONE
        found = max((self._word(word) for word in words), default=NONE)
        joined = {a + b for a, b in pairwise(words)}
        if joined & self.harmless or "".join(words) in self.harmless:
            return NONE
        if joined & self.pairs:
            found = max(found, MEDIUM)
        last = next((word for word in reversed(words) if not word.isdigit()), "")
        if last in self.qualifiers and self._word(last) == NONE:
            found = min(found, WEAK)
        return found

    def _word(self, word: str) -> int:
        if word in self.strong:
            return STRONG
        if word in self.medium:
            return MEDIUM
        if word in self.weak:
            return WEAK
        for stem in self.strong:
            if len(stem) >= 6 and (word.startswith(stem) or word.endswith(stem)):
                return STRONG
        for stem in self.medium:
            if len(stem) >= 5 and word.endswith(stem):
                return MEDIUM
        return NONE

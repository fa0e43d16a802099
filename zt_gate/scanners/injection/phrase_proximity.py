"""Which phrases have their words close together, and on which lines.

A text of some hundred lines holds the words of many phrases, far apart.  Only
lines that hold the rarest need of a phrase are looked at, with the few around
them; what stays is cut into words with positions, which is what costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.scanners.injection import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.scanners.injection.signal_families import Phrase

#: Over how many lines a phrase may be wrapped.
REACH = 6


class WordsOfLines:
    """The words of the lines of a text, worked out where they are asked for."""

    def __init__(self, text: str, flat: str) -> None:
        """Take a text and what ``words.flat`` makes of it, which serves the ASCII lines."""
        self._flat = flat.split("\n")
        self._sets: dict[int, set[str]] = {}
        self._spans: dict[tuple[int, int], set[str]] = {}
        self._foreign: dict[int, set[str]] = {}
        if not text.isascii():
            self._foreign = {
                index: tokenize.set_of(line)
                for index, line in enumerate(text.split("\n"))
                if not line.isascii()
            }
        self._sets.update(self._foreign)

    def __len__(self) -> int:
        return len(self._flat)

    def holding(self, word: str) -> Iterator[int]:
        """Yield the lines that hold the word."""
        foreign = (index for index, found in self._foreign.items() if word in found)
        if not word.isascii():
            yield from foreign
            return
        for index, line in enumerate(self._flat):
            if word in line and word in self.at(index) and index not in self._foreign:
                yield index
        yield from foreign

    def at(self, index: int) -> set[str]:
        """Return the words of one line."""
        found = self._sets.get(index)
        if found is None:
            found = self._sets[index] = tokenize.of_flat(self._flat[index])
        return found

    def between(self, first: int, last: int) -> set[str]:
        """Return the words of the lines from ``first`` to before ``last``."""
        found = self._spans.get((first, last))
        if found is None:
            found = tokenize.of_flat(" ".join(self._flat[first:last]))
            for index in range(first, last) if self._foreign else ():
                found |= self._foreign.get(index, set())
            self._spans[first, last] = found
        return found

    @property
    def foreign(self) -> bool:
        """Whether there are lines that are not ASCII."""
        return bool(self._foreign)

    def known(self) -> set[str]:
        """Return the words of the lines that are not ASCII."""
        return set().union(*self._foreign.values())


def close_together(
    candidates: Mapping[str, Sequence[Phrase]], lines: WordsOfLines
) -> tuple[list[Phrase], list[tuple[int, int]]]:
    """Return the phrases whose words stand within a few lines, and those lines as ranges.

    ``candidates`` are phrases by a word that every text with them must hold.
    """
    kept: dict[int, Phrase] = {}
    marked: set[int] = set()
    count = len(lines)
    for word, phrases in candidates.items():
        for line in lines.holding(word):
            first = max(0, line - REACH + 1)
            around = lines.between(first, min(line + REACH, count))
            for phrase in phrases:
                if any(need.isdisjoint(around) for need in phrase.needs):
                    continue
                for start in range(first, line + 1):
                    if _fits(phrase, lines, start):
                        kept[id(phrase)] = phrase
                        # The line before may hold the word that turns the sense round.
                        marked.update(
                            range(max(0, start - 1), min(count, start + REACH))
                        )
    return list(kept.values()), list(_runs(sorted(marked)))


def _fits(phrase: Phrase, lines: WordsOfLines, start: int) -> bool:
    """Whether the phrase may begin on this line."""
    if phrase.needs[0].isdisjoint(lines.at(start)):
        return False
    around = lines.between(start, min(start + REACH, len(lines)))
    return not any(need.isdisjoint(around) for need in phrase.needs)


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the runs of adjacent numbers as first and last."""
    first = last = None
    for number in numbers:
        if first is None or last is None:
            first = number
        elif number != last + 1:
            yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last

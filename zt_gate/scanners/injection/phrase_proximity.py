"""Finds the phrases whose words occur close together, and the lines where they do.

A page contains the words of many phrases, mostly far apart.  Only lines with the
rarest word of a phrase are examined, together with the lines around them; only those
are then split into words with positions, which is expensive.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from zt_gate.scanners.injection import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.scanners.injection.signal_families import Phrase

#: Lines over which a phrase may be wrapped.
REACH = 6


class LineWords:
    """The words of each line of a text, computed on demand."""

    def __init__(self, text: str, flat: str) -> None:
        """Take a text and its flat form (``tokenize.flat``), used for the ASCII lines."""
        self._text = flat
        self._flat = flat.split("\n")
        self._starts: list[int] = []
        self._by_line: dict[int, set[str]] = {}
        self._by_range: dict[tuple[int, int], set[str]] = {}
        self._non_ascii: dict[int, set[str]] = {}
        if not text.isascii():
            for index, line in enumerate(text.split("\n")):
                if not line.isascii():
                    self._non_ascii[index] = tokenize.different_words(line)
        self._by_line.update(self._non_ascii)

    def __len__(self) -> int:
        return len(self._flat)

    def lines_with(self, word: str) -> Iterator[int]:
        """Yield the indices of the lines that contain the word."""
        if word.isascii():
            yield from self._ascii_lines_with(word)
        for index, words in self._non_ascii.items():
            if word in words:
                yield index

    def _ascii_lines_with(self, word: str) -> Iterator[int]:
        text = self._text
        place = text.find(word)
        while place >= 0:
            end = place + len(word)
            around = text[place - 1 : place] + text[end : end + 1]
            # A longer word mostly; emphasis in Markdown is no part of a word.
            if around.isspace() or not around or "_" in around:
                index = self._line_at(place)
                if index not in self._non_ascii and word in self.in_line(index):
                    yield index
                    end = text.find("\n", end)
                    if end < 0:
                        return
            place = text.find(word, end)

    def _line_at(self, place: int) -> int:
        if not self._starts:
            self._starts = [0, *accumulate(len(line) + 1 for line in self._flat)]
        return bisect_right(self._starts, place) - 1

    def in_line(self, index: int) -> set[str]:
        """Return the words of one line."""
        words = self._by_line.get(index)
        if words is None:
            words = self._by_line[index] = tokenize.words_of_flat(self._flat[index])
        return words

    def is_non_ascii(self, index: int) -> bool:
        """Whether one line is not ASCII."""
        return index in self._non_ascii

    def in_range(self, first: int, last: int) -> set[str]:
        """Return the words of the lines from ``first`` up to, but not including, ``last``."""
        words = self._by_range.get((first, last))
        if words is None:
            words = tokenize.words_of_flat(" ".join(self._flat[first:last]))
            if self._non_ascii:
                for index in range(first, last):
                    words |= self._non_ascii.get(index, set())
            self._by_range[first, last] = words
        return words

    @property
    def has_non_ascii(self) -> bool:
        """Whether there are lines that are not ASCII."""
        return bool(self._non_ascii)

    def joined(self) -> str:
        """Return the words of all lines, with one space between them."""
        return " ".join(self._text.split())

    def non_ascii_lines(self) -> Iterator[int]:
        """Yield the indices of the lines that are not ASCII."""
        yield from self._non_ascii

    def in_non_ascii_lines(self) -> set[str]:
        """Return the words of the lines that are not ASCII."""
        return set().union(*self._non_ascii.values())


def close_together(
    candidates: Mapping[str, Sequence[Phrase]], lines: LineWords
) -> tuple[list[Phrase], list[tuple[int, int]]]:
    """Return the phrases whose words occur within a few lines, and those ranges of lines.

    ``candidates`` are phrases by a word that every occurrence contains.  Ranges are
    pairs of first and last line, both inclusive.
    """
    phrases_nearby: dict[int, Phrase] = {}
    marked_lines: set[int] = set()
    count = len(lines)
    for word, phrases in candidates.items():
        for line in lines.lines_with(word):
            first = max(0, line - REACH + 1)
            nearby = lines.in_range(first, min(line + REACH, count))
            for phrase in phrases:
                if any(need.isdisjoint(nearby) for need in phrase.needs):
                    continue
                for start in range(first, line + 1):
                    if not _fits(phrase, lines, start):
                        continue
                    phrases_nearby[id(phrase)] = phrase
                    # The line before can contain a word that negates the phrase.
                    end = min(count, start + REACH)
                    marked_lines.update(range(max(0, start - 1), end))
    return list(phrases_nearby.values()), list(_ranges(sorted(marked_lines)))


def _fits(phrase: Phrase, lines: LineWords, start: int) -> bool:
    """Whether the phrase can begin on this line."""
    if phrase.needs[0].isdisjoint(lines.in_line(start)):
        return False
    nearby = lines.in_range(start, min(start + REACH, len(lines)))
    return not any(need.isdisjoint(nearby) for need in phrase.needs)


def _ranges(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield runs of adjacent numbers as pairs of first and last."""
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

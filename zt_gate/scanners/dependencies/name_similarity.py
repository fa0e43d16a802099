"""Which well-known name a name looks like, and how sure that is by the name alone.

A name is held against the most used names of its ecosystem: every name that one
slip away from it could be is made and looked up, which takes a fraction of a
millisecond and needs no index.  What a slip counts for stands in the rule
``dependencies/similar-name``: the kinds, the least length of the name and the
least use (rank) of the imitated one, for each of two grades.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations
from typing import TYPE_CHECKING, Any, Literal

from zt_gate.ecosystems import ecosystem_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.scanners.dependencies.name_snapshot import Snapshot

#: ``high`` acts on the name alone, ``low`` only with evidence from the registry.
Grade = Literal["high", "low"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_MARKS = "-_."
_SEPARATORS = re.compile(r"[-_.]+")
_VOWELS = frozenset("aeiouy")
_LONGEST = 64
_MOST_WORDS = 4
_TWICE = 7


@dataclass(frozen=True, slots=True)
class SimilarName:
    """One well-known name that a name looks like; ``slip`` is a key of the rule's table."""

    name: str
    rank: int
    slip: str
    grade: Grade


@dataclass(frozen=True)
class NameMatcher:
    """The well-known names of one ecosystem, and the rule's tables."""

    snapshot: Snapshot
    data: Mapping[str, Any]
    _known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", frozenset(self.snapshot.names))

    def most_similar(self, key: str) -> SimilarName | None:
        """Return the well-known name that a normalised name most looks like.

        None for a name that is well known itself, and for one like no other.
        """
        lower = key.lower()
        if (
            lower in self._known
            or not 3 <= len(lower) <= _LONGEST
            or not lower.isascii()
        ):
            return None
        best = self._best(lower, self._slips(lower))
        if best is None and len(lower) >= _TWICE:
            best = self._best(lower, self._double_slips(lower))
        return best

    def _best(self, key: str, slips: Iterator[tuple[str, str]]) -> SimilarName | None:
        found = []
        for slip, name in slips:
            rank = self.snapshot.rank(name)
            grade = self._grade(slip, len(key), rank)
            if grade is not None:
                found.append(SimilarName(name, rank, slip, grade))
        return min(found, key=lambda one: (one.grade != "high", one.rank), default=None)

    def _grade(self, slip: str, length: int, rank: int) -> Grade | None:
        """Hold a slip against the rule's limits: pairs of a length and the last rank for it."""
        grades: tuple[Grade, ...] = ("high", "low")
        for grade in grades:
            limits: Sequence[Sequence[int]] = (
                self.data["slips"].get(slip, {}).get(grade, ())
            )
            if any(length >= least and rank <= last for least, last in limits):
                return grade
        return None

    def _slips(self, key: str) -> Iterator[tuple[str, str]]:
        yield from self._swapped(key)
        yield from self._added(key)
        yield from self._left_out(key)
        yield from self._replaced(key)
        yield from self._words(key)
        yield from self._affixes(key)
        yield from self._scopes(key)

    def _swapped(self, key: str) -> Iterator[tuple[str, str]]:
        for at in range(len(key) - 1):
            made = key[:at] + key[at + 1] + key[at] + key[at + 2 :]
            if made in self._known and made != key:
                yield "swapped", made
        for at in range(len(key) - 2):
            a, b, c = key[at], key[at + 1], key[at + 2]
            for moved in (c + b + a, b + c + a, c + a + b):
                made = key[:at] + moved + key[at + 3 :]
                if made in self._known and made != key:
                    yield "moved", made

    def _added(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield what it would be without one of its characters."""
        last = len(key) - 1
        for at, letter in enumerate(key):
            made = key[:at] + key[at + 1 :]
            if made not in self._known:
                continue
            if letter in _MARKS:
                yield "separator", made
            elif letter in (key[at - 1 : at], key[at + 1 : at + 2]):
                yield "repeated", made
            elif at == last:
                yield _ending("added", letter), made
            else:
                yield "added-first" if at == 0 else "added", made

    def _left_out(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield what it would be with one character more."""
        length = len(key)
        for at in range(length + 1):
            head, tail = key[:at], key[at:]
            for letter in _LETTERS:
                made = head + letter + tail
                if made not in self._known:
                    continue
                if letter == "-":
                    yield "separator", made
                elif at == length:
                    yield _ending("omitted", letter), made
                elif (at and head[-1] == letter) or tail[0] == letter:
                    yield "omitted-double", made
                else:
                    yield "omitted-first" if at == 0 else "omitted", made

    def _replaced(self, key: str) -> Iterator[tuple[str, str]]:
        last = len(key) - 1
        for at, was in enumerate(key):
            head, tail = key[:at], key[at + 1 :]
            for letter in _LETTERS:
                made = head + letter + tail
                if letter == was or made not in self._known:
                    continue
                place = "-first" if at == 0 else "-last" if at == last else ""
                yield self._replacement(letter, was) + place, made

    def _replacement(self, meant: str, was: str) -> str:
        if was in _MARKS:
            return "separator" if meant == "-" else "replaced-separator"
        if meant == "-":
            return "replaced-separator"
        if was.isdigit() and meant.isdigit():
            return "replaced-number"
        pair = {meant, was}
        if any(pair <= group for group in self._looks):
            return "replaced-look-alike"
        if pair <= _VOWELS:
            return "replaced-vowel"
        if was in self._keys.get(meant, ""):
            return "replaced-neighbour"
        if (
            (ord(meant) ^ ord(was)).bit_count() == 1
            and was.isalpha()
            and meant.isalpha()
        ):
            return "replaced-bit"
        return "replaced"

    @cached_property
    def _looks(self) -> list[frozenset[str]]:
        return [frozenset(pair) for pair in self.data["words"]["look-alikes"]]

    @cached_property
    def _keys(self) -> dict[str, str]:
        """The keys around each key of an ordinary keyboard."""
        rows: Sequence[str] = self.data["words"]["keyboard"]
        return {
            letter: "".join(
                near[max(0, x - 1) : x + 2] for near in rows[max(0, y - 1) : y + 2]
            )
            for y, row in enumerate(rows)
            for x, letter in enumerate(row)
        }

    def _words(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield the same words in another order, or with other marks between them."""
        words = [word for word in _SEPARATORS.split(key) if word]
        if 1 < len(words) <= _MOST_WORDS:
            for order in permutations(words):
                for mark in ("-", "", ".", "_"):
                    made = mark.join(order)
                    if made in self._known and made != key:
                        yield "separator" if list(order) == words else "reordered", made
        for at in range(2, len(key) - 1):
            made = key[at:] + key[:at]
            if made in self._known:
                yield "reordered", made

    def _affixes(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield what it would be without a word that says nothing, or with such a word."""
        for affix in self.data["words"]["suffixes"]:
            if key.endswith(affix) and key[: -len(affix)] in self._known:
                yield "affix", key[: -len(affix)]
        for prefix in self.data["words"]["prefixes"]:
            if key.startswith(prefix) and key[len(prefix) :] in self._known:
                yield "affix", key[len(prefix) :]

    def _scopes(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield a scoped package whose scope was left out."""
        if ecosystem_named(self.snapshot.ecosystem).scoped_names and not key.startswith(
            "@"
        ):
            for bare in (key, re.sub(r"-\d{1,3}\Z", "", key)):
                if bare in self._scoped:
                    yield "scope", self._scoped[bare]

    @cached_property
    def _scoped(self) -> dict[str, str]:
        """The most used scoped package for every name without its scope."""
        scoped = [name for name in self.snapshot.names if name.startswith("@")]
        return {name.partition("/")[2]: name for name in reversed(scoped)}

    def _double_slips(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield what it would be without two of its characters."""
        for at in range(len(key)):
            rest = key[:at] + key[at + 1 :]
            for other in range(at, len(rest)):
                made = rest[:other] + rest[other + 1 :]
                if made in self._known:
                    yield "twice", made


def _ending(slip: str, letter: str) -> str:
    if letter == "s":
        return f"{slip}-plural"
    return f"{slip}-number" if letter.isdigit() else f"{slip}-last"

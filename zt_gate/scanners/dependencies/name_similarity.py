"""Search for the well-known name that a name resembles, by the names alone.

All names that differ by one slip (a typing error) are generated and looked up among
the most used names of the ecosystem; this takes a fraction of a millisecond and
needs no index.  The rule ``dependencies/similar-name`` says how much a slip counts:
for each kind and each of two grades the minimum length of the name, and the lowest
rank that the well-known name may have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations
from typing import TYPE_CHECKING, Any, Literal

from zt_gate import lazy_re
from zt_gate.ecosystems import ecosystem_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.scanners.dependencies.name_snapshot import Snapshot

    #: Kinds of slips, each with the well-known name that it starts from.
    Slips = Iterator[tuple[str, str]]

#: ``high`` is reported by the name alone, ``low`` only with evidence from the registry.
Grade = Literal["high", "low"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_SEPARATOR_CHARACTERS = "-_."
_SEPARATORS = lazy_re.compile(r"[-_.]+")
_VOWELS = frozenset("aeiouy")
_MIN_LENGTH = 3
_MAX_LENGTH = 64
_MOST_WORDS = 4
#: Minimum length of a name for two slips to count.
_MIN_LENGTH_FOR_TWO = 7


@dataclass(frozen=True, slots=True)
class SimilarName:
    """A well-known name that another name resembles; ``slip`` is a key of the rule's table."""

    name: str
    rank: int
    slip: str
    grade: Grade


@dataclass(frozen=True)
class NameMatcher:
    """The well-known names of one ecosystem, and the tables of the rule."""

    snapshot: Snapshot
    data: Mapping[str, Any]
    _known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", frozenset(self.snapshot.names))

    def most_similar(self, key: str) -> SimilarName | None:
        """Return the well-known name that a normalised name resembles most.

        None for a name that is well known itself or resembles none.
        """
        lower = key.lower()
        if lower in self._known or not lower.isascii():
            return None
        if not _MIN_LENGTH <= len(lower) <= _MAX_LENGTH:
            return None
        best = self._best(lower, self._slips(lower))
        if best is None and len(lower) >= _MIN_LENGTH_FOR_TWO:
            best = self._best(lower, self._double_slips(lower))
        return best

    def _best(self, key: str, slips: Slips) -> SimilarName | None:
        similar: list[SimilarName] = []
        for slip, name in slips:
            rank = self.snapshot.rank(name)
            grade = self._grade(slip, len(key), rank)
            if grade is not None:
                similar.append(SimilarName(name, rank, slip, grade))
        return min(
            similar, key=lambda item: (item.grade != "high", item.rank), default=None
        )

    def _grade(self, slip: str, length: int, rank: int) -> Grade | None:
        """Return the grade of a slip by the rule's limits: pairs of a length and a last rank."""
        limits_by_grade = self.data["slips"].get(slip, {})
        grades: tuple[Grade, ...] = ("high", "low")
        for grade in grades:
            limits: Sequence[Sequence[int]] = limits_by_grade.get(grade, ())
            for min_length, last_rank in limits:
                if length >= min_length and rank <= last_rank:
                    return grade
        return None

    def _slips(self, key: str) -> Slips:
        yield from self._swapped(key)
        yield from self._added(key)
        yield from self._omitted(key)
        yield from self._replaced(key)
        yield from self._reordered_words(key)
        yield from self._affixes(key)
        yield from self._without_scope(key)

    def _swapped(self, key: str) -> Slips:
        """Yield the names with two neighbouring characters swapped, or three rearranged."""
        for at in range(len(key) - 1):
            candidate = key[:at] + key[at + 1] + key[at] + key[at + 2 :]
            if candidate in self._known and candidate != key:
                yield "swapped", candidate
        for at in range(len(key) - 2):
            a, b, c = key[at], key[at + 1], key[at + 2]
            for moved in (c + b + a, b + c + a, c + a + b):
                candidate = key[:at] + moved + key[at + 3 :]
                if candidate in self._known and candidate != key:
                    yield "moved", candidate

    def _added(self, key: str) -> Slips:
        """Yield the names without one of the characters: it was added."""
        last = len(key) - 1
        for at, letter in enumerate(key):
            candidate = key[:at] + key[at + 1 :]
            if candidate not in self._known:
                continue
            if letter in _SEPARATOR_CHARACTERS:
                yield "separator", candidate
            elif letter in (key[at - 1 : at], key[at + 1 : at + 2]):
                yield "repeated", candidate
            elif at == last:
                yield _kind_at_end("added", letter), candidate
            else:
                yield "added-first" if at == 0 else "added", candidate

    def _omitted(self, key: str) -> Slips:
        """Yield the names with one more character: it was omitted."""
        length = len(key)
        for at in range(length + 1):
            head, tail = key[:at], key[at:]
            for letter in _LETTERS:
                candidate = head + letter + tail
                if candidate not in self._known:
                    continue
                if letter == "-":
                    yield "separator", candidate
                elif at == length:
                    yield _kind_at_end("omitted", letter), candidate
                elif (at and head[-1] == letter) or tail[0] == letter:
                    yield "omitted-double", candidate
                else:
                    yield "omitted-first" if at == 0 else "omitted", candidate

    def _replaced(self, key: str) -> Slips:
        """Yield the names with one other character: it was replaced."""
        last = len(key) - 1
        for at, typed in enumerate(key):
            head, tail = key[:at], key[at + 1 :]
            for letter in _LETTERS:
                candidate = head + letter + tail
                if letter == typed or candidate not in self._known:
                    continue
                position = ""
                if at == 0:
                    position = "-first"
                elif at == last:
                    position = "-last"
                yield self._replacement_kind(letter, typed) + position, candidate

    def _replacement_kind(self, intended: str, typed: str) -> str:
        if typed in _SEPARATOR_CHARACTERS:
            return "separator" if intended == "-" else "replaced-separator"
        if intended == "-":
            return "replaced-separator"
        if typed.isdigit() and intended.isdigit():
            return "replaced-number"
        pair = {intended, typed}
        if any(pair <= group for group in self._look_alikes):
            return "replaced-look-alike"
        if pair <= _VOWELS:
            return "replaced-vowel"
        if typed in self._neighbour_keys.get(intended, ""):
            return "replaced-neighbour"
        if (
            typed.isalpha()
            and intended.isalpha()
            and _differ_by_one_bit(intended, typed)
        ):
            return "replaced-bit"
        return "replaced"

    @cached_property
    def _look_alikes(self) -> list[frozenset[str]]:
        return [frozenset(group) for group in self.data["words"]["look-alikes"]]

    @cached_property
    def _neighbour_keys(self) -> dict[str, str]:
        """The keys around each key of a keyboard, itself included."""
        rows: Sequence[str] = self.data["words"]["keyboard"]
        neighbours: dict[str, str] = {}
        for y, row in enumerate(rows):
            nearby_rows = rows[max(0, y - 1) : y + 2]
            for x, letter in enumerate(row):
                nearby = [near[max(0, x - 1) : x + 2] for near in nearby_rows]
                neighbours[letter] = "".join(nearby)
        return neighbours

    def _reordered_words(self, key: str) -> Slips:
        """Yield the names with the same words in another order, or with other separators."""
        words = [word for word in _SEPARATORS.split(key) if word]
        if 1 < len(words) <= _MOST_WORDS:
            for order in permutations(words):
                kind = "separator" if list(order) == words else "reordered"
                for separator in ("-", "", ".", "_"):
                    candidate = separator.join(order)
                    if candidate in self._known and candidate != key:
                        yield kind, candidate
        for at in range(2, len(key) - 1):
            candidate = key[at:] + key[:at]
            if candidate in self._known:
                yield "reordered", candidate

    def _affixes(self, key: str) -> Slips:
        """Yield the names without a generic word at the start or the end."""
        for suffix in self.data["words"]["suffixes"]:
            candidate = key.removesuffix(suffix)
            if candidate != key and candidate in self._known:
                yield "affix", candidate
        for prefix in self.data["words"]["prefixes"]:
            candidate = key.removeprefix(prefix)
            if candidate != key and candidate in self._known:
                yield "affix", candidate

    def _without_scope(self, key: str) -> Slips:
        """Yield the scoped package whose scope was omitted."""
        has_scopes = ecosystem_named(self.snapshot.ecosystem).scoped_names
        if not has_scopes or key.startswith("@"):
            return
        for bare in (key, re.sub(r"-\d{1,3}\Z", "", key)):
            if bare in self._scoped:
                yield "scope", self._scoped[bare]

    @cached_property
    def _scoped(self) -> dict[str, str]:
        """The most used scoped package for each name without its scope."""
        scoped = [name for name in self.snapshot.names if name.startswith("@")]
        return {name.partition("/")[2]: name for name in reversed(scoped)}

    def _double_slips(self, key: str) -> Slips:
        """Yield the names without two of the characters."""
        for first in range(len(key)):
            shortened = key[:first] + key[first + 1 :]
            for second in range(first, len(shortened)):
                candidate = shortened[:second] + shortened[second + 1 :]
                if candidate in self._known:
                    yield "twice", candidate


def _differ_by_one_bit(one: str, other: str) -> bool:
    return (ord(one) ^ ord(other)).bit_count() == 1


def _kind_at_end(slip: str, letter: str) -> str:
    if letter == "s":
        return f"{slip}-plural"
    return f"{slip}-number" if letter.isdigit() else f"{slip}-last"

"""Slips of single characters: what was typed is close to a well-known name."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    #: Kinds of slips, each with the well-known name that it starts from.
    Slips = Iterator[tuple[str, str]]

SEPARATOR_CHARACTERS = "-_."
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_VOWELS = frozenset("aeiouy")


@dataclass(frozen=True)
class NameEdits:
    """The well-known names, the rows of a keyboard, and groups of characters that look alike."""

    known: AbstractSet[str]
    keyboard: Sequence[str]
    look_alikes: Sequence[str]

    def all(self, key: str) -> Slips:
        """Yield the names with one character added, omitted or replaced, or some rearranged."""
        yield from self._swapped(key)
        yield from self._added(key)
        yield from self._omitted(key)
        yield from self._replaced(key)
        yield from self._moved(key)

    def _swapped(self, key: str) -> Slips:
        """Yield the names with two neighbouring characters swapped."""
        for at in range(len(key) - 1):
            candidate = key[:at] + key[at + 1] + key[at] + key[at + 2 :]
            if candidate in self.known and candidate != key:
                yield "swapped", candidate

    def _moved(self, key: str) -> Slips:
        """Yield the names with three neighbouring characters rearranged."""
        for at in range(len(key) - 2):
            a, b, c = key[at], key[at + 1], key[at + 2]
            for moved in (c + b + a, b + c + a, c + a + b):
                candidate = key[:at] + moved + key[at + 3 :]
                if candidate in self.known and candidate != key:
                    yield "moved", candidate

    def _added(self, key: str) -> Slips:
        """Yield the names without one of the characters: it was added."""
        last = len(key) - 1
        for at, letter in enumerate(key):
            candidate = key[:at] + key[at + 1 :]
            if candidate not in self.known:
                continue
            following = key[at + 1 : at + 2]
            if letter in SEPARATOR_CHARACTERS:
                yield "separator", candidate
            elif letter in (key[at - 1 : at], following):
                yield "repeated", candidate
            elif at == last:
                yield _kind_at_end("added", letter), candidate
            elif at == 0:
                yield "added-first", candidate
            elif letter == "s" and following in SEPARATOR_CHARACTERS:
                yield "added-plural", candidate
            elif self._is_beside(letter, key[at - 1], following):
                yield "added-neighbour", candidate
            else:
                yield "added", candidate

    def _is_beside(self, letter: str, before: str, after: str) -> bool:
        """Return whether a finger that hits a key also hits the next one."""
        keys = self._neighbour_keys
        return letter in keys.get(before, "") or letter in keys.get(after, "")

    def _omitted(self, key: str) -> Slips:
        """Yield the names with one more character: it was omitted."""
        length = len(key)
        for at in range(length + 1):
            head, tail = key[:at], key[at:]
            for letter in _LETTERS:
                candidate = head + letter + tail
                if candidate not in self.known:
                    continue
                if letter == "-":
                    yield "separator", candidate
                elif at == length:
                    yield _kind_at_end("omitted", letter), candidate
                elif (at and head[-1] == letter) or tail[0] == letter:
                    yield "omitted-double", candidate
                elif letter == "s" and tail[0] in SEPARATOR_CHARACTERS:
                    yield "omitted-plural", candidate
                elif letter in _VOWELS and at:
                    yield "omitted-vowel", candidate
                else:
                    yield "omitted-first" if at == 0 else "omitted", candidate

    def _replaced(self, key: str) -> Slips:
        """Yield the names with one other character: it was replaced."""
        last = len(key) - 1
        for at, typed in enumerate(key):
            head, tail = key[:at], key[at + 1 :]
            for letter in _LETTERS:
                candidate = head + letter + tail
                if letter == typed or candidate not in self.known:
                    continue
                position = ""
                if at == 0:
                    position = "-first"
                elif at == last:
                    position = "-last"
                yield self._replacement_kind(letter, typed) + position, candidate

    def _replacement_kind(self, intended: str, typed: str) -> str:
        if typed in SEPARATOR_CHARACTERS:
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
        return [frozenset(group) for group in self.look_alikes]

    @cached_property
    def _neighbour_keys(self) -> dict[str, str]:
        """The keys around each key of a keyboard, itself included."""
        neighbours: dict[str, str] = {}
        for y, row in enumerate(self.keyboard):
            nearby_rows = self.keyboard[max(0, y - 1) : y + 2]
            for x, letter in enumerate(row):
                nearby = [near[max(0, x - 1) : x + 2] for near in nearby_rows]
                neighbours[letter] = "".join(nearby)
        return neighbours


def _differ_by_one_bit(one: str, other: str) -> bool:
    return (ord(one) ^ ord(other)).bit_count() == 1


def _kind_at_end(slip: str, letter: str) -> str:
    if letter == "s":
        return f"{slip}-plural"
    return f"{slip}-number" if letter.isdigit() else f"{slip}-last"

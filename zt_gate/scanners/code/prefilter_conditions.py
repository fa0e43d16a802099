"""What a text must hold: conditions, and a text that answers them.

A condition is a tree: words of which one must occur, pieces of text of which
one must occur, or ``AllOf`` or ``AnyOf`` of other conditions.  ``AllOf()``
demands nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Words = frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Substrings:
    """One of these must stand somewhere: plain, or as a regular expression that takes linear time.

    All is in lower case, as the text is then.  ``is_joined``: it may be put
    together from several string literals.
    """

    plain: frozenset[bytes]
    matching: frozenset[bytes] = frozenset()
    is_joined: bool = False

    def __len__(self) -> int:
        return len(self.plain) + len(self.matching)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part must hold."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part must hold."""

    parts: tuple[Condition, ...] = ()


Condition = Words | Substrings | AllOf | AnyOf

ALWAYS = AllOf()

_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
# A decorator begins its line; what it belongs to begins another one.
_DECORATOR = re.compile(rb"^[ \t\f]*@", re.MULTILINE)
_DEFINITION = re.compile(rb"^[ \t\f]*(?:def|async|class)\b", re.MULTILINE)
# A name that is called: a bracket follows, perhaps behind a line end, a comment, or a bracket
# around the name alone. Python 2 calls two words without one.
_CALL = re.compile(rb"([A-Za-z_][A-Za-z0-9_]*)[\s\\)]*[(#]")
_CALLED_ANYHOW = (b"exec", b"print")
_IMPORT = re.compile(rb"\bimport\b")
_HASH = re.compile(rb"#[^\n]*")
# Bytes that an import over several lines may have.
_LONG = 20_000
# The end of one string literal and the start of the next, which the engine joins.
_JOINT = re.compile(rb"[\"'`][()\s\\+]*[rbuf]{0,2}[\"'`]")
# In the source of a piece: what is no plain text, and plain words.
_NO_LETTERS = re.compile(rb"\\.|\[[^\]]*\]|\{[^}]*\}")
_LETTERS = re.compile(rb"[a-z_]+")
# Without regard to case, these are s and k too.
_FOLDED = ((b"\xc5\xbf", b"s"), (b"\xe2\x84\xaa", b"k"))


class PrefilterText:
    """A text and what is asked of it.

    ``words`` are its runs of ASCII letters, digits and ``_``; in Python also
    ``@`` where it has a decorator, behind an ``@`` those that may name one, and
    behind a ``(`` those that may name what is called.
    """

    def __init__(self, data: bytes, *, python: bool) -> None:
        self.words: Words = frozenset(_WORD.findall(data))
        if python and _DECORATOR.search(data):
            named = _decorating(data, self.words)
            self.words |= {b"@", *(b"@" + word for word in named)}
        if python:
            self.words |= {b"(" + word for word in _called(data, self.words)}
        self._data = data
        self._known: dict[Substrings, bool] = {}

    def holds(self, condition: Condition) -> bool:
        """Whether the text can match a rule that demands this."""
        if isinstance(condition, frozenset):
            return not condition.isdisjoint(self.words)
        if isinstance(condition, AllOf):
            return all(map(self.holds, condition.parts))
        if isinstance(condition, AnyOf):
            return any(map(self.holds, condition.parts))
        known = self._known.get(condition)
        if known is None:
            known = self._known[condition] = self._has(condition)
        return known

    def _has(self, pieces: Substrings) -> bool:
        text = self._joined if pieces.is_joined else self._lowered
        return any(piece in text for piece in pieces.plain) or any(
            word in text and pattern.search(text)
            for word, pattern in map(_compiled, pieces.matching)
        )

    @cached_property
    def _lowered(self) -> bytes:
        text = self._data.lower()
        for letter, plain in _FOLDED:
            text = text.replace(letter, plain)
        return text

    @cached_property
    def _joined(self) -> bytes:
        return self._lowered + b"\n" + _JOINT.sub(b"", self._lowered)


def all_of(parts: Iterable[Condition]) -> Condition:
    """Return the conjunction, flat and without repeats, the quickest parts first."""
    flat: dict[Condition, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, AllOf) else (part,)))
    ordered = sorted(flat, key=_cost)
    return ordered[0] if len(ordered) == 1 else AllOf(tuple(ordered))


def any_of(parts: Iterable[Condition]) -> Condition:
    """Return the disjunction, flat; ALWAYS where there is no part."""
    words: set[bytes] = set()
    others: dict[Condition, None] = {}
    for part in parts:
        if part == ALWAYS:
            return ALWAYS
        if isinstance(part, frozenset):
            words |= part
        else:
            others.update(
                dict.fromkeys(part.parts if isinstance(part, AnyOf) else (part,))
            )
    found = [
        *((frozenset(words),) if words else ()),
        *sorted(_merged(others), key=_cost),
    ]
    return found[0] if len(found) == 1 else AnyOf(tuple(found)) if found else ALWAYS


def _merged(parts: Iterable[Condition]) -> Iterable[Condition]:
    """Make one part of all pieces that are asked of the same text."""
    pieces: dict[bool, Substrings] = {}
    for part in parts:
        if isinstance(part, Substrings):
            known = pieces.get(
                part.is_joined, Substrings(frozenset(), is_joined=part.is_joined)
            )
            pieces[part.is_joined] = Substrings(
                known.plain | part.plain, known.matching | part.matching, part.is_joined
            )
        else:
            yield part
    yield from pieces.values()


@lru_cache(maxsize=1000)
def _compiled(piece: bytes) -> tuple[bytes, re.Pattern[bytes]]:
    """Return a piece as a pattern, and its longest word, which is looked for first."""
    words = _LETTERS.findall(_NO_LETTERS.sub(b" ", piece))
    return max(words, key=len, default=b""), re.compile(piece)


def _cost(condition: Condition) -> tuple[int, int]:
    if isinstance(condition, frozenset):
        return 0, len(condition)
    if isinstance(condition, Substrings):
        return 1 + bool(condition.matching) + condition.is_joined, len(condition)
    return 4, len(condition.parts)


def to_table(condition: Condition) -> object:
    """Return a condition as JSON has it: words, or a kind and a list."""
    if isinstance(condition, frozenset):
        return sorted(word.decode() for word in condition)
    if isinstance(condition, Substrings):
        kind = "joined" if condition.is_joined else "pieces"
        parts = (condition.plain, condition.matching)
        return {kind: [sorted(piece.decode() for piece in part) for part in parts]}
    kind = "all" if isinstance(condition, AllOf) else "any"
    return {kind: [to_table(part) for part in condition.parts]}


def from_table(table: Any) -> Condition:
    """Return what ``to_table`` wrote."""
    if isinstance(table, list):
        return frozenset(word.encode() for word in table)
    ((kind, parts),) = table.items()
    if kind in {"joined", "pieces"}:
        plain, matching = (
            frozenset(piece.encode() for piece in part) for part in parts
        )
        return Substrings(plain, matching, kind == "joined")
    inner = tuple(from_table(part) for part in parts)
    return AllOf(inner) if kind == "all" else AnyOf(inner)


def _decorating(text: bytes, words: Words) -> Iterable[bytes]:
    """Return the words that stand in decorators, and those that are imported.

    What is imported may be used under another name; the engine knows.  Where it
    cannot be told what belongs to a decorator, every word does.
    """
    found: set[bytes] = set()
    end = 0
    for place in _DECORATOR.finditer(text):
        if place.start() < end:
            continue  # seen with the one before
        behind = _DEFINITION.search(text, place.end())
        end = behind.start() if behind else len(text)
        part = text[place.end() : end]
        if any(mark in part for mark in (b"\\", b"'''", b'"""')):
            return words
        found.update(_WORD.findall(part))
    return found | _imports(text)


def _called(text: bytes, words: Words) -> set[bytes]:
    """Return the words that a call may name; what is imported may have another name there."""
    anyhow = {word for word in _CALLED_ANYHOW if word in words}
    return {*_CALL.findall(text), *anyhow} | _imports(text)


def _imports(text: bytes) -> set[bytes]:
    """Return the words that follow an ``import``."""
    found: set[bytes] = set()
    for place in _IMPORT.finditer(text):
        found.update(_WORD.findall(_imported(text, place.end())))
    return found


def _imported(text: bytes, start: int) -> bytes:
    """Return what follows an ``import``, to the end of the line or of its brackets."""
    line = text[start : _end_of(text, b"\n", start)]
    if not line.lstrip().startswith(b"("):
        return line if b"\\" not in line else text[start : start + _LONG]
    part = _HASH.sub(b"", text[start : start + _LONG])
    return part[: _end_of(part, b")", 0)]


def _end_of(text: bytes, mark: bytes, start: int) -> int:
    end = text.find(mark, start)
    return len(text) if end < 0 else end

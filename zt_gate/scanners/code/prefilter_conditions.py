"""Conditions on a text that a rule needs to match, and their evaluation.

A condition is a tree: words of which one must occur, substrings of which one must occur,
or ``AllOf`` or ``AnyOf`` of other conditions.  ``AllOf()`` always holds.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

Words = frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Substrings:
    """Substrings of which one must occur, in lower case.

    ``plain`` are texts, ``matching`` are regular expressions that take linear time.
    ``is_joined`` says that the substring can be joined from several string literals.
    """

    plain: frozenset[bytes]
    matching: frozenset[bytes] = frozenset()
    is_joined: bool = False

    def __len__(self) -> int:
        return len(self.plain) + len(self.matching)


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts must hold."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part must hold."""

    parts: tuple[Condition, ...] = ()


Condition = Words | Substrings | AllOf | AnyOf

ALWAYS = AllOf()

_WORD = lazy_re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
# A decorator and the definition after it each begin a line.
_DECORATOR = lazy_re.compile(rb"^[ \t\f]*@", re.MULTILINE)
_DEFINITION = lazy_re.compile(rb"^[ \t\f]*(?:def|async|class)\b", re.MULTILINE)
# A called name: a parenthesis follows, possibly after a line end, a comment, or the closing
# parenthesis of ``(name)``.  Python 2 statements call two words without a parenthesis.
_CALL = lazy_re.compile(rb"([A-Za-z_][A-Za-z0-9_]*)[\s\\)]*[(#]")
_CALL_STATEMENTS = (b"exec", b"print")
_IMPORT = lazy_re.compile(rb"\bimport\b")
_HASH = lazy_re.compile(rb"#[^\n]*")
# Bytes of an import over several lines.
_MAX_IMPORT = 20_000
# The end of one string literal and the start of the next, which the engine joins.
_JOINT = lazy_re.compile(rb"[\"'`][()\s\\+]*[rbuf]{0,2}[\"'`]")
# In a regular expression: parts that are not plain text, and plain words.
_NOT_PLAIN = lazy_re.compile(rb"\\.|\[[^\]]*\]|\{[^}]*\}")
_PLAIN_WORD = lazy_re.compile(rb"[a-z_]+")
# Without regard to case, these characters equal s and k.
_FOLDED = ((b"\xc5\xbf", b"s"), (b"\xe2\x84\xaa", b"k"))


class PrefilterText:
    """A text on which conditions are evaluated.

    ``words`` are its runs of ASCII letters, digits and ``_``.  In Python, words that can
    name a decorator occur also with the prefix ``@``, words that can name a called
    function with the prefix ``(``, and ``@`` itself where there is a decorator.
    """

    def __init__(self, data: bytes, *, python: bool) -> None:
        words: Words = frozenset(_WORD.findall(data))
        prefixed: set[bytes] = set()
        if python and _DECORATOR.search(data):
            prefixed.add(b"@")
            prefixed.update(b"@" + word for word in _decorating(data, words))
        if python:
            prefixed.update(b"(" + word for word in _called(data, words))
        self.words: Words = words | prefixed
        self._data = data
        self._results: dict[Substrings, bool] = {}

    def holds(self, condition: Condition) -> bool:
        """Whether the condition holds for the text."""
        if isinstance(condition, frozenset):
            return not condition.isdisjoint(self.words)
        if isinstance(condition, AllOf):
            return all(map(self.holds, condition.parts))
        if isinstance(condition, AnyOf):
            return any(map(self.holds, condition.parts))
        result = self._results.get(condition)
        if result is None:
            result = self._results[condition] = self._contains(condition)
        return result

    def _contains(self, substrings: Substrings) -> bool:
        text = self._joined if substrings.is_joined else self._lowered
        if any(plain in text for plain in substrings.plain):
            return True
        for regex in substrings.matching:
            word, pattern = _compiled(regex)
            if word in text and pattern.search(text):
                return True
        return False

    @cached_property
    def _lowered(self) -> bytes:
        text = self._data.lower()
        for letter, plain in _FOLDED:
            text = text.replace(letter, plain)
        return text

    @cached_property
    def _joined(self) -> bytes:
        """The text in lower case, followed by it with adjacent string literals joined."""
        return self._lowered + b"\n" + _JOINT.sub(b"", self._lowered)


def all_of(parts: Iterable[Condition]) -> Condition:
    """Return the conjunction, flat and without duplicates, the fastest parts first."""
    flat: dict[Condition, None] = {}
    for part in parts:
        inner = part.parts if isinstance(part, AllOf) else (part,)
        flat.update(dict.fromkeys(inner))
    ordered = sorted(flat, key=_cost)
    return ordered[0] if len(ordered) == 1 else AllOf(tuple(ordered))


def any_of(parts: Iterable[Condition]) -> Condition:
    """Return the disjunction, flat; ALWAYS if there are no parts."""
    words: set[bytes] = set()
    others: dict[Condition, None] = {}
    for part in parts:
        if part == ALWAYS:
            return ALWAYS
        if isinstance(part, frozenset):
            words |= part
            continue
        inner = part.parts if isinstance(part, AnyOf) else (part,)
        others.update(dict.fromkeys(inner))
    alternatives: list[Condition] = sorted(_merged(others), key=_cost)
    if words:
        alternatives.insert(0, frozenset(words))
    if not alternatives:
        return ALWAYS
    return alternatives[0] if len(alternatives) == 1 else AnyOf(tuple(alternatives))


def _merged(parts: Iterable[Condition]) -> Iterable[Condition]:
    """Merge all substrings that are searched in the same form of the text."""
    merged: dict[bool, Substrings] = {}
    for part in parts:
        if not isinstance(part, Substrings):
            yield part
            continue
        previous = merged.get(part.is_joined)
        if previous is None:
            merged[part.is_joined] = part
            continue
        merged[part.is_joined] = Substrings(
            previous.plain | part.plain,
            previous.matching | part.matching,
            part.is_joined,
        )
    yield from merged.values()


@lru_cache(maxsize=1000)
def _compiled(regex: bytes) -> tuple[bytes, re.Pattern[bytes]]:
    """Return the longest plain word of an expression, for a first test, and its pattern."""
    words = _PLAIN_WORD.findall(_NOT_PLAIN.sub(b" ", regex))
    return max(words, key=len, default=b""), lazy_re.compile(regex)


def _cost(condition: Condition) -> tuple[int, int]:
    if isinstance(condition, frozenset):
        return 0, len(condition)
    if isinstance(condition, Substrings):
        return 1 + bool(condition.matching) + condition.is_joined, len(condition)
    return 4, len(condition.parts)


def words_of(condition: Condition) -> Words:
    """Return the words that a condition names anywhere."""
    if isinstance(condition, frozenset):
        return condition
    if isinstance(condition, Substrings):
        return frozenset()
    return frozenset().union(*map(words_of, condition.parts))


def to_table(condition: Condition) -> object:
    """Return a condition as JSON data: a list of words, or an object of one kind."""
    if isinstance(condition, frozenset):
        return _texts(condition)
    if isinstance(condition, Substrings):
        kind = "joined" if condition.is_joined else "pieces"
        return {kind: [_texts(condition.plain), _texts(condition.matching)]}
    kind = "all" if isinstance(condition, AllOf) else "any"
    return {kind: [to_table(part) for part in condition.parts]}


def _texts(words: Words) -> list[str]:
    return sorted(word.decode() for word in words)


def from_table(table: Any) -> Condition:
    """Return the condition that ``to_table`` encoded."""
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
    """Return the words that can name a decorator: those in decorators and in imports.

    An imported name can be used under another name, which the engine resolves.  Where the
    end of a decorator is not certain, every word can name one.
    """
    decorating: set[bytes] = set()
    end = 0
    for decorator in _DECORATOR.finditer(text):
        if decorator.start() < end:
            continue  # part of the previous section
        definition = _DEFINITION.search(text, decorator.end())
        end = definition.start() if definition else len(text)
        section = text[decorator.end() : end]
        if any(mark in section for mark in (b"\\", b"'''", b'"""')):
            return words
        decorating.update(_WORD.findall(section))
    return decorating | _imports(text)


def _called(text: bytes, words: Words) -> set[bytes]:
    """Return the words that can name a called function: in calls and in imports."""
    statements = {word for word in _CALL_STATEMENTS if word in words}
    return {*_CALL.findall(text), *statements} | _imports(text)


def _imports(text: bytes) -> set[bytes]:
    """Return the words after each ``import``."""
    words: set[bytes] = set()
    for keyword in _IMPORT.finditer(text):
        words.update(_WORD.findall(_imported(text, keyword.end())))
    return words


def _imported(text: bytes, start: int) -> bytes:
    """Return the text after an ``import``, to the end of the line or of its parentheses."""
    line = text[start : _end_of(text, b"\n", start)]
    if line.lstrip().startswith(b"("):
        section = _HASH.sub(b"", text[start : start + _MAX_IMPORT])
        return section[: _end_of(section, b")", 0)]
    if b"\\" in line:
        return text[start : start + _MAX_IMPORT]
    return line


def _end_of(text: bytes, mark: bytes, start: int) -> int:
    end = text.find(mark, start)
    return len(text) if end < 0 else end

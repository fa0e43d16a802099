"""Derives the substrings that every match of a regular expression contains.

Parses the part of the PCRE syntax that is needed for this.  An expression with unknown
syntax gives the condition that always holds.
"""

from __future__ import annotations

import re

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.scanners.code.prefilter_conditions import (
    ALWAYS,
    Condition,
    Substrings,
    all_of,
    any_of,
)

#: Plain characters of the shortest substring that is used.
_MIN_SUBSTRING = 2
_QUANTIFIER = lazy_re.compile(r"([*+?]|\{(\d*)(,?)(\d*)\})[?+]?")
_SYMBOLS: dict[str, tuple[int, int | None]] = {
    "*": (0, None),
    "+": (1, None),
    "?": (0, 1),
}
_OPENING = lazy_re.compile(
    r"\((?:\?(?::|>|=|!|<=|<!|P?<[A-Za-z_]\w*>|([a-z]*)(?:-([a-z]+))?([:)])))?"
)
_CLASS = lazy_re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
# A class of punctuation and spaces only, which is the same in lower case.
_PUNCTUATION_CLASS = lazy_re.compile(r"\[(?:[^\w\[\]\\^&~|]|\\[^\w]|\\s)+\]", re.ASCII)
_SPACE = r"\s"
_PLAIN = ".()[]{}*+?|^$/\\-\"'`<>=!:;,%#&~@ _"
_KNOWN_ESCAPES = frozenset("bBsSdDwWAZznrtfv" + _PLAIN)
_MAX_DEPTH = 40


class _UnknownError(Exception):
    """Syntax that this module does not support."""


def condition_of_regex(regex: str, *, is_joined: bool = False) -> Condition:
    """Return the condition on a text in which ``regex`` matches, regardless of case.

    ``is_joined`` says that the matched text can be joined from string literals.
    """
    parser = _Parser(regex, is_joined=is_joined)
    try:
        condition = parser.choice(0)
    except _UnknownError:
        return ALWAYS
    is_complete = parser.position == len(regex)
    return condition if is_complete else ALWAYS


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of a sequence.

    ``source`` is its expression if it can be part of a substring, "" for a gap.
    ``is_plain`` says that it is plain text, ``is_empty`` that it matches no text.
    ``group`` is the condition of a group.
    """

    source: str = ""
    is_plain: bool = False
    is_empty: bool = False
    group: Condition | None = None


class _Parser:
    """A recursive-descent parser of a regular expression; raises _UnknownError."""

    def __init__(self, regex: str, *, is_joined: bool) -> None:
        self.regex = regex
        self.position = 0
        self._is_joined = is_joined

    def choice(self, depth: int, before: tuple[_Item, ...] = ()) -> Condition:
        """Parse alternatives up to a closing parenthesis or the end.

        ``before`` are the items directly before each alternative.
        """
        if depth > _MAX_DEPTH:
            raise _UnknownError
        parts = [self._sequence(depth, before)]
        while self.regex[self.position : self.position + 1] == "|":
            self.position += 1
            parts.append(self._sequence(depth, before))
        return any_of(parts)

    def _sequence(self, depth: int, before: tuple[_Item, ...]) -> Condition:
        conditions: list[Condition] = []
        run = list(before)  # items without a gap between them
        while self.position < len(self.regex) and self.regex[self.position] not in "|)":
            item = self._item(depth, tuple(run))
            least, most = self._quantity()
            if item.is_empty:
                continue
            if item.source and least == most == 1:
                run.append(item)
                continue
            if _is_repeatable(item, most):
                upper = "" if most is None else str(most)
                run.append(_Item(f"{item.source}{{{least},{upper}}}"))
                continue
            if item.group is not None and least:
                conditions.append(item.group)
            elif item.is_plain and least:
                run.append(item)
            conditions.append(self._substring(run))
            run = []
        return all_of([*conditions, self._substring(run)])

    def _substring(self, run: list[_Item]) -> Condition:
        """Return the condition of a run, without optional items at its ends."""
        while run and run[0].source.endswith("}") and "{0," in run[0].source:
            run = run[1:]
        while run and not run[-1].is_plain:
            run = run[:-1]
        if sum(item.is_plain for item in run) < _MIN_SUBSTRING:
            return ALWAYS
        source = "".join(item.source for item in run)
        if all(item.is_plain for item in run):
            text = re.sub(r"\\(.)", r"\1", source).encode()
            return Substrings(frozenset((text,)), is_joined=self._is_joined)
        regexes = frozenset((source.encode(),))
        return Substrings(frozenset(), regexes, is_joined=self._is_joined)

    def _item(self, depth: int, before: tuple[_Item, ...]) -> _Item:
        char = self.regex[self.position]
        if char == "(":
            return self._group(depth, before)
        if char == "[":
            return self._class()
        self.position += 1
        if char == "\\":
            return self._escape()
        if char in "^$":
            return _Item(is_empty=True)
        if char in "*+?":
            raise _UnknownError
        if char == "." or not char.isascii():
            return _Item()
        return _Item(re.escape(char.lower()), is_plain=True)

    def _class(self) -> _Item:
        match = _CLASS.match(self.regex, self.position)
        if match is None or "[:" in match[0] or "&&" in match[0]:
            raise _UnknownError
        self.position = match.end()
        # A class with letters would differ in lower case.
        if _PUNCTUATION_CLASS.fullmatch(match[0]):
            return _Item(match[0])
        return _Item()

    def _escape(self) -> _Item:
        char = self.regex[self.position : self.position + 1]
        self.position += 1
        if not char or char not in _KNOWN_ESCAPES:
            raise _UnknownError
        if char in "bB":
            return _Item(is_empty=True)
        if char == "s":
            return _Item(_SPACE)
        if char in _PLAIN:
            return _Item(re.escape(char), is_plain=True)
        return _Item()

    def _group(self, depth: int, before: tuple[_Item, ...]) -> _Item:
        opening = _OPENING.match(self.regex, self.position)
        if opening is None or "x" in (opening[1] or ""):
            raise _UnknownError
        if self.regex.startswith("(?", self.position) and opening[0] == "(":
            raise _UnknownError
        self.position = opening.end()
        if opening[3] == ")":  # flags for the rest of the expression
            return _Item(is_empty=True)
        is_negative = opening[0] in {"(?!", "(?<!"}
        is_lookbehind = opening[0] in {"(?<=", "(?<!"}
        items_before = () if is_negative or is_lookbehind else before
        condition = self.choice(depth + 1, items_before)
        if self.regex[self.position : self.position + 1] != ")":
            raise _UnknownError
        self.position += 1
        return _Item(is_empty=True) if is_negative else _Item(group=condition)

    def _quantity(self) -> tuple[int, int | None]:
        """Parse a quantifier: the minimum, and the maximum or None for no limit."""
        match = _QUANTIFIER.match(self.regex, self.position)
        if match is None:
            return 1, 1
        self.position = match.end()
        symbol, lower, comma, upper = match.groups()
        if symbol in _SYMBOLS:
            return _SYMBOLS[symbol]
        if not lower and not upper:
            raise _UnknownError  # some engines read this as a literal brace
        if not comma:
            return int(lower), int(lower)
        return int(lower or 0), int(upper) if upper else None


def _is_repeatable(item: _Item, most: int | None) -> bool:
    """Whether a repetition of the item can be part of a substring in linear time."""
    if not item.source or item.is_plain or item.group is not None:
        return False
    return most is not None or item.source == _SPACE

"""What a text must hold for a regular expression to match a part of it.

Reads as much of the syntax (PCRE, as the engine has it) as is needed to see
which pieces of plain text no match can do without.  What it does not know
makes the whole expression demand nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from zt_gate.scanners.code.prefilter_conditions import (
    ALWAYS,
    Condition,
    Substrings,
    all_of,
    any_of,
)

#: Characters of the shortest piece that is worth a look.
_SHORTEST = 2
_QUANTIFIER = re.compile(r"([*+?]|\{(\d*)(,?)(\d*)\})[?+]?")
_OPENING = re.compile(
    r"\((?:\?(?::|>|=|!|<=|<!|P?<[A-Za-z_]\w*>|([a-z]*)(?:-([a-z]+))?([:)])))?"
)
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
# A class of marks and spaces only; what is in it means the same in lower case.
_MARKS = re.compile(r"\[(?:[^\w\[\]\\^&~|]|\\[^\w]|\\s)+\]", re.ASCII)
_SPACE = r"\s"
_PLAIN = ".()[]{}*+?|^$/\\-\"'`<>=!:;,%#&~@ _"
_KNOWN = frozenset("bBsSdDwWAZznrtfv" + _PLAIN)
_DEPTH = 40


class _UnknownError(Exception):
    """Something that is not read here."""


def condition_of_regex(regex: str, *, is_joined: bool = False) -> Condition:
    """Return what a text must hold that ``regex`` matches, in upper or lower case.

    ``is_joined`` says that what is matched may be joined from string literals.
    """
    try:
        reader = _Reader(regex, is_joined=is_joined)
        found = reader.choice(0)
        return found if reader.at == len(regex) else ALWAYS
    except _UnknownError:
        return ALWAYS


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of a sequence.

    ``source`` is the item itself where it may stand in a piece (none for a gap),
    ``is_plain`` says that it is text, ``is_empty`` that it stands for no text,
    ``group`` is what a bracket demands.
    """

    source: str = ""
    is_plain: bool = False
    is_empty: bool = False
    group: Condition | None = None


class _Reader:
    """A cursor in a regular expression; raises _UnknownError."""

    def __init__(self, regex: str, *, is_joined: bool) -> None:
        self.regex = regex
        self.at = 0
        self._is_joined = is_joined

    def choice(self, depth: int, before: tuple[_Item, ...] = ()) -> Condition:
        """Read alternatives up to a closing bracket or the end; ``before`` stands before each."""
        if depth > _DEPTH:
            raise _UnknownError
        parts = [self._sequence(depth, before)]
        while self.regex[self.at : self.at + 1] == "|":
            self.at += 1
            parts.append(self._sequence(depth, before))
        return any_of(parts)

    def _sequence(self, depth: int, before: tuple[_Item, ...]) -> Condition:
        found: list[Condition] = []
        run = list(before)  # items without a gap
        while self.at < len(self.regex) and self.regex[self.at] not in "|)":
            item = self._item(depth, tuple(run))
            least, most = self._quantity()
            if item.is_empty or (item.source and least == most == 1):
                run += [] if item.is_empty else [item]
                continue
            if item.group is not None:
                found += [item.group] if least else []
            elif (
                item.source
                and not item.is_plain
                and (most is not None or item.source == _SPACE)
            ):
                most_text = "" if most is None else str(most)
                run.append(_Item(f"{item.source}{{{least},{most_text}}}"))
                continue
            elif item.is_plain and least:
                run.append(item)
            found.append(self._piece(run))
            run = []
        return all_of([*found, self._piece(run)])

    def _piece(self, run: list[_Item]) -> Condition:
        """Return a run as a condition, from its first item that must be there."""
        while run and (run[0].source.endswith("}") and "{0," in run[0].source):
            run = run[1:]
        while run and not run[-1].is_plain:
            run = run[:-1]
        if sum(item.is_plain for item in run) < _SHORTEST:
            return ALWAYS
        source = "".join(item.source for item in run)
        if all(item.is_plain for item in run):
            plain = re.sub(r"\\(.)", r"\1", source)
            return Substrings(frozenset((plain.encode(),)), is_joined=self._is_joined)
        return Substrings(
            frozenset(), frozenset((source.encode(),)), is_joined=self._is_joined
        )

    def _item(self, depth: int, before: tuple[_Item, ...]) -> _Item:
        letter = self.regex[self.at]
        if letter == "(":
            return self._group(depth, before)
        if letter == "[":
            return self._class()
        self.at += 1
        if letter == "\\":
            return self._escape()
        if letter in "^$":
            return _Item(is_empty=True)
        if letter in "*+?":
            raise _UnknownError
        if letter == "." or not letter.isascii():
            return _Item()
        return _Item(re.escape(letter.lower()), is_plain=True)

    def _class(self) -> _Item:
        found = _CLASS.match(self.regex, self.at)
        if found is None or "[:" in found[0] or "&&" in found[0]:
            raise _UnknownError
        self.at = found.end()
        # A letter would mean something else in lower case.
        return _Item(found[0] if _MARKS.fullmatch(found[0]) else "")

    def _escape(self) -> _Item:
        letter = self.regex[self.at : self.at + 1]
        self.at += 1
        if not letter or letter not in _KNOWN:
            raise _UnknownError
        if letter in "bB":
            return _Item(is_empty=True)
        if letter == "s":
            return _Item(_SPACE)
        if letter in _PLAIN:
            return _Item(re.escape(letter), is_plain=True)
        return _Item()

    def _group(self, depth: int, before: tuple[_Item, ...]) -> _Item:
        opening = _OPENING.match(self.regex, self.at)
        if opening is None or "x" in (opening[1] or ""):
            raise _UnknownError
        if self.regex.startswith("(?", self.at) and opening[0] == "(":
            raise _UnknownError
        self.at = opening.end()
        if opening[3] == ")":  # flags for what follows
            return _Item(is_empty=True)
        is_negative = opening[0] in {"(?!", "(?<!"}
        is_behind = opening[0].startswith("(?<") and opening[0] in {"(?<=", "(?<!"}
        condition = self.choice(depth + 1, () if is_negative or is_behind else before)
        if self.regex[self.at : self.at + 1] != ")":
            raise _UnknownError
        self.at += 1
        return _Item(is_empty=True) if is_negative else _Item(group=condition)

    def _quantity(self) -> tuple[int, int | None]:
        """Read a quantifier: the least and the largest number of times, None for any."""
        found = _QUANTIFIER.match(self.regex, self.at)
        if found is None:
            return 1, 1
        self.at = found.end()
        if not found[3]:
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(
                found[1]
            ) or _exactly(found[2])
        if not found[2] and not found[4]:
            raise _UnknownError  # a plain brace to some readers
        return int(found[2] or 0), int(found[4]) if found[4] else None


def _exactly(number: str) -> tuple[int, int]:
    if not number:
        raise _UnknownError
    return int(number), int(number)

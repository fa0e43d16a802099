"""The words of a command with their values, as far as the text decides them.

A part that only a run would know (an unset variable, the output of a command) is the one
character ``UNKNOWN`` in the value.  Constants are followed: ``$HOME``, ``~``, variables
that the command itself assigned, ``$'…'``, and braces such as ``a{b,c}``.
"""

from __future__ import annotations

import re

from zt_gate import lazy_re
from zt_gate.record import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

#: Stands for a part of a value that the text does not decide.
UNKNOWN = "\ufffc"
#: Begins the key of a variable that has the value of one of the environment.
ALIAS = "\0"
_MOST_EXPANSIONS = 64
_ESCAPE = lazy_re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|(.))",
    re.DOTALL,
)
_NAMED_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "v": "\v",
}
_PATTERN = frozenset("*?[")
_BLANKS = " \t\n"
_SET = lazy_re.compile(r"\[[^\]]+\]")
_BACKSLASH = lazy_re.compile(r"\\(\n|.)", re.DOTALL)
_BACKSLASH_IN_QUOTES = lazy_re.compile(r'\\([$`"\\\n])')


@record(frozen=True, slots=True)
class CommandWord:
    """One word.

    ``text`` is its value with ``UNKNOWN`` parts; ``pattern`` means that an unquoted
    ``*``, ``?`` or ``[`` in it stands for names of files; ``quoted`` that it is not only
    plain characters, so that it is no keyword or option by its looks.  ``splits`` means
    that an undecided part may become several words, or none.  ``names`` are variables of
    the environment whose values are in it.
    """

    text: str
    pattern: bool = False
    quoted: bool = False
    start: int = 0
    end: int = 0
    splits: bool = False
    names: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether the whole value is decided by the text."""
        return UNKNOWN not in self.text

    @property
    def known_start(self) -> str:
        """The value up to its first undecided part."""
        return self.text.partition(UNKNOWN)[0]


@record(frozen=True, slots=True)
class _Piece:
    text: str
    is_plain: bool = False
    #: Words of ``"$@"`` that stay words of their own.
    words: tuple[str, ...] | None = None
    #: An expansion outside quotes, which the shell splits at blanks.
    splits: bool = False
    name: str = ""


class Expander:
    """Gives words their values.

    ``on_nested`` is called for each substitution's node, and returns what the node writes
    if that is known.
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        positional: Sequence[str] | None,
        on_nested: Callable[[dict[str, Any]], str | None],
        arrays: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.variables = variables
        self.arrays = arrays or {}
        self.positional = positional
        self.on_nested = on_nested

    def words(self, node: dict[str, Any]) -> tuple[CommandWord, ...]:
        """Return the words that a node becomes: several for braces and ``"$@"``."""
        start, end = node["Pos"]["Offset"], node["End"]["Offset"]
        parts = node.get("Parts", [])
        pieces = [piece for part in parts for piece in self._pieces(part, quoted=False)]
        spread = [piece for piece in pieces if piece.words is not None]
        if spread and len(pieces) == 1:
            return tuple(
                CommandWord(text, quoted=True, start=start, end=end)
                for text in spread[0].words or ()
            )
        quoted = any(not piece.is_plain for piece in pieces)
        unquoted = "".join(
            piece.text for piece in pieces if piece.is_plain or piece.splits
        )
        has_pattern = _is_pattern(unquoted)
        plain = "".join(piece.text for piece in pieces if piece.is_plain)
        texts = _braces(pieces) if "{" in plain else self._fields(pieces)
        if not quoted:
            texts = [text for text in texts if text]
        if _may_be_home(pieces):
            # Each word of a list, but only the first of a split expansion.
            count = len(texts) if "{" in plain else 1
            texts[:count] = [self._tilde(text) for text in texts[:count]]
        splits = any(piece.splits and UNKNOWN in piece.text for piece in pieces)
        names = tuple(piece.name for piece in pieces if piece.name)
        return tuple(
            CommandWord(text, has_pattern, quoted, start, end, splits, names)
            for text in texts
        )

    def _fields(self, pieces: Sequence[_Piece]) -> list[str]:
        """Join the pieces, and split the unquoted expansions as the shell does."""
        separators = self.variables.get("IFS", _BLANKS)
        if not any(piece.splits for piece in pieces):
            return ["".join(map(_unescaped, pieces))]
        fields: list[str] = []
        current: str | None = None
        for piece in pieces:
            if not piece.splits:
                current = (current or "") + _unescaped(piece)
                continue
            if UNKNOWN in separators:
                current = (current or "") + UNKNOWN
                continue
            for char in piece.text:
                if char not in separators:
                    current = (current or "") + char
                elif current is not None:
                    fields.append(current)
                    current = None
        if current is not None:
            fields.append(current)
        return fields

    def one(self, node: dict[str, Any] | None) -> CommandWord:
        """Return a node's value as one word, as in an assignment; None is empty."""
        if node is None:
            return CommandWord("")
        start, end = node["Pos"]["Offset"], node["End"]["Offset"]
        parts = node.get("Parts", [])
        pieces = [piece for part in parts for piece in self._pieces(part, quoted=False)]
        text = "".join(map(_unescaped, pieces))
        if _may_be_home(pieces):
            text = self._tilde(text)
        plain = "".join(piece.text for piece in pieces if piece.is_plain)
        names = tuple(piece.name for piece in pieces if piece.name)
        return CommandWord(
            text,
            pattern=_is_pattern(plain),
            quoted=any(not piece.is_plain for piece in pieces),
            start=start,
            end=end,
            names=names,
        )

    def _tilde(self, text: str) -> str:
        name, equals, value = text.partition("=")
        if equals and value.startswith("~") and name.isidentifier():
            # The shell expands ``of=~/file``, too: it looks like an assignment.
            return f"{name}={self._tilde(value)}"
        if not text.startswith("~"):
            return text
        name, slash, rest = text.partition("/")
        home = {"~": "HOME", "~+": "PWD", "~-": "OLDPWD"}.get(name)
        if home is None:
            return f"/{UNKNOWN}{slash}{rest}"
        return f"{self.variables.get(home, UNKNOWN)}{slash}{rest}"

    def _pieces(self, part: dict[str, Any], *, quoted: bool) -> Iterator[_Piece]:
        kind = part["Type"]
        if kind == "Lit":
            text = part.get("Value", "")
            if quoted:
                yield _Piece(_BACKSLASH_IN_QUOTES.sub(_kept_unless_newline, text))
            else:
                yield _Piece(text, is_plain=True)
        elif kind == "SglQuoted":
            text = part.get("Value", "")
            yield _Piece(ansi_unescaped(text) if part.get("Dollar") else text)
        elif kind == "DblQuoted":
            inner = part.get("Parts", [])
            if not inner:
                yield _Piece("")
            for item in inner:
                yield from self._pieces(item, quoted=True)
        elif kind == "ParamExp":
            piece = self._parameter(part)
            if not quoted and piece.words is None:
                piece = replace(piece, splits=True)
            yield piece
        elif kind == "ExtGlob":
            yield _Piece("*", is_plain=True)
        else:  # CmdSubst, ProcSubst, ArithmExp and whatever a later parser adds
            text = self.on_nested(part)
            splits = kind == "CmdSubst" and not quoted
            yield _Piece(UNKNOWN if text is None else text, splits=splits)

    def _parameter(self, part: dict[str, Any]) -> _Piece:
        name = part.get("Param", {}).get("Value", "")
        for key in ("Index", "Slice", "Repl", "Exp"):
            if isinstance(part.get(key), dict):
                self.on_nested({"Type": key, "Name": name, **_without_type(part[key])})
        value = self._value(name)
        items = self._items(name, part.get("Index"))
        if items is not None:
            return _Piece(" ".join(items), words=items)
        if part.get("Excl") and value is not None and not part.get("Names"):
            # ``${!name}``: the variable that the value names.
            return _Piece(self.variables.get(value, UNKNOWN), name=value)
        if any(part.get(key) for key in ("Index", "Excl", "Width", "Names")):
            return _Piece(UNKNOWN, name=name)
        if part.get("Length"):
            return _Piece(UNKNOWN if value is None else str(len(value)))
        if part.get("Slice") or part.get("Repl"):
            changed = _changed(value, part, self.one)
            return _Piece(UNKNOWN if changed is None else changed, name=name)
        expansion = part.get("Exp")
        if expansion is None:
            if name in {"@", "*"} and self.positional is not None:
                return _Piece(" ".join(self.positional), words=tuple(self.positional))
            if value is None:
                return _Piece(UNKNOWN, name=self.variables.get(f"{ALIAS}{name}", name))
            return _Piece(value)
        # ``${NAME:+set}`` tells that there is a value, and not which.
        shown = "" if expansion.get("Op") in {":+", "+"} else name
        expanded = self._expanded(value, expansion)
        return _Piece(expanded, name=shown if UNKNOWN in expanded else "")

    def _items(self, name: str, index: Any) -> tuple[str, ...] | None:
        """Return the words of ``${name[@]}``, None where they are not known."""
        if not isinstance(index, dict) or name not in self.arrays:
            return None
        literal = "".join(part.get("Value", "") for part in index.get("Parts") or ())
        items = self.arrays[name]
        if literal in {"@", "*"}:
            return items
        if literal.isdigit():
            return items[int(literal) : int(literal) + 1]
        return None

    def _value(self, name: str) -> str | None:
        if name.isdigit() and self.positional is not None and name != "0":
            index = int(name) - 1
            return self.positional[index] if index < len(self.positional) else ""
        if name == "IFS":
            return self.variables.get(name, _BLANKS)
        return self.variables.get(name)

    def _expanded(self, value: str | None, expansion: dict[str, Any]) -> str:
        """Return the value of ``${name:-word}`` and its like."""
        operator = expansion.get("Op", "")
        if operator in {":-", "-", ":=", "="}:
            # A variable of the environment is probably not set.
            return value or self.one(expansion.get("Word")).text
        if operator in {":?", "?"} and value is not None:
            return value
        if operator in _CASES and value is not None and UNKNOWN not in value:
            return str(_CASES[operator](value))
        if operator in {":+", "+"}:
            # Whether a variable of the environment is set is not known: take it as set.
            return "" if value == "" else self.one(expansion.get("Word")).text
        word = expansion.get("Word")
        cut = self.one(word).text if word else ""
        is_plain = value is not None and UNKNOWN not in cut and _PATTERN.isdisjoint(cut)
        if is_plain and value is not None:
            if operator in {"%", "%%"}:
                return value.removesuffix(cut)
            if operator in {"#", "##"}:
                return value.removeprefix(cut)
        return UNKNOWN


def _may_be_home(pieces: Sequence[_Piece]) -> bool:
    """Whether a ``~`` at the start is a folder: nothing is quoted up to the first slash."""
    if not pieces or not pieces[0].is_plain:
        return False
    prefix, slash, _ = pieces[0].text.partition("/")
    return "\\" not in prefix and (bool(slash) or len(pieces) == 1)


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text or bool(_SET.search(text))


def _first_upper(value: str) -> str:
    return value[:1].upper() + value[1:]


def _first_lower(value: str) -> str:
    return value[:1].lower() + value[1:]


#: ``${name^^}`` and its like, without a pattern.
_CASES: Mapping[str, Any] = {
    "^^": str.upper,
    ",,": str.lower,
    "^": _first_upper,
    ",": _first_lower,
}


def _changed(
    value: str | None,
    part: dict[str, Any],
    one: Callable[[dict[str, Any] | None], CommandWord],
) -> str | None:
    """Return ``${value:1:2}`` or ``${value/a/b}``, None where it is not decided."""
    if value is None or UNKNOWN in value:
        return None
    slice_ = part.get("Slice")
    if slice_:
        numbers = [_number(slice_.get(key)) for key in ("Offset", "Length")]
        if None in numbers or (numbers[1] or 0) < 0:
            return None
        start = numbers[0] or 0
        rest = value[start:] if start >= 0 or -start <= len(value) else ""
        return rest[: numbers[1]] if slice_.get("Length") else rest
    repl = part["Repl"]
    old, new = one(repl.get("Orig")).text, one(repl.get("With")).text
    is_plain = _PATTERN.isdisjoint(old) and UNKNOWN not in old + new
    if not old or not is_plain or old[0] in "#%":
        return None
    return value.replace(old, new, -1 if repl.get("All") else 1)


def _number(node: dict[str, Any] | None) -> int | None:
    if node is None:
        return 0
    text = "".join(part.get("Value", "") for part in node.get("Parts") or ())
    return int(text) if text.lstrip("-").isdigit() else None


def _without_type(node: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key != "Type"}


def _kept_unless_newline(match: re.Match[str]) -> str:
    return "" if match[1] == "\n" else match[1]


def _unescaped(piece: _Piece) -> str:
    if not piece.is_plain or "\\" not in piece.text:
        return piece.text
    return _BACKSLASH.sub(_kept_unless_newline, piece.text)


def ansi_unescaped(text: str) -> str:
    r"""Return the value of ``$'text'`` (bash, ANSI-C quoting)."""

    def value(match: re.Match[str]) -> str:
        number = match[1] or match[3] or match[4]
        if number:
            code = int(number, 16)
            return chr(code) if code < 0x110000 else UNKNOWN
        if match[2]:
            return chr(int(match[2], 8) & 0xFF)
        return _NAMED_ESCAPES.get(match[5], match[5])

    return _ESCAPE.sub(value, text)


def _braces(pieces: Sequence[_Piece]) -> list[str]:
    """Expand ``{a,b}`` and ``{1..3}`` in the plain pieces.

    What is not expanded here (nested or too many) stays with its braces and an UNKNOWN,
    so that no reader takes it for a constant.
    """
    if any(piece.splits for piece in pieces):
        # Braces come first: ``$X{1,2}`` is ``$X1 $X2``.
        return [UNKNOWN]
    results = [""]
    for piece in pieces:
        if not piece.is_plain or "{" not in piece.text:
            results = [result + _unescaped(piece) for result in results]
            continue
        alternatives = _brace_alternatives(piece.text)
        if alternatives is None or len(results) * len(alternatives) > _MOST_EXPANSIONS:
            return [f"{piece.text}{UNKNOWN}"]
        results = [
            result + alternative for result in results for alternative in alternatives
        ]
    return results


# An even number of backslashes before a brace leaves it a brace.
_BRACE = lazy_re.compile(r"(?<!\\)((?:\\\\)*)\{((?:[^{}\\]|\\.)*)\}")
_LETTERS = lazy_re.compile(r"([a-zA-Z])\.\.([a-zA-Z])\Z")
_PADDED = lazy_re.compile(r"(?:^|\.\.)-?0\d")
_RANGE = lazy_re.compile(r"(-?\d{1,4})\.\.(-?\d{1,4})\Z")


def _brace_alternatives(text: str) -> list[str] | None:
    match = next(
        (
            found
            for found in _BRACE.finditer(text)
            if "," in found[2] or ".." in found[2]
        ),
        None,
    )
    if match is None:
        open_list = "{" in text and "," in text.partition("{")[2]
        if open_list and "}" not in text:
            return None  # the list goes on in a quoted part
        return [_BACKSLASH.sub(_kept_unless_newline, text)]
    numbers = _RANGE.match(match[2])
    letters = _LETTERS.match(match[2])
    if "," in match[2]:
        if "\\" in match[2]:
            return None
        items = match[2].split(",")
    elif letters is not None:
        first, last = ord(letters[1]), ord(letters[2])
        if letters[1].islower() is not letters[2].islower():
            return None
        step = 1 if last >= first else -1
        items = [chr(code) for code in range(first, last + step, step)]
    elif numbers is None or _PADDED.search(match[2]):
        return None
    else:
        first, last = int(numbers[1]), int(numbers[2])
        step = 1 if last >= first else -1
        if abs(last - first) >= _MOST_EXPANSIONS:
            return None
        items = [str(number) for number in range(first, last + step, step)]
    results: list[str] = []
    for item in items:
        rest = _brace_alternatives(text[: match.end(1)] + item + text[match.end() :])
        if rest is None or len(results) + len(rest) > _MOST_EXPANSIONS:
            return None
        results += rest
    return results

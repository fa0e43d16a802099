"""TOML: values from ``tomllib``, places from the tokens.

``tomllib`` says nothing about places.  The tree is no second parser: it only
tells strings, comments and brackets from keys, in documents that ``tomllib``
has accepted.  Follows TOML 1.0.  Linear in the length of the text, whatever it
holds: what would make ``tomllib`` slow is refused before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.syntax.document import (
    DEFAULT_LIMITS,
    Document,
    Limits,
    Node,
    SyntaxReadError,
    decode,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# A multi-line string that does not end swallows the rest of the text, so that
# no position is ever tried twice; possessive repeats give nothing back.
_PIECE = re.compile(
    r"""
      (?P<text>"{3}(?:[^"\\]++|\\[\s\S]|"{1,2}+(?!"))*+(?:"{3,5}+|\\?\Z)
        |'{3}(?:[^']++|'{1,2}+(?!'))*+(?:'{3,5}+|\Z))
    | (?P<key>"(?:[^"\\\n]++|\\.)*+"?|'[^'\n]*+'?|[A-Za-z0-9_+:-]++)
    | (?P<comment>\#[^\n]*+)
    | (?P<newline>\n)
    | (?P<space>[ \t\r]++)
    | (?P<mark>[][{}=.,])
    | (?P<other>[\s\S])
    """,
    re.VERBOSE,
)
_LONG_NUMBER = re.compile(r"0[xob][0-9A-Fa-f_]{500}")
_PLACE = re.compile(r" \(at (?:line (\d{1,9}), column \d{1,9}|end of document)\)$")


def read(
    data: bytes | str, *, limits: Limits = DEFAULT_LIMITS, utf16: bool = False
) -> Document:
    """Read a TOML document; raises SyntaxReadError.

    ``detail`` of the error is what ``tomllib`` says.
    """
    import tomllib

    content = decode(data, limits, utf16=utf16)
    _check(content, limits)
    try:
        value = tomllib.loads(content)
    except RecursionError as error:
        raise SyntaxReadError(0, "nested too deeply") from error
    except ValueError as error:
        raise _error(content, str(error)) from error
    if _LONG_NUMBER.search(content) and _holds_huge_number(value):
        raise SyntaxReadError(0, "not valid TOML: a number of more than 64 bits")
    return Document(content, value=value, make_root=lambda: _Tree(content).root)


def _holds_huge_number(value: Any) -> bool:
    """Whether there is a number that Python cannot even print: TOML has 64 bits."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, int) and one.bit_length() > 64:
            return True
        if isinstance(one, dict | list):
            waiting += one.values() if isinstance(one, dict) else one
    return False


def _error(content: str, message: str) -> SyntaxReadError:
    place = _PLACE.search(message)
    detail = message[: place.start()] if place else message
    line = int(place[1]) if place and place[1] else content.rstrip("\n").count("\n") + 1
    return SyntaxReadError(line, "not valid TOML", detail)


def _check(content: str, limits: Limits) -> None:
    """Refuse keys of too many parts and values nested too deeply; raises SyntaxReadError."""
    brackets = sum(content.count(bracket) for bracket in "[{")
    dots = content.count(".") >= limits.parts and any(
        line.count(".") >= limits.parts for line in content.split("\n")
    )
    if brackets <= limits.depth and not dots:
        return
    parts = depth = line = 0
    fresh = header = False
    for kind, piece in _pieces(content):
        if kind == "mark":
            parts = parts + 1 if piece == "." else 0
            if parts >= limits.parts:
                raise SyntaxReadError(
                    line + 1, f"a key has more than {limits.parts} dotted parts"
                )
            header = header or (piece == "[" and fresh and not depth)
            if not header:
                depth = max(0, depth + (piece in "[{") - (piece in "]}"))
            if depth > limits.depth:
                raise SyntaxReadError(
                    line + 1, f"nested too deeply: {limits.depth} levels at most"
                )
            fresh = False
        elif kind == "newline":
            fresh, header, parts = True, False, 0
            line += 1
        elif kind in {"text", "other", "comment"}:
            fresh, parts = False, 0
            line += piece.count("\n")
        elif kind == "key":
            fresh = False


def _pieces(content: str) -> Iterator[tuple[str, str]]:
    for match in _PIECE.finditer(content):
        yield match.lastgroup or "", match.group()


class _Tree:
    """Builds the tree of a valid document: one pass, no deeper than its values are nested."""

    def __init__(self, content: str) -> None:
        self.content = content
        self.tokens = (
            match
            for match in _PIECE.finditer(content)
            if match.lastgroup not in {"space", "comment"}
        )
        self.token = next(self.tokens, None)
        self.children: dict[int, dict[str, Node]] = {}
        self.root = self._table(0, 0)
        self.root.end = len(content)
        table = self.root
        while self.token is not None:
            if self.token.lastgroup == "newline":
                self._step()
            elif self.token[0] == "[":
                table = self._header()
            else:
                self._setting(table)

    def _step(self) -> re.Match[str]:
        """Return the token that is next and go behind it."""
        token = self.token
        if token is None:
            raise SyntaxReadError(0, "not valid TOML")
        self.token = next(self.tokens, None)
        return token

    def _is(self, piece: str) -> bool:
        return self.token is not None and self.token[0] == piece

    def _table(self, start: int, end: int) -> Node:
        table = Node("", "", start, end, pairs=[])
        self.children[id(table)] = {}
        return table

    def _put(self, table: Node, key: Node, value: Node) -> None:
        if table.pairs is not None:
            table.pairs.append((key, value))
        self.children[id(table)][key.value] = value

    def _below(self, table: Node, key: Node) -> Node:
        """Return the table under a key; of an array of tables the last one."""
        found = self.children[id(table)].get(key.value)
        if found is None:
            found = self._table(key.start, key.end)
            self._put(table, key, found)
        return found.items[-1] if found.items else found

    def _header(self) -> Node:
        """Take a header with its line; return the table that it opens."""
        start = self._step().start()
        is_element = self._is("[")
        if is_element:
            self._step()
        parts = self._key()
        end = self._step().end()
        if is_element:
            end = self._step().end()
        table = self.root
        for key in parts[:-1]:
            table = self._below(table, key)
        last = parts[-1]
        if not is_element:
            return self._below(table, last)
        listed = self.children[id(table)].get(last.value)
        if listed is None:
            listed = Node("", "", last.start, last.end, items=[])
            self._put(table, last, listed)
        element = self._table(start, end)
        if listed.items is not None:
            listed.items.append(element)
        return element

    def _key(self) -> list[Node]:
        """Take a key with its dots."""
        parts = [_scalar(self._step())]
        while self._is("."):
            self._step()
            parts.append(_scalar(self._step()))
        return parts

    def _setting(self, table: Node) -> None:
        *above, last = self._key()
        for key in above:
            table = self._below(table, key)
        self._step()  # the equals sign
        self._put(table, last, self._value())

    def _value(self) -> Node:
        token = self._step()
        if token[0] == "[":
            return self._array(token.start())
        if token[0] == "{":
            return self._inline_table(token.start())
        if token[0][0] in "\"'":
            return _scalar(token)
        # A number with a dot, a date with a blank: everything up to the end of the value.
        end = token.end()
        while self.token is not None and self.token[0] not in {",", "]", "}", "\n"}:
            end = self._step().end()
        return Node(self.content[token.start() : end], "", token.start(), end)

    def _array(self, start: int) -> Node:
        array = Node("", "", start, start, items=[])
        while not self._is("]"):
            if self._is(",") or self._is("\n"):
                self._step()
            elif array.items is not None:
                array.items.append(self._value())
        array.end = self._step().end()
        return array

    def _inline_table(self, start: int) -> Node:
        table = self._table(start, start)
        while not self._is("}"):
            if self._is(",") or self._is("\n"):
                self._step()
            else:
                self._setting(table)
        table.end = self._step().end()
        return table


def _scalar(token: re.Match[str]) -> Node:
    word = token[0]
    style = word[:3] if word[:3] in {'"""', "'''"} and len(word) >= 6 else word[:1]
    if style not in {'"', "'", '"""', "'''"}:
        return Node(word, "", *token.span())
    inner = word[len(style) : -len(style)]
    if style[0] == '"' and "\\" in inner:
        inner = _unescaped(word)
    elif len(style) == 3:
        inner = inner.removeprefix("\n")
    return Node(inner, style, *token.span())


def _unescaped(word: str) -> str:
    import tomllib

    return str(tomllib.loads(f"key = {word}")["key"])

"""Reader for TOML 1.0: values from ``tomllib``, places from the tokens.

``tomllib`` gives no places.  The tree is built from tokens, only for documents that
``tomllib`` accepts, so it does not validate anything.  The time is linear in the length
of any text: what would make ``tomllib`` slow is refused before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
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

# An unclosed multi-line string extends to the end of the text, and possessive
# repeats do not backtrack, so that no position is tried twice.
_TOKEN = lazy_re.compile(
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
_LONG_NUMBER = lazy_re.compile(r"0[xob][0-9A-Fa-f_]{500}")
_ERROR_PLACE = lazy_re.compile(
    r" \(at (?:line (\d{1,9}), column \d{1,9}|end of document)\)$"
)


def read(
    data: bytes | str, *, limits: Limits = DEFAULT_LIMITS, utf16: bool = False
) -> Document:
    """Read a TOML document; raises SyntaxReadError with the message of ``tomllib``."""
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
    """Return whether a value contains a number over 64 bits, which Python may refuse to print."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, int) and item.bit_length() > 64:
            return True
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return False


def _error(content: str, message: str) -> SyntaxReadError:
    """Return the error for a message of ``tomllib``, which ends in the place."""
    last_line = content.rstrip("\n").count("\n") + 1
    place = _ERROR_PLACE.search(message)
    if place is None:
        return SyntaxReadError(last_line, "not valid TOML", message)
    line = int(place[1]) if place[1] else last_line
    return SyntaxReadError(line, "not valid TOML", message[: place.start()])


def _check(content: str, limits: Limits) -> None:
    """Refuse keys of too many parts and values nested too deeply; raises SyntaxReadError."""
    if not _may_exceed(content, limits):
        return
    parts = depth = line = 0
    at_line_start = in_header = False
    for kind, word in _tokens(content):
        if kind == "mark":
            parts = parts + 1 if word == "." else 0
            if parts >= limits.parts:
                raise SyntaxReadError(
                    line + 1, f"a key has more than {limits.parts} dotted parts"
                )
            if word == "[" and at_line_start and not depth:
                in_header = True
            if not in_header:
                depth = max(0, depth + (word in "[{") - (word in "]}"))
            if depth > limits.depth:
                raise SyntaxReadError(
                    line + 1, f"nested too deeply: {limits.depth} levels at most"
                )
            at_line_start = False
        elif kind == "newline":
            at_line_start, in_header, parts = True, False, 0
            line += 1
        elif kind in {"text", "other", "comment"}:
            at_line_start, parts = False, 0
            line += word.count("\n")
        elif kind == "key":
            at_line_start = False


def _may_exceed(content: str, limits: Limits) -> bool:
    """Return whether the text has enough brackets or dots to exceed a limit."""
    if content.count("[") + content.count("{") > limits.depth:
        return True
    if content.count(".") < limits.parts:
        return False
    return any(line.count(".") >= limits.parts for line in content.split("\n"))


def _tokens(content: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(content):
        yield match.lastgroup or "", match.group()


class _Tree:
    """Builds the tree of a valid document in one pass; recurses only into nested values."""

    def __init__(self, content: str) -> None:
        self.content = content
        self.tokens = (
            match
            for match in _TOKEN.finditer(content)
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
        """Return the next token and advance."""
        token = self.token
        if token is None:
            raise SyntaxReadError(0, "not valid TOML")
        self.token = next(self.tokens, None)
        return token

    def _is(self, mark: str) -> bool:
        """Return whether the next token is this mark."""
        return self.token is not None and self.token[0] == mark

    def _table(self, start: int, end: int) -> Node:
        table = Node("", "", start, end, pairs=[])
        self.children[id(table)] = {}
        return table

    def _put(self, table: Node, key: Node, value: Node) -> None:
        if table.pairs is not None:
            table.pairs.append((key, value))
        self.children[id(table)][key.value] = value

    def _subtable(self, table: Node, key: Node) -> Node:
        """Return the table with a key, created if missing; of an array of tables the last one."""
        child = self.children[id(table)].get(key.value)
        if child is None:
            child = self._table(key.start, key.end)
            self._put(table, key, child)
        return child.items[-1] if child.items else child

    def _header(self) -> Node:
        """Read a header; return the table that it opens."""
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
            table = self._subtable(table, key)
        last = parts[-1]
        if not is_element:
            return self._subtable(table, last)
        array = self.children[id(table)].get(last.value)
        if array is None:
            array = Node("", "", last.start, last.end, items=[])
            self._put(table, last, array)
        element = self._table(start, end)
        if array.items is not None:
            array.items.append(element)
        return element

    def _key(self) -> list[Node]:
        """Read a key; return its dotted parts."""
        parts = [_scalar(self._step())]
        while self._is("."):
            self._step()
            parts.append(_scalar(self._step()))
        return parts

    def _setting(self, table: Node) -> None:
        *parents, last = self._key()
        for key in parents:
            table = self._subtable(table, key)
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
        # A number with a dot or a date with a blank consists of several tokens.
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

"""JSON: values from ``json``, places from the tokens; comments where the program takes them.

``json`` says nothing about places and takes the last of two equal keys, where
package managers differ; so a valid document is walked once more by its tokens.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from zt_gate.syntax.document import (
    DEFAULT_LIMITS,
    Document,
    Limits,
    Node,
    Pair,
    SyntaxReadError,
    decode,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# An unclosed string runs to the end, so that no text is walked twice.
_STRING = r'"(?:[^"\\]++|\\.)*+"?'
_TOKEN = re.compile(rf'{_STRING}|[{{}}\[\],]|[^\s{{}}\[\],:"]++', re.DOTALL)
# Strings without a bracket are passed over in one step with what follows.
_BRACKET = re.compile(rf"{_STRING}|[{{}}\[\]]", re.DOTALL)
_COMMENTS = r"//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/"
_BRACKET_OR_COMMENT = re.compile(rf"{_STRING}|[{{}}\[\]]|{_COMMENTS}", re.DOTALL)
_COLON = re.compile(rf"(?:\s++|{_COMMENTS})*+:", re.DOTALL)
_COMMENT = re.compile(rf"{_STRING}|{_COMMENTS}", re.DOTALL)
# A comma before the end of a list or table, but not one behind its beginning or another.
_LAST_COMMA = re.compile(rf"{_STRING}|[\[{{,:]\s*+,|,(?=\s*+[}}\]])", re.DOTALL)


def read(
    data: bytes | str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    relaxed: bool = False,
    utf16: bool = False,
) -> Document:
    """Read a JSON document (RFC 8259); raises SyntaxReadError.

    ``relaxed`` is what editors call JSONC: comments and trailing commas; an
    empty file is an empty table.  ``utf16``: see ``decode``.
    """
    content = decode(data, limits, utf16=utf16)
    plain = _without_comments(content) if relaxed else content
    if relaxed and not plain.strip():
        return Document(content, value={}, root=Node(pairs=[]))
    _check_depth(plain, limits.depth)
    value = _parsed(plain)
    return Document(
        content,
        value=value,
        make_root=lambda: _tree(plain),
        make_leaves=lambda: _leaves(plain),
    )


def keys(document: Document, depth: int) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Yield the path, start and end of every key at ``depth`` (1: of the document itself).

    For lock files: it walks brackets and strings only, so it is some times
    faster than the tree.  A level that is a list has "" in the path.
    """
    path: list[str] = []
    level = 0
    content = document.content
    for match in _BRACKET_OR_COMMENT.finditer(content):
        word = match[0]
        if word in "{[":
            level += 1
        elif word in "}]":
            level -= 1
        elif level <= depth and word[0] == '"' and _COLON.match(content, match.end()):
            del path[level - 1 :]
            path += [""] * (level - 1 - len(path))
            path.append(_unescaped(word))
            if level == depth:
                yield tuple(path), match.start(), match.end()


def _without_comments(content: str) -> str:
    """Put blanks in the place of comments and trailing commas."""
    blanked = _COMMENT.sub(_blank, content)
    return _LAST_COMMA.sub(_blank_comma, blanked)


def _blank(match: re.Match[str]) -> str:
    word = match[0]
    return word if word[0] == '"' else re.sub(r"[^\n]", " ", word)


def _blank_comma(match: re.Match[str]) -> str:
    return " " if match[0] == "," else match[0]


def _check_depth(content: str, limit: int) -> None:
    if content.count("{") + content.count("[") <= limit:
        return
    depth = 0
    for match in _BRACKET.finditer(content):
        word = match[0]
        if word in "{[":
            depth += 1
            if depth > limit:
                line = content.count("\n", 0, match.start()) + 1
                raise SyntaxReadError(line, f"nested deeper than {limit} levels")
        elif word in "}]":
            depth -= 1


def _parsed(content: str) -> Any:
    try:
        return json.loads(content, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        line = content.count("\n", 0, error.pos) + 1
        raise SyntaxReadError(line, f"not valid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise SyntaxReadError(0, "not valid JSON") from error


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _unescaped(word: str) -> str:
    return str(json.loads(word)) if "\\" in word else word[1:-1]


def _tree(content: str) -> Node:
    """Build the tree of a valid document."""
    outer: list[Node] = []
    stack: list[tuple[list[Node] | None, list[Pair] | None, Node | None]] = []
    items: list[Node] | None = outer
    pairs: list[Pair] | None = None
    key: Node | None = None
    opened: list[Node] = []
    for match in _TOKEN.finditer(content):
        word = match[0]
        mark = word[0]
        if mark == ",":
            continue
        start, end = match.span()
        if mark in "}]":
            opened.pop().end = end
            items, pairs, key = stack.pop()
            continue
        if mark == '"':
            node = Node(_unescaped(word), '"', start, end)
            if pairs is not None and key is None:
                key = node
                continue
        elif mark in "{[":
            node = Node("", "", start, end)
        else:
            node = Node(word, "", start, end)
        if items is not None:
            items.append(node)
        elif pairs is not None and key is not None:
            pairs.append((key, node))
            key = None
        if mark in "{[":
            stack.append((items, pairs, key))
            opened.append(node)
            items, pairs = ([], None) if mark == "[" else (None, [])
            node.items, node.pairs = items, pairs
    return outer[0]


def _leaves(content: str) -> Iterator[tuple[tuple[str, ...], Node | None, Node]]:
    """Yield every scalar of a valid document with its names and its key.

    The tree would give the same; for a lock file of some megabytes most of the
    time would go into keeping it.
    """
    stack: list[tuple[tuple[str, ...], bool]] = []
    names: tuple[str, ...] = ()
    in_table = False
    key: Node | None = None
    for match in _TOKEN.finditer(content):
        word = match[0]
        mark = word[0]
        if mark == ",":
            continue
        if mark in "{[":
            stack.append((names, in_table))
            if len(stack) > 1:
                names = (*names, key.value if key is not None else "")
            in_table, key = mark == "{", None
        elif mark in "}]":
            names, in_table = stack.pop()
            key = None
        elif mark == '"':
            node = Node(_unescaped(word), '"', match.start(), match.end())
            if in_table and key is None:
                key = node
            else:
                inside = (*names, key.value if key is not None else "") if stack else ()
                yield inside, key, node
                key = None
        else:
            node = Node(word, "", match.start(), match.end())
            inside = (*names, key.value if key is not None else "") if stack else ()
            yield inside, key, node
            key = None

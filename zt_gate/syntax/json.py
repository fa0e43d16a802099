"""Reader for JSON, and for JSON with comments.

Values come from ``json``, places from a second pass over the tokens of the valid
document: ``json`` gives no places, and of two equal keys only the last, while some
package managers use the first.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
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

# An unclosed string extends to the end, so that no text is scanned twice.
_STRING = r'"(?:[^"\\]++|\\.)*+"?'
_TOKEN = lazy_re.compile(rf'{_STRING}|[{{}}\[\],]|[^\s{{}}\[\],:"]++', re.DOTALL)
# Strings are matched, too, so that a bracket inside them is not found.
_BRACKET = lazy_re.compile(rf"{_STRING}|[{{}}\[\]]", re.DOTALL)
_COMMENTS = r"//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/"
_BRACKET_OR_COMMENT = lazy_re.compile(rf"{_STRING}|[{{}}\[\]]|{_COMMENTS}", re.DOTALL)
_COLON = lazy_re.compile(rf"(?:\s++|{_COMMENTS})*+:", re.DOTALL)
_COMMENT = lazy_re.compile(rf"{_STRING}|{_COMMENTS}", re.DOTALL)
# A comma before the end of a list or table, unless it follows the start or another comma.
_LAST_COMMA = lazy_re.compile(rf"{_STRING}|[\[{{,:]\s*+,|,(?=\s*+[}}\]])", re.DOTALL)


def read(
    data: bytes | str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    relaxed: bool = False,
    utf16: bool = False,
) -> Document:
    """Read a JSON document (RFC 8259); raises SyntaxReadError.

    ``relaxed``: accept comments and trailing commas (JSONC in editors), and read an
    empty file as an empty table.  ``utf16``: see ``decode``.
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
    """Yield the path, start and end of every key at ``depth`` (1: keys of the document).

    It scans only brackets and strings, which is several times faster than building
    the tree of a lock file.  A level that is a list is "" in the path.
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
    """Replace comments and trailing commas by blanks."""
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
    document: list[Node] = []
    # The enclosing containers: their items or pairs, and the key that waits for a value.
    stack: list[tuple[list[Node] | None, list[Pair] | None, Node | None]] = []
    open_nodes: list[Node] = []
    items: list[Node] | None = document
    pairs: list[Pair] | None = None
    key: Node | None = None
    for match in _TOKEN.finditer(content):
        mark = match[0][0]
        if mark == ",":
            continue
        if mark in "}]":
            open_nodes.pop().end = match.end()
            items, pairs, key = stack.pop()
            continue
        is_container = mark in "{["
        node = Node("", "", *match.span()) if is_container else _scalar(match)
        if mark == '"' and pairs is not None and key is None:
            key = node
            continue
        if items is not None:
            items.append(node)
        elif pairs is not None and key is not None:
            pairs.append((key, node))
            key = None
        if is_container:
            stack.append((items, pairs, key))
            open_nodes.append(node)
            items, pairs = ([], None) if mark == "[" else (None, [])
            node.items, node.pairs = items, pairs
    return document[0]


def _leaves(content: str) -> Iterator[tuple[tuple[str, ...], Node | None, Node]]:
    """Yield every scalar of a valid document with its names and its key.

    Equal to walking the tree, but faster: for a lock file of some megabytes most of
    the time would be spent on building it.
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
        else:
            node = _scalar(match)
            if mark == '"' and in_table and key is None:
                key = node
                continue
            leaf_names: tuple[str, ...] = ()
            if stack:
                leaf_names = (*names, key.value if key is not None else "")
            yield leaf_names, key, node
            key = None


def _scalar(match: re.Match[str]) -> Node:
    word = match[0]
    start, end = match.span()
    if word[0] == '"':
        return Node(_unescaped(word), '"', start, end)
    return Node(word, "", start, end)

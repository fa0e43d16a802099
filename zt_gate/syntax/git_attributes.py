"""``.gitattributes``: a table from each pattern to its attributes."""

from __future__ import annotations

import re
from typing import Any

from zt_gate.syntax.document import DEFAULT_LIMITS, Document, Limits, Node, Pair, decode

_LINE = re.compile(r'\s*("(?:[^"\\]|\\.)*+"|\S+)\s*(.*)')
_WORD = re.compile(r"\S+")


def read(
    data: bytes | str, *, limits: Limits = DEFAULT_LIMITS, utf16: bool = False
) -> Document:
    """Read a file of git attributes; raises SyntaxReadError.

    An attribute is True (``name``), False (``-name`` or ``!name``) or a text
    (``name=text``).
    """
    content = decode(data, limits, utf16=utf16)
    pairs: list[Pair] = []
    tables: dict[str, list[Pair]] = {}
    value: dict[str, dict[str, Any]] = {}
    offset = 0
    for line in content.split("\n"):
        start, offset = offset, offset + len(line) + 1
        match = None if line.lstrip().startswith("#") else _LINE.match(line)
        if match is None:
            continue
        pattern = _pattern(match, start)
        if pattern.value not in tables:
            tables[pattern.value], value[pattern.value] = [], {}
            table = Node(
                "", "", pattern.start, pattern.end, pairs=tables[pattern.value]
            )
            pairs.append((pattern, table))
        for word in _WORD.finditer(match[2]):
            key, given = _attribute(word, start + match.start(2))
            value[pattern.value][key.value] = given
            text = given if isinstance(given, str) else ""
            node = Node(
                text,
                "",
                key.end + 1 if text else key.start,
                start + match.start(2) + word.end(),
            )
            tables[pattern.value].append((key, node))
    return Document(
        content, value=value, root=Node("", "", 0, len(content), pairs=pairs)
    )


def _pattern(match: re.Match[str], start: int) -> Node:
    pattern = match[1].strip('"')
    shift = len(match[1]) - len(match[1].lstrip('"'))
    begin = start + match.start(1) + (shift if pattern else 0)
    return Node(pattern, "", begin, begin + len(pattern))


def _attribute(word: re.Match[str], start: int) -> tuple[Node, str | bool]:
    """Return the name and what it is set to."""
    name, mark, text = word[0].partition("=")
    is_off = name[:1] in {"-", "!"}
    name = name[1:] if is_off else name
    begin = start + word.start() + is_off
    key = Node(name, "", begin, begin + len(name))
    return key, text if mark else not is_off

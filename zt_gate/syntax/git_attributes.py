"""Reader for ``.gitattributes``: a table from each pattern to its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.syntax.document import DEFAULT_LIMITS, Document, Limits, Node, Pair, decode

if TYPE_CHECKING:
    import re

_LINE = lazy_re.compile(r'\s*("(?:[^"\\]|\\.)*+"|\S+)\s*(.*)')
_WORD = lazy_re.compile(r"\S+")


def read(
    data: bytes | str, *, limits: Limits = DEFAULT_LIMITS, utf16: bool = False
) -> Document:
    """Read a file of git attributes; raises SyntaxReadError.

    The value of an attribute is True (``name``), False (``-name`` or ``!name``) or a
    text (``name=text``).
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
        name = pattern.value
        if name not in tables:
            tables[name], value[name] = [], {}
            table = Node("", "", pattern.start, pattern.end, pairs=tables[name])
            pairs.append((pattern, table))
        words_start = start + match.start(2)
        for word in _WORD.finditer(match[2]):
            key, setting = _attribute(word, words_start)
            value[name][key.value] = setting
            text = setting if isinstance(setting, str) else ""
            node_start = key.end + 1 if text else key.start
            node = Node(text, "", node_start, words_start + word.end())
            tables[name].append((key, node))
    root = Node("", "", 0, len(content), pairs=pairs)
    return Document(content, value=value, root=root)


def _pattern(match: re.Match[str], start: int) -> Node:
    pattern = match[1].strip('"')
    shift = len(match[1]) - len(match[1].lstrip('"'))
    begin = start + match.start(1) + (shift if pattern else 0)
    return Node(pattern, "", begin, begin + len(pattern))


def _attribute(word: re.Match[str], start: int) -> tuple[Node, str | bool]:
    """Return the name of an attribute and its value."""
    name, equals, text = word[0].partition("=")
    name_start = start + word.start()
    is_off = name[:1] in {"-", "!"}
    if is_off:
        name = name[1:]
        name_start += 1
    key = Node(name, "", name_start, name_start + len(name))
    return key, text if equals else not is_off

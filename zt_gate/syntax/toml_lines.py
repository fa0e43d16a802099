"""On which line a key of a TOML document stands, and whether its keys are too deep.

``tomllib`` says neither.  This is no second parser: it only tells strings,
comments and brackets from keys, for documents that ``tomllib`` has accepted
(``key_lines``) or is about to read (``deep_key_line``).  Follows TOML 1.0.
Linear in the length of the text, whatever it holds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Where something stands: keys of tables, numbers of elements in arrays of tables.
Path = tuple[str | int, ...]

#: Parts of one dotted key.  tomllib takes quadratic time over them.
MAX_PARTS = 64

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


def line_of(lines: dict[Path, int], path: Path) -> int:
    """Return the line of ``path`` or of the nearest key around it; 1 if there is none."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 1


def deep_key_line(text: str) -> int | None:
    """Return the first line whose key has more than MAX_PARTS parts, or None."""
    if all(line.count(".") < MAX_PARTS for line in text.split("\n")):
        return None
    dots = 0
    for kind, piece, line in _pieces(text):
        if piece == ".":
            dots += 1
            if dots >= MAX_PARTS:
                return line
        elif kind not in {"key", "space"}:
            dots = 0
    return None


def key_lines(text: str) -> dict[Path, int]:
    """Map the path of every table header and key to its 1-based line.

    Keys inside inline tables and arrays are not in it; ``line_of`` falls back
    to the key that holds them.  An element of an array of tables has its
    number in its path: ``("ignore", 0, "rule")``.
    """
    lines: dict[Path, int] = {}
    arrays: dict[Path, int] = {}
    table: Path = ()
    for marks, parts, line in _statements(text):
        if marks == "":
            path = (*table, *parts)
        else:
            path = table = _table_path(parts, arrays, element=marks == "[[")
        start = 1 if marks else len(table) + 1
        for end in range(start, len(path) + 1):
            lines.setdefault(path[:end], line)
    return lines


def _table_path(parts: Sequence[str], arrays: dict[Path, int], *, element: bool) -> Path:
    """Resolve a header: a name of an array of tables means its last element."""
    path: Path = ()
    for number, part in enumerate(parts):
        path = (*path, part)
        if element and number == len(parts) - 1:
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path = (*path, arrays[path])
    return path


def _statements(text: str) -> Iterator[tuple[str, list[str], int]]:
    """Yield ``("" | "[" | "[[", key parts, line)`` of every header and every key."""
    marks, parts, first = "", list[str](), 0
    depth, in_value = 0, False
    for kind, piece, line in _pieces(text):
        if kind == "newline":
            if depth == 0:
                if marks and parts:
                    yield marks, parts, first
                marks, parts, in_value = "", [], False
        elif in_value:
            depth += (piece in "[{") - (piece in "]}") if kind == "mark" else 0
        elif kind == "key":
            first = first if parts else line
            parts.append(_unquoted(piece))
        elif piece == "=":
            yield "", parts, first
            parts, in_value = [], True
        elif piece == "[" and not parts:
            marks += piece
    if marks and parts:
        yield marks, parts, first


def _unquoted(piece: str) -> str:
    if piece[:1] == "'":
        return piece.strip("'")
    if piece[:1] != '"' or "\\" not in piece:
        return piece.strip('"')
    import tomllib

    try:
        return str(tomllib.loads(f"key = {piece}")["key"])
    except tomllib.TOMLDecodeError:
        return piece


def _pieces(text: str) -> Iterator[tuple[str, str, int]]:
    line = 1
    for match in _PIECE.finditer(text):
        kind, piece = match.lastgroup or "", match.group()
        yield kind, piece, line
        line += 1 if kind == "newline" else piece.count("\n") if kind == "text" else 0

"""TOML with the line of each table and key, as far as plain lines tell it."""

from __future__ import annotations

import re
import tomllib

from zt_gate.scanners.agent_config.documents import Document, Path, UnreadableError

#: Parts of one dotted key: tomllib takes quadratic time over them.
_MAX_DOTS = 48
_HEADER = re.compile(r"[ \t]*(\[\[?)([^\]\n]{1,400})\]")
_KEY = re.compile(
    r"[ \t]*+((?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|[\w-]++|[ \t]*+\.[ \t]*+){1,99}+)[ \t]*+="
)
_PART = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'|([\w-]+)")


def read(text: str) -> Document:
    """Parse one document; raises UnreadableError with the parser's place."""
    if any(line.count(".") > _MAX_DOTS and _deep(line) for line in text.split("\n")):
        raise UnreadableError("a key with too many dotted parts")
    try:
        root = tomllib.loads(text)
    except RecursionError as error:
        raise UnreadableError("not valid TOML: nested too deeply") from error
    except ValueError as error:
        place = re.search(r"line \d{1,9}", str(error))
        raise UnreadableError(f"{place[0] + ': ' if place else ''}not valid TOML") from error
    return Document(root, _lines(text), text)


def _deep(line: str) -> bool:
    """Whether the dots can be a key's: those of a text or a comment stand behind = or #."""
    return re.split(r"[=#]", line, maxsplit=1)[0].count(".") > _MAX_DOTS


def _lines(text: str) -> dict[Path, int]:
    """Map paths to lines; a line inside a text of several lines can only add a wrong extra."""
    lines: dict[Path, int] = {}
    arrays: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.split("\n"), 1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            table = _table(_parts(header[2]), arrays, element=header[1] == "[[")
            lines.setdefault(table, number)
        elif key:
            path: Path = table
            for part in _parts(key[1]):
                path = (*path, part)
                lines.setdefault(path, number)
    return lines


def _parts(text: str) -> list[str]:
    return [match[1] or match[2] or match[3] or "" for match in _PART.finditer(text)]


def _table(parts: list[str], arrays: dict[Path, int], *, element: bool) -> Path:
    path: Path = ()
    for number, part in enumerate(parts):
        path = (*path, part)
        if element and number == len(parts) - 1:
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path = (*path, arrays[path])
    return path

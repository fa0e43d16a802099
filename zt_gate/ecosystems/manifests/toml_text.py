"""Where things stand in a TOML file, which ``tomllib`` does not say.

One pass over the tokens, also used to refuse what would make ``tomllib`` slow:
its work grows with the square of the parts of a dotted key.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from zt_gate.ecosystems.manifests.base import ManifestError, Text

_LIMIT = 1024 * 1024
_MOST_DOTS = 32
_DEEPEST = 100
# An unclosed string runs on to its limit, so that no text is walked twice.
_TOKEN = re.compile(
    r'#[^\n]*|"""(?:[^\\"]++|\\.|"(?!""))*+(?:"{3,5})?'
    r"|'''(?:[^']++|'(?!''))*+(?:'{3,5})?"
    r'|"(?:[^"\\\n]++|\\.)*+"?'
    r"|'[^'\n]*+'?|[A-Za-z0-9_-]+|[^\sA-Za-z0-9_-]|\n",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A string or a bare word: its value, its span, and the table that it stands in."""

    value: str
    start: int
    end: int
    table: str


@dataclass(slots=True)
class Document:
    """A parsed TOML file that can tell the place of a value."""

    data: dict[str, Any]
    text: Text
    tokens: dict[str, list[Token]] = field(default_factory=dict)

    def place(self, value: str, table: str) -> tuple[int, int, int]:
        """Return the place of ``value``, best inside ``table``; each place is given out once.

        Line 1 where it cannot be found (a value put together from escapes).
        """
        found = self.tokens.get(value, [])
        if not found:
            return 1, 1, 1
        inside = [n for n, token in enumerate(found) if token.table.startswith(table)]
        which = inside[0] if inside else 0
        token = found[which]
        if len(found) > 1:
            del found[which]
        return self.text.place(token.start, token.end)


def parse(data: bytes, limit: int = _LIMIT) -> Document:
    """Parse a TOML file of at most ``limit`` bytes; raises ManifestError."""
    if len(data) > limit:
        raise ManifestError(0, f"larger than {limit >> 20} MB, which no manifest in TOML is")
    try:
        content = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ManifestError(0, "is not in UTF-8, which TOML demands") from error
    text = Text.of(content)
    tokens = _tokens(text)
    try:
        document = tomllib.loads(content)
    except (ValueError, RecursionError) as error:
        where = re.search(r"at line (\d+)", str(error))
        raise ManifestError(int(where[1]) if where else 0, "is no valid TOML") from error
    return Document(document, text, tokens)


def _tokens(text: Text) -> dict[str, list[Token]]:
    found: dict[str, list[Token]] = {}
    table, header, fresh = "", False, True
    depth = dots = line = 0
    for match in _TOKEN.finditer(text.content):
        word = match[0]
        if word == "\n":
            if header:
                header = False
            fresh, dots, line = True, 0, line + 1
            continue
        if word[0] == "#":
            continue
        if word in "[]{}=,.":
            if word == "[" and fresh and not depth:
                table, header = "", True
            dots = dots + 1 if word == "." else 0
            if dots > _MOST_DOTS:
                raise ManifestError(line + 1, f"a key of more than {_MOST_DOTS} parts")
            if not header:
                depth = max(0, depth + (word in "[{") - (word in "]}"))
            if depth > _DEEPEST:
                raise ManifestError(line + 1, f"nested deeper than {_DEEPEST} levels")
            fresh = False
            continue
        value, line = _value(word), line + word.count("\n")
        if header:
            table = f"{table}.{value}" if table else value
        else:
            found.setdefault(value, []).append(Token(value, match.start(), match.end(), table))
        fresh = False
    return found


def _value(word: str) -> str:
    if word[0] not in "\"'":
        return word
    if "\\" in word and word[0] == '"':
        try:
            return str(tomllib.loads(f"x = {word}")["x"])
        except ValueError:
            return word
    size = 3 if word.startswith(('"""', "'''")) and len(word) >= 6 else 1
    return word[size:-size]

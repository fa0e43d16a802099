"""JSON with the line of each key; comments and trailing commas where the reader accepts them.

``json`` says neither.  Follows RFC 8259; ``relaxed`` is what editors call JSONC.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from zt_gate.scanners.agent_config.documents import MAX_DEPTH, Document, Path, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]++|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)
    | (?P<text>"(?:[^"\\\x00-\x1f]++|\\.)*+")
    | (?P<mark>[][{}:,])
    | (?P<word>[-+.\w]++)
    | (?P<other>[\s\S])""",
    re.VERBOSE,
)
_WORDS = {"true": True, "false": False, "null": None}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,400})(?:\.\d{1,400})?(?:[eE][-+]?\d{1,5})?\Z")


def read(text: str, *, relaxed: bool) -> Document:
    """Parse one document; raises UnreadableError with the line.  An empty relaxed file is {}."""
    parser = _Parser(text, relaxed=relaxed)
    if relaxed and parser.kind == "end":
        return Document({}, {}, text)
    root = parser.value((), 0)
    if parser.kind != "end":
        raise parser.error("text after the end")
    return Document(root, parser.lines, text)


class _Parser:
    """Recursive descent, no deeper than MAX_DEPTH."""

    def __init__(self, text: str, *, relaxed: bool) -> None:
        self.relaxed = relaxed
        self.lines: dict[Path, int] = {}
        self.tokens = self._tokens(text)
        self.kind, self.piece, self.line = next(self.tokens)

    def _tokens(self, text: str) -> Iterator[tuple[str, str, int]]:
        line = 1
        for match in _TOKEN.finditer(text):
            kind, piece = match.lastgroup or "", match.group()
            if kind != "blank":
                yield kind, piece, line
            elif piece[0] == "/" and not self.relaxed:
                yield "other", "a comment", line
            line += piece.count("\n")
        while True:
            yield "end", "", line

    def error(self, what: str) -> UnreadableError:
        return UnreadableError(f"line {self.line}: not valid JSON: {what}")

    def step(self) -> str:
        piece = self.piece
        self.kind, self.piece, self.line = next(self.tokens)
        return piece

    def value(self, path: Path, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise self.error("nested too deeply")
        self.lines.setdefault(path, self.line)
        if self.piece == "{" and self.kind == "mark":
            return self.table(path, depth)
        if self.piece == "[" and self.kind == "mark":
            return self.array(path, depth)
        if self.kind == "text":
            return self.string()
        if self.kind == "word" and self.piece in _WORDS:
            return _WORDS[self.step()]
        if self.kind == "word" and _NUMBER.match(self.piece):
            return json.loads(self.step())
        raise self.error("a value is missing" if self.kind == "end" else "unexpected text")

    def string(self) -> str:
        try:
            return str(json.loads(self.piece))
        except ValueError:
            raise self.error("a wrong escape in a text") from None
        finally:
            self.step()

    def table(self, path: Path, depth: int) -> dict[str, Any]:
        table: dict[str, Any] = {}
        self.step()
        while not self.closes("}", empty=not table):
            if self.kind != "text":
                raise self.error("a key is missing")
            line = self.line
            key = self.string()
            if self.step() != ":":
                raise self.error("a colon is missing")
            table.pop(key, None)  # the last one of two counts, as for every reader here
            self.lines[*path, key] = line
            table[key] = self.value((*path, key), depth + 1)
            self.comma("}")
        return table

    def array(self, path: Path, depth: int) -> list[Any]:
        items: list[Any] = []
        self.step()
        while not self.closes("]", empty=not items):
            items.append(self.value((*path, len(items)), depth + 1))
            self.comma("]")
        return items

    def closes(self, mark: str, *, empty: bool) -> bool:
        """Whether the table or list ends here; after a comma only a relaxed one may."""
        if self.kind != "mark" or self.piece != mark:
            return False
        if not empty and self.trailing and not self.relaxed:
            raise self.error("a comma before the end")
        self.step()
        return True

    trailing = False

    def comma(self, end: str) -> None:
        self.trailing = self.kind == "mark" and self.piece == ","
        if self.trailing:
            self.step()
        elif self.kind != "mark" or self.piece != end:
            raise self.error("a comma is missing")

"""INI and its kin: sections, options, values, and where every line of a value stands.

The programs differ, so callers say whose file it is:

- "configparser": Python's ``configparser``, which setuptools and tox use.  A
  line without a section, or that is no option, is an error.
- "lenient": npm's, pip's and git's files alike.  A section may have a
  subsection in quotes, or be missing; a setting may stand behind a section's
  bracket; a backslash at the end continues a line; a key may stand alone.

In the tree an option is a list of the lines of its value; in ``value`` these
are one text, joined as the program joins them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

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

Dialect = Literal["configparser", "lenient"]

_HEADER = re.compile(r"\[([^\]\n]{1,500})\]")
_OPTION = re.compile(r"([^=:\s][^=:\n]{0,500}?)[ \t]*[=:][ \t]*")
_SECTION = re.compile(
    r"\s*\[\s*([^\]\"\s]{1,200})(?:\s+\"((?:[^\"\\]|\\.){0,400})\")?\s*\]\s*(.*)"
)
_COLON = re.compile(r"\s*([A-Za-z][\w.-]{0,80})\s*:\s+(.*)")
_LONGEST_LINE = 64 * 1024
_LONGEST_KEY = 300


def read(
    data: bytes | str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    dialect: Dialect,
    utf16: bool = False,
) -> Document:
    """Read an INI file; raises SyntaxReadError."""
    content = decode(data, limits, utf16=utf16)
    builder = _Builder()
    if dialect == "configparser":
        _strict(content, builder)
        separator = "\n"
    else:
        _lenient(content, builder)
        separator = " "
    builder.root.end = len(content)
    return Document(content, value=_value(builder.root, separator), root=builder.root)


@dataclass(frozen=True, slots=True)
class OptionLine:
    """One line of an option's value; ``start`` is the offset of its first character."""

    section: str
    option: str
    words: str
    start: int


def option_lines(document: Document) -> list[OptionLine]:
    """Return every line of every value of the sections that have no subsection."""
    return [
        OptionLine(section.value, option.value, line.value, line.start)
        for section, options in document.root.entries()
        for option, lines in options.entries()
        for line in lines.items or ()
    ]


class _Builder:
    """The tree as it grows: sections, options of the open section, and their lines."""

    def __init__(self) -> None:
        self.root = Node(pairs=[])
        self.children: dict[int, dict[str, Node]] = {}
        self.section = self.root
        self.option: Node | None = None

    def open(self, parts: list[Node]) -> None:
        """Open a section, which may have been there before."""
        self.section, self.option = self.root, None
        for part in parts:
            self.section = self._below(part, is_table=True)

    def start(self, key: Node) -> None:
        """Begin an option of the open section, which may have been there before."""
        self.option = self._below(key, is_table=False)

    def add(self, line: Node) -> None:
        """Add a line to the value of the option that was begun last."""
        if self.option is not None and self.option.items is not None:
            self.option.items.append(line)
            self.option.end = line.end

    def _below(self, key: Node, *, is_table: bool) -> Node:
        # A section and an option of the same name do not hide each other.
        known = self.children.setdefault(id(self.section), {})
        name = f"[{key.value}" if is_table else key.value
        found = known.get(name)
        if found is None:
            found = known[name] = Node("", "", key.start, key.end)
            if is_table:
                found.pairs = []
            else:
                found.items = []
            if self.section.pairs is not None:
                self.section.pairs.append((key, found))
        return found


def _value(node: Node, separator: str) -> Any:
    if node.pairs is None:
        return separator.join([line.value for line in node.items or ()])
    table: dict[str, Any] = {}
    for key, below in node.pairs:
        value = _value(below, separator)
        other = table.get(key.value)
        if isinstance(value, dict) and isinstance(other, str):
            value = {"": other, **value}
        elif isinstance(other, dict) and isinstance(value, str):
            value = {**other, "": value}
        table[key.value] = value
    return table


def _strict(content: str, builder: _Builder) -> None:
    """Read as ``configparser`` does; raises SyntaxReadError where it would fail."""
    offset = 0
    for number, line in enumerate(content.split("\n"), 1):
        start, offset = offset, offset + len(line) + 1
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        indent = len(line) - len(line.lstrip())
        if indent and builder.option is not None:
            builder.add(_node(stripped, start + indent))
            continue
        header = _HEADER.match(stripped)
        if header is not None:
            begin = start + indent + header.start(1)
            builder.open([_trimmed(header[1], begin)])
            continue
        option = _OPTION.match(line, indent)
        if option is None or builder.section is builder.root:
            raise SyntaxReadError(number, "not a line of an INI file")
        key = _trimmed(option[1], start + option.start(1))
        key.value = key.value.lower()
        builder.start(key)
        value = _trimmed(line[option.end() :], start + option.end())
        if value.value:
            builder.add(value)


def _lenient(content: str, builder: _Builder) -> None:
    """Read as npm, pip and git do, taken together; raises SyntaxReadError for a NUL."""
    for line in _logical_lines(content):
        words = line.words
        bare = words.strip()
        if not bare or bare[0] in "#;":
            continue
        begin = 0
        header = _SECTION.match(words) if bare[0] == "[" else None
        if header is not None:
            builder.open(_section(line, header))
            begin = header.start(3)  # git takes a setting behind the bracket
            if not words[begin:].strip():
                continue
        key, mark, value_at = _entry(words, begin)
        continues = words[begin : begin + 1] in {" ", "\t"} and (
            not mark or "://" in key.value
        )
        if builder.option is not None and continues:
            value_at = begin
        else:
            key.start, key.end = line.offset(key.start), line.offset(key.end)
            builder.start(key)
        value = words[value_at:].strip().strip("\"'")
        if value:
            at = words.index(value, value_at)
            builder.add(Node(value, "", line.offset(at), line.offset(at + len(value))))


def _section(line: _Line, header: re.Match[str]) -> list[Node]:
    parts = []
    for group in (1, 2):
        name = header[group]
        if name:
            start, end = header.span(group)
            written = name.lower() if group == 1 else name
            parts.append(Node(written, "", line.offset(start), line.offset(end)))
    return parts


def _entry(words: str, begin: int) -> tuple[Node, str, int]:
    """Split a setting into its key (with offsets in the line), its mark and its value's start.

    pip's files take a colon, too; npm's and git's only the equals sign.
    """
    colon = _COLON.match(words, begin) if ":" in words else None
    if colon is not None:
        return Node(colon[1], "", *colon.span(1)), ":", colon.start(2)
    equals = words.find("=", begin)
    mark = "" if equals < 0 else "="
    end = len(words) if equals < 0 else equals
    key = _trimmed(words[begin:end], begin)
    if len(key.value) > _LONGEST_KEY:
        key.value = key.value[:_LONGEST_KEY]
        key.end = key.start + _LONGEST_KEY
    return key, mark, end + len(mark)


@dataclass(slots=True)
class _Line:
    """A line without the backslashes that continue it, and where its parts begin in the text."""

    words: str
    parts: tuple[tuple[int, int], ...]

    def offset(self, at: int) -> int:
        """Return the offset in the text of an offset in the line."""
        if len(self.parts) == 1:
            return self.parts[0][1] + at
        index, offset = next(part for part in reversed(self.parts) if part[0] <= at)
        return offset + at - index


def _logical_lines(content: str) -> Iterator[_Line]:
    """Yield lines with those that a backslash at their end continues; raises SyntaxReadError."""
    nul = content.find("\x00")
    if nul >= 0:
        raise SyntaxReadError(content.count("\n", 0, nul) + 1, "holds a NUL byte")
    held: list[str] = []
    parts: list[tuple[int, int]] = []
    length = offset = first = 0
    for number, line in enumerate(content.split("\n"), 1):
        if not held and line[-1:] != "\\" and len(line) <= _LONGEST_LINE:
            yield _Line(line, ((0, offset),))
            offset += len(line) + 1
            continue
        first = first if parts else number
        parts.append((length, offset))
        offset += len(line) + 1
        continues = line.endswith("\\") and not line.endswith("\\\\")
        held.append(line[:-1] if continues else line)
        length += len(held[-1])
        if length > _LONGEST_LINE:
            raise SyntaxReadError(first, "a line longer than 64 KB")
        if not continues:
            yield _Line("".join(held), tuple(parts))
            held, parts, length = [], [], 0
    if held:
        yield _Line("".join(held), tuple(parts))


def _node(words: str, start: int) -> Node:
    return Node(words, "", start, start + len(words))


def _trimmed(words: str, start: int) -> Node:
    bare = words.strip()
    return _node(bare, start + len(words) - len(words.lstrip()) if bare else start)

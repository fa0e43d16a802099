"""Reader for INI files and similar formats: sections, options, and each line of a value.

The programs differ, so the caller gives the dialect of the file:

- "configparser": Python's ``configparser``, which setuptools and tox use.  A line
  outside a section, or that is not an option, is an error.
- "lenient": the union of npm's, pip's and git's formats.  A section may have a
  subsection in quotes, or be missing; an option may follow a section's bracket on the
  same line; a backslash at the end continues a line; a key may have no value.

In the tree an option is a list of the lines of its value; in ``value`` these lines are
one text, joined as the program joins them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.syntax.document import (
    DEFAULT_LIMITS,
    Document,
    Limits,
    Node,
    SyntaxReadError,
    decode,
)

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

Dialect = Literal["configparser", "lenient"]

_HEADER = lazy_re.compile(r"\[([^\]\n]{1,500})\]")
_OPTION = lazy_re.compile(r"([^=:\s][^=:\n]{0,500}?)[ \t]*[=:][ \t]*")
_SECTION = lazy_re.compile(
    r"\s*\[\s*([^\]\"\s]{1,200})(?:\s+\"((?:[^\"\\]|\\.){0,400})\")?\s*\]\s*(.*)"
)
_COLON = lazy_re.compile(r"\s*([A-Za-z][\w.-]{0,80})\s*:\s+(.*)")
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
        _read_configparser(content, builder)
        separator = "\n"
    else:
        _read_lenient(content, builder)
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
    """Return each line of each value, of the sections without a subsection."""
    return [
        OptionLine(section.value, option.value, line.value, line.start)
        for section, options in document.root.entries()
        for option, lines in options.entries()
        for line in lines.items or ()
    ]


class _Builder:
    """Builds the tree: sections, the options of the open section, and their lines."""

    def __init__(self) -> None:
        self.root = Node(pairs=[])
        self.children: dict[int, dict[str, Node]] = {}
        self.section = self.root
        self.option: Node | None = None

    def open(self, parts: list[Node]) -> None:
        """Open a new or existing section; ``parts`` are its name and its subsection."""
        self.section, self.option = self.root, None
        for part in parts:
            self.section = self._child(part, is_table=True)

    def start(self, key: Node) -> None:
        """Start a new or existing option of the open section."""
        self.option = self._child(key, is_table=False)

    def add(self, line: Node) -> None:
        """Add a line to the value of the last option started."""
        if self.option is not None and self.option.items is not None:
            self.option.items.append(line)
            self.option.end = line.end

    def _child(self, key: Node, *, is_table: bool) -> Node:
        """Return the section or option with a key in the open section, created if missing."""
        # A section and an option of the same name do not hide each other.
        children = self.children.setdefault(id(self.section), {})
        name = f"[{key.value}" if is_table else key.value
        if name in children:
            return children[name]
        child = children[name] = Node("", "", key.start, key.end)
        if is_table:
            child.pairs = []
        else:
            child.items = []
        if self.section.pairs is not None:
            self.section.pairs.append((key, child))
        return child


def _value(node: Node, separator: str) -> Any:
    if node.pairs is None:
        return separator.join([line.value for line in node.items or ()])
    table: dict[str, Any] = {}
    for key, child in node.pairs:
        value = _value(child, separator)
        earlier = table.get(key.value)
        # An option with the name of a section becomes the section's key "".
        if isinstance(value, dict) and isinstance(earlier, str):
            value = {"": earlier, **value}
        elif isinstance(earlier, dict) and isinstance(value, str):
            value = {**earlier, "": value}
        table[key.value] = value
    return table


def _read_configparser(content: str, builder: _Builder) -> None:
    """Read as ``configparser`` does; raises SyntaxReadError for what it rejects."""
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
            name_start = start + indent + header.start(1)
            builder.open([_trimmed(header[1], name_start)])
            continue
        option = _OPTION.match(line, indent)
        if option is None or builder.section is builder.root:
            raise SyntaxReadError(number, "not a section, option or comment")
        key = _trimmed(option[1], start + option.start(1))
        key.value = key.value.lower()
        builder.start(key)
        value = _trimmed(line[option.end() :], start + option.end())
        if value.value:
            builder.add(value)


def _read_lenient(content: str, builder: _Builder) -> None:
    """Read what npm, pip or git accepts; raises SyntaxReadError for a NUL or a long line."""
    for line in _logical_lines(content):
        text = line.text
        stripped = text.strip()
        if not stripped or stripped[0] in "#;":
            continue
        begin = 0
        header = _SECTION.match(text) if stripped[0] == "[" else None
        if header is not None:
            builder.open(_section_parts(line, header))
            begin = header.start(3)  # git accepts an option behind the bracket
            if not text[begin:].strip():
                continue
        key, separator, value_start = _split_option(text, begin)
        is_indented = text[begin : begin + 1] in {" ", "\t"}
        # The equals sign of an indented URL does not start an option.
        is_continuation = is_indented and (not separator or "://" in key.value)
        if builder.option is not None and is_continuation:
            value_start = begin
        else:
            key.start, key.end = line.offset(key.start), line.offset(key.end)
            builder.start(key)
        value = text[value_start:].strip().strip("\"'")
        if value:
            start = text.index(value, value_start)
            end = start + len(value)
            builder.add(Node(value, "", line.offset(start), line.offset(end)))


def _section_parts(line: _LogicalLine, header: re.Match[str]) -> list[Node]:
    """Return the name and the subsection of a header; names ignore case."""
    parts = []
    for group in (1, 2):
        name = header[group]
        if name:
            start, end = header.span(group)
            value = name.lower() if group == 1 else name
            parts.append(Node(value, "", line.offset(start), line.offset(end)))
    return parts


def _split_option(text: str, begin: int) -> tuple[Node, str, int]:
    """Split an option into its key, its separator ("" for none) and the start of its value.

    The offsets are those in the line.  pip accepts a colon as separator, npm and
    git only the equals sign.
    """
    colon = _COLON.match(text, begin) if ":" in text else None
    if colon is not None:
        return Node(colon[1], "", *colon.span(1)), ":", colon.start(2)
    equals = text.find("=", begin)
    if equals < 0:
        key, separator, value_start = _trimmed(text[begin:], begin), "", len(text)
    else:
        key, separator = _trimmed(text[begin:equals], begin), "="
        value_start = equals + 1
    if len(key.value) > _LONGEST_KEY:
        key.value = key.value[:_LONGEST_KEY]
        key.end = key.start + _LONGEST_KEY
    return key, separator, value_start


@dataclass(slots=True)
class _LogicalLine:
    """A line with its continuations, without their backslashes.

    ``parts`` are pairs of an offset in ``text`` and the same in the document.
    """

    text: str
    parts: tuple[tuple[int, int], ...]

    def offset(self, at: int) -> int:
        """Return the offset in the document of an offset in the line."""
        if len(self.parts) == 1:
            return self.parts[0][1] + at
        in_line, in_document = next(
            part for part in reversed(self.parts) if part[0] <= at
        )
        return in_document + at - in_line


def _logical_lines(content: str) -> Iterator[_LogicalLine]:
    """Yield the lines, joined where one ends in a backslash; raises SyntaxReadError."""
    nul = content.find("\x00")
    if nul >= 0:
        raise SyntaxReadError(content.count("\n", 0, nul) + 1, "contains a NUL byte")
    texts: list[str] = []
    parts: list[tuple[int, int]] = []
    length = offset = first_number = 0
    for number, line in enumerate(content.split("\n"), 1):
        if not texts and line[-1:] != "\\" and len(line) <= _LONGEST_LINE:
            yield _LogicalLine(line, ((0, offset),))
            offset += len(line) + 1
            continue
        if not parts:
            first_number = number
        parts.append((length, offset))
        offset += len(line) + 1
        continues = line.endswith("\\") and not line.endswith("\\\\")
        texts.append(line[:-1] if continues else line)
        length += len(texts[-1])
        if length > _LONGEST_LINE:
            raise SyntaxReadError(first_number, "a line longer than 64 KB")
        if not continues:
            yield _LogicalLine("".join(texts), tuple(parts))
            texts, parts, length = [], [], 0
    if texts:
        yield _LogicalLine("".join(texts), tuple(parts))


def _node(text: str, start: int) -> Node:
    return Node(text, "", start, start + len(text))


def _trimmed(text: str, start: int) -> Node:
    """Return a node for a text without the blanks around it."""
    stripped = text.strip()
    if stripped:
        start += len(text) - len(text.lstrip())
    return _node(stripped, start)

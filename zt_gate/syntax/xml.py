"""XML as a tree of elements, within bounds and without document types.

Entities are declared in a document type: without one nothing can be expanded,
and nothing outside the file is asked for.

An element is a table: its attributes are pairs with ``@`` before their names,
the elements in it are pairs with their local names, each as often as it is
written; its text is the node's ``value``.
"""

from __future__ import annotations

import codecs
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
    from xml.parsers.expat import XMLParserType

_LONGEST_TEXT = 10_000
_NAME = re.compile(r"[^\s/>]++")
_ATTRIBUTE = re.compile(r"\s+([^\s=/>]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_DECLARED = re.compile(
    rb"<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z][\w.-]{0,40})[\"']"
)
# Encodings of one byte each, in which every letter of ASCII is itself.
_ONE_BYTE = re.compile(
    r"(?:iso[-_]?8859[-_]?\d{1,2}|latin[-_]?1|(?:us[-_])?ascii|(?:windows[-_]?|cp)125\d|koi8[-_][ru])\Z",
    re.IGNORECASE,
)


def read(data: bytes | str, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read an XML document; raises SyntaxReadError, also where it has a document type.

    ``root`` is a table with the outermost element.  The text is in UTF-8, in
    UTF-16 with its mark, or in the one-byte encoding that the document declares.
    """
    from xml.parsers import expat

    encoding = _one_byte_encoding(data)
    content = decode(_recoded(data, encoding, limits), limits, utf16=True)
    encoded = content.encode("utf-8", "surrogatepass")
    parser = expat.ParserCreate("utf-8", namespace_separator="}")
    builder = _Builder(parser, content, encoded, limits)
    builder.encoding = encoding
    try:
        parser.Parse(encoded, True)  # noqa: FBT003 - expat's only form
    except expat.ExpatError as error:
        raise SyntaxReadError(error.lineno, "not valid XML", str(error)) from error
    except (ValueError, LookupError) as error:
        raise SyntaxReadError(0, "not valid XML") from error
    root = builder.root
    root.end = len(content)
    return Document(content, root=root, make_value=lambda: _value(root))


def elements(document: Document) -> Iterator[tuple[tuple[str, ...], Node, Node]]:
    """Yield every element with the names above it and its own, in the order of their ends."""
    waiting: list[tuple[tuple[str, ...], Node, Node, bool]] = [
        ((key.value,), key, element, False) for key, element in document.root.entries()
    ]
    while waiting:
        path, key, element, is_done = waiting.pop()
        if is_done:
            yield path, key, element
            continue
        waiting.append((path, key, element, True))
        waiting += [
            ((*path, inner.value), inner, below, False)
            for inner, below in reversed(element.entries())
            if below.pairs is not None
        ]


def _one_byte_encoding(data: bytes | str) -> str:
    """Return the encoding of one byte each that a document declares, "" for any other."""
    if isinstance(data, str) or data.startswith((codecs.BOM_UTF8, b"\xff", b"\xfe")):
        return ""
    declared = _DECLARED.match(data)
    name = declared[1].decode("ascii") if declared is not None else ""
    return name if _ONE_BYTE.match(name) else ""


def _recoded(data: bytes | str, encoding: str, limits: Limits) -> bytes | str:
    if isinstance(data, str) or not encoding or len(data) > limits.size:
        return data
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise SyntaxReadError(
            0, "the text does not decode as the document declares"
        ) from error


class _Builder:
    """Puts the tree together from expat's calls."""

    encoding = ""

    def __init__(
        self, parser: XMLParserType, content: str, encoded: bytes, limits: Limits
    ) -> None:
        self.parser = parser
        self.content = content
        self.encoded = encoded
        self.limits = limits
        self.pairs: list[Pair] = []
        self.root = Node(pairs=self.pairs)
        self.open: list[tuple[Node, list[Pair]]] = []
        self.counted = (0, 0)
        self.values = 0
        parser.buffer_text = True
        parser.XmlDeclHandler = self.declaration
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.StartDoctypeDeclHandler = self.refuse
        parser.EntityDeclHandler = self.refuse

    def declaration(
        self, _version: str, encoding: str | None, _standalone: int
    ) -> None:
        """Refuse an encoding in which the text would say something else."""
        known = {"", "utf-8", "utf8", "utf-16", self.encoding.lower()}
        if (encoding or "").lower() not in known:
            raise SyntaxReadError(1, "declares an encoding that is not read")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Open an element; raises SyntaxReadError beyond a limit."""
        local = name.rpartition("}")[2]
        self.values += 1 + len(attributes)
        line = self.parser.CurrentLineNumber
        if len(self.open) >= self.limits.depth:
            raise SyntaxReadError(
                line, f"nested deeper than {self.limits.depth} levels"
            )
        if self.values > self.limits.values:
            raise SyntaxReadError(line, f"more than {self.limits.values:,} values")
        start = self._offset()
        written = _NAME.match(self.content, start + 1)
        end = start + 1 + len(local) if written is None else written.end()
        key = Node(local, "", end - len(local), end)
        pairs = self._attributes(attributes, key)
        element = Node("", "", start, end, pairs=pairs)
        (self.open[-1][1] if self.open else self.pairs).append((key, element))
        self.open.append((element, pairs))

    def end(self, _name: str) -> None:
        """Close an element."""
        element, pairs = self.open.pop()
        end = self._offset()
        # At ``<a/>`` expat stands behind the element, else at its end tag.
        is_bare = not element.value and all(key.value[0] == "@" for key, _ in pairs)
        is_bare = is_bare and self.content[end - 2 : end] == "/>"
        element.end = end if is_bare else self.content.find(">", end) + 1
        element.value = element.value.strip()

    def characters(self, words: str) -> None:
        """Take text inside an element, up to a limit."""
        if self.open and len(self.open[-1][0].value) < _LONGEST_TEXT:
            self.open[-1][0].value += words

    def refuse(self, *_: object) -> None:
        """Refuse a document type; raises SyntaxReadError."""
        line = self.parser.CurrentLineNumber
        raise SyntaxReadError(line, "has a document type, which is not read")

    def _attributes(self, attributes: dict[str, str], key: Node) -> list[Pair]:
        pairs: list[Pair] = []
        at = key.end
        for name, value in attributes.items():
            local = name.rpartition("}")[2]
            written = _ATTRIBUTE.match(self.content, at)
            while written is not None and written[1].startswith("xmlns"):
                written = _ATTRIBUTE.match(self.content, written.end())
            if written is None or written[1].rpartition(":")[2] != local:
                spans = (key.start, key.end), (key.start, key.end)
            else:
                at = written.end()
                spans = written.span(1), written.span(2)
            pairs.append(
                (Node(f"@{local}", "", *spans[0]), Node(value, '"', *spans[1]))
            )
        return pairs

    def _offset(self) -> int:
        """Return where expat is, as an offset into the text; it counts bytes."""
        index = self.parser.CurrentByteIndex
        done, characters = self.counted
        characters += len(self.encoded[done:index].decode("utf-8", "replace"))
        self.counted = (index, characters)
        return characters


def _value(node: Node) -> Any:
    """Return an element as a dict; a name that stands more than once has a list."""
    if not node.pairs:
        return node.value
    table: dict[str, Any] = {"#text": node.value} if node.value else {}
    several: set[str] = set()
    for key, below in node.pairs:
        value = _value(below)
        if key.value not in table:
            table[key.value] = value
        elif key.value in several:
            table[key.value].append(value)
        else:
            several.add(key.value)
            table[key.value] = [table[key.value], value]
    return table

"""Reader for XML without document types: a tree of elements, within limits.

A document type is refused, because it can declare entities, which expand without
limit or read other files.

An element is a table.  Its attributes are pairs with ``@`` before their names, its
child elements are pairs with their local names, repeated as often as they are
written; its text is the node's ``value``.
"""

from __future__ import annotations

import codecs
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
    from xml.parsers.expat import XMLParserType

_LONGEST_TEXT = 10_000
_NAME = lazy_re.compile(r"[^\s/>]++")
_ATTRIBUTE = lazy_re.compile(r"\s+([^\s=/>]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_DECLARED = lazy_re.compile(
    rb"<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z][\w.-]{0,40})[\"']"
)
# Single-byte encodings that agree with ASCII.
_ONE_BYTE = lazy_re.compile(
    r"(?:iso[-_]?8859[-_]?\d{1,2}|latin[-_]?1|(?:us[-_])?ascii|(?:windows[-_]?|cp)125\d|koi8[-_][ru])\Z",
    re.IGNORECASE,
)


def read(data: bytes | str, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read an XML document; raises SyntaxReadError, also for a document type.

    ``root`` is a table with the outermost element.  The text must be UTF-8, UTF-16
    with a byte-order mark, or the single-byte encoding that the document declares.
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
    """Yield (path of names, key, element) for every element, children before parents."""
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
            ((*path, child_key.value), child_key, child, False)
            for child_key, child in reversed(element.entries())
            if child.pairs is not None
        ]


def _one_byte_encoding(data: bytes | str) -> str:
    """Return the single-byte encoding that a document declares, "" for any other."""
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
            0, "the text is not in the encoding that the document declares"
        ) from error


class _Builder:
    """Builds the tree from expat's callbacks."""

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
        #: The last byte index of expat, and the offset into the text that it stands for.
        self.last_offset = (0, 0)
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
        """Refuse an encoding that was not used to decode the text; raises SyntaxReadError."""
        supported = {"", "utf-8", "utf8", "utf-16", self.encoding.lower()}
        if (encoding or "").lower() not in supported:
            raise SyntaxReadError(1, "declares an unsupported encoding")

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
        tag_name = _NAME.match(self.content, start + 1)
        end = start + 1 + len(local) if tag_name is None else tag_name.end()
        key = Node(local, "", end - len(local), end)
        pairs = self._attributes(attributes, key)
        element = Node("", "", start, end, pairs=pairs)
        siblings = self.open[-1][1] if self.open else self.pairs
        siblings.append((key, element))
        self.open.append((element, pairs))

    def end(self, _name: str) -> None:
        """Close an element."""
        element, pairs = self.open.pop()
        end = self._offset()
        # expat's position is behind an empty element ``<a/>``, else at the end tag.
        has_content = element.value or any(key.value[0] != "@" for key, _ in pairs)
        if has_content or self.content[end - 2 : end] != "/>":
            end = self.content.find(">", end) + 1
        element.end = end
        element.value = element.value.strip()

    def characters(self, text: str) -> None:
        """Add text to the open element, up to a limit."""
        if self.open and len(self.open[-1][0].value) < _LONGEST_TEXT:
            self.open[-1][0].value += text

    def refuse(self, *_: object) -> None:
        """Refuse a document type; raises SyntaxReadError."""
        line = self.parser.CurrentLineNumber
        raise SyntaxReadError(line, "has a document type, which is not supported")

    def _attributes(self, attributes: dict[str, str], key: Node) -> list[Pair]:
        pairs: list[Pair] = []
        at = key.end
        for name, value in attributes.items():
            local = name.rpartition("}")[2]
            match = _ATTRIBUTE.match(self.content, at)
            while match is not None and match[1].startswith("xmlns"):
                match = _ATTRIBUTE.match(self.content, match.end())
            # Without a match the attribute gets the place of its element's name.
            name_span = value_span = (key.start, key.end)
            if match is not None and match[1].rpartition(":")[2] == local:
                at = match.end()
                name_span, value_span = match.span(1), match.span(2)
            attribute = Node(f"@{local}", "", *name_span)
            pairs.append((attribute, Node(value, '"', *value_span)))
        return pairs

    def _offset(self) -> int:
        """Return expat's byte position as an offset into the text."""
        byte_index = self.parser.CurrentByteIndex
        last_index, offset = self.last_offset
        passed = self.encoded[last_index:byte_index]
        offset += len(passed.decode("utf-8", "replace"))
        self.last_offset = (byte_index, offset)
        return offset


def _value(node: Node) -> Any:
    """Return an element as a dict, with a list for a repeated name; as text without pairs."""
    if not node.pairs:
        return node.value
    table: dict[str, Any] = {"#text": node.value} if node.value else {}
    repeated: set[str] = set()
    for key, child in node.pairs:
        value = _value(child)
        if key.value not in table:
            table[key.value] = value
        elif key.value in repeated:
            table[key.value].append(value)
        else:
            repeated.add(key.value)
            table[key.value] = [table[key.value], value]
    return table

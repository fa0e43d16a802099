"""Document with values and their places, the result of every format reader.

A reader is a module of this package with a function ``read(data, *, limits, …)``.
For any input it returns a ``Document`` or raises ``SyntaxReadError``.  If programs
read a format in different ways, an argument of its reader selects one.
"""

from __future__ import annotations

import codecs
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: The path of a value: keys of tables, indexes of list elements.
Path = tuple[str | int, ...]
Pair = tuple["Node", "Node"]

# Tables up to this size are searched linearly: building an index would cost more.
_MOST_SEARCHED_PAIRS = 8
_NEWLINE = lazy_re.compile("\n")
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class SyntaxReadError(Exception):
    """A text is invalid in its format, or exceeds a limit.

    ``line`` is 1-based, 0 if unknown.  ``reason`` never quotes the text.
    ``detail`` is the parser's own message, which may quote the text.
    """

    def __init__(self, line: int, reason: str, detail: str = "") -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a reader: bytes, levels of nesting, values, and parts of one dotted key."""

    size: int = 1024 * 1024
    depth: int = 100
    values: int = 400_000
    #: tomllib needs quadratic time for the parts of a key.
    parts: int = 64


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded file with an index of its lines; created by ``of``."""

    content: str
    starts: tuple[int, ...]

    @classmethod
    def of(cls, content: str) -> Text:
        """Index the starts of the lines."""
        starts = (match.end() for match in _NEWLINE.finditer(content))
        return cls(content, (0, *starts))

    def line(self, offset: int) -> int:
        """Return the 1-based line of an offset."""
        return bisect_right(self.starts, offset)

    def place(self, start: int, end: int) -> tuple[int, int, int]:
        """Return ``(line, column, end column)`` of a span, cut at the end of its first line."""
        line = bisect_right(self.starts, start)
        line_start = self.starts[line - 1]
        newline = self.content.find("\n", start, max(start, end))
        if newline >= 0:
            end = newline
        return line, start - line_start + 1, end - line_start + 1


@dataclass(slots=True, eq=False)
class _NodeDetails:
    """Attributes that few nodes have, kept apart to keep the nodes of large files small."""

    tag: str = ""
    merged: list[Pair] | None = None
    #: The deciding pair of each key; built on the first search in a table.
    index: dict[str, Pair] | None = None


@dataclass(slots=True, eq=False)
class Node:
    """A scalar, a list or a table as it is written.

    ``start`` and ``end`` are offsets into the document's text; a table without
    brackets of its own (TOML, INI) has those of its header or first key.
    ``value`` is the text of a scalar with its escapes resolved, or the text inside
    an XML element.  ``style`` is how a scalar is written: its quotes, ``|``, ``>``,
    or "" for a bare word.  ``pairs`` may contain a key twice.
    """

    value: str = ""
    style: str = ""
    start: int = 0
    end: int = 0
    items: list[Node] | None = None
    pairs: list[Pair] | None = None
    _details: _NodeDetails | None = None

    @property
    def details(self) -> _NodeDetails:
        """The rarely used attributes, for changing them."""
        if self._details is None:
            self._details = _NodeDetails()
        return self._details

    @property
    def tag(self) -> str:
        """The explicit tag of a YAML value, "" for none."""
        return "" if self._details is None else self._details.tag

    @property
    def merged(self) -> list[Pair] | None:
        """The pairs added by YAML merge keys, None for a table without such a key."""
        return None if self._details is None else self._details.merged

    @property
    def is_scalar(self) -> bool:
        """Whether it is neither a list nor a table."""
        return self.items is None and self.pairs is None

    def find(self, name: str) -> Pair | None:
        """Return the deciding pair of a name: the table's own last one, or a merged one."""
        if self.pairs is None:
            return None
        if self._details is None and len(self.pairs) <= _MOST_SEARCHED_PAIRS:
            for pair in reversed(self.pairs):
                if pair[0].value == name:
                    return pair
            return None
        details = self.details
        if details.index is None:
            details.index = {pair[0].value: pair for pair in details.merged or ()}
            details.index |= {pair[0].value: pair for pair in self.pairs}
        return details.index.get(name)

    def get(self, name: str) -> Node | None:
        """Return the value of a key of a table, merge keys included."""
        pair = self.find(name)
        return None if pair is None else pair[1]

    def entries(self) -> list[Pair]:
        """Return the pairs of a table, merged ones included, [] for anything else."""
        merged = self.merged
        if merged is None:
            return self.pairs or []
        own = [
            (key, value)
            for key, value in self.pairs or ()
            if value.is_scalar or not is_merge_key(key)
        ]
        return own + merged

    def listed(self) -> list[Node]:
        """Return the items of a list, a scalar in a list, [] for a table or an empty scalar."""
        if self.items is not None:
            return self.items
        return [self] if self.is_scalar and self.value else []

    def walk(self) -> Iterator[tuple[str, Node, Node]]:
        """Yield (key, value, table) for each pair of this node and all tables below it, once."""
        seen: set[int] = set()
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for key, value in node.pairs or ():
                yield key.value, value, node
            children = [value for _, value in node.pairs or ()] + (node.items or [])
            waiting += [child for child in reversed(children) if not child.is_scalar]


def is_merge_key(key: Node) -> bool:
    """Return whether a key is YAML's ``<<``, which adds the pairs of other tables."""
    if key.tag:
        return key.tag == "tag:yaml.org,2002:merge"
    return key.value == "<<" and not key.style and key.is_scalar


@dataclass(slots=True)
class Leaf:
    """A scalar with its path and its key.

    ``names`` is the path with "" for elements of lists.  ``key`` is None for an
    element of a list.
    """

    names: tuple[str, ...]
    key: Node | None
    node: Node
    text: Text

    @property
    def value(self) -> str | None:
        """The value if it is a string in quotes (in JSON: a string), else None."""
        return self.node.value if self.node.style else None

    @property
    def place(self) -> tuple[int, int, int]:
        """The place of the key; for an element of a list, of its value."""
        node = self.key or self.node
        return self.text.place(node.start, node.end)

    @property
    def value_place(self) -> tuple[int, int, int]:
        """The place of the value."""
        return self.text.place(self.node.start, self.node.end)


class Document:
    """A parsed file.

    ``value`` holds dicts, lists and scalars as a program of the format reads them;
    the last of two equal keys counts.  ``root`` is the tree of nodes as written.  A
    reader builds one of the two at once, and the other on first use.
    """

    __slots__ = (
        "_make_leaves",
        "_make_root",
        "_make_value",
        "_root",
        "_text",
        "_value",
        "content",
    )

    def __init__(
        self,
        content: str,
        *,
        value: Any = None,
        root: Node | None = None,
        make_value: Callable[[], Any] | None = None,
        make_root: Callable[[], Node] | None = None,
        make_leaves: Callable[[], Iterable[tuple[tuple[str, ...], Node | None, Node]]]
        | None = None,
        text: Text | None = None,
    ) -> None:
        self.content = content
        self._value = value
        self._root = root
        self._make_value = make_value
        self._make_root = make_root
        self._make_leaves = make_leaves
        self._text = text

    @property
    def value(self) -> Any:
        """The document's value: dicts, lists and scalars."""
        if self._make_value is not None:
            self._value, self._make_value = self._make_value(), None
        return self._value

    @property
    def text(self) -> Text:
        """The decoded text with an index of its lines."""
        if self._text is None:
            self._text = Text.of(self.content)
        return self._text

    @property
    def root(self) -> Node:
        """The tree of nodes as written."""
        if self._root is None:
            self._root = Node() if self._make_root is None else self._make_root()
        return self._root

    def table(self, *path: str) -> dict[str, Any]:
        """Return the table at a path, {} if there is none."""
        value: Any = self.value
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else {}

    def find(self, path: Path) -> tuple[Node | None, Node] | None:
        """Return the key (None for an element of a list) and the value at a path, or None."""
        key: Node | None = None
        node = self.root
        for part in path:
            if isinstance(part, str):
                pair = node.find(part)
                if pair is None:
                    return None
                key, node = pair
            elif node.items is not None and 0 <= part < len(node.items):
                key, node = None, node.items[part]
            else:
                return None
        return key, node

    def line(self, path: Path) -> int:
        """Return the line of the key at a path or of the nearest key above; 1 for none."""
        while path:
            pair = self.find(path)
            if pair is not None:
                key, value = pair
                return self.text.line((key or value).start)
            path = path[:-1]
        return 1

    def key_place(self, path: Path) -> tuple[int, int, int]:
        """Return the place of the key at a path.

        For an element of a list, of its value; ``(1, 1, 1)`` if the path does not exist.
        """
        pair = self.find(path)
        if pair is None:
            return 1, 1, 1
        node = pair[0] or pair[1]
        return self.text.place(node.start, node.end)

    def place(self, path: Path) -> tuple[int, int, int]:
        """Return the place of the value at a path, ``(1, 1, 1)`` if there is none."""
        pair = self.find(path)
        if pair is None:
            return 1, 1, 1
        _, value = pair
        return self.text.place(value.start, value.end)

    def items(self, limits: Limits = DEFAULT_LIMITS) -> Iterator[tuple[Path, Any]]:
        """Yield every path with its value, tables and lists included, outermost first.

        Raises SyntaxReadError for more than ``limits.values`` values, or more than
        twice ``limits.depth`` levels: each YAML alias repeats all that its anchor
        contains, so a few bytes can be many values.
        """
        waiting: list[tuple[Path, Any]] = [((), self.value)]
        count = 0
        while waiting:
            path, value = waiting.pop()
            count += 1
            if count > limits.values or len(path) > 2 * limits.depth:
                raise SyntaxReadError(
                    0, f"more than {limits.values:,} values, or nested too deeply"
                )
            yield path, value
            inner: list[tuple[Path, Any]] = []
            if isinstance(value, dict):
                inner = [((*path, key), item) for key, item in value.items()]
            elif isinstance(value, list):
                inner = [((*path, number), item) for number, item in enumerate(value)]
            waiting += reversed(inner)

    def leaves(self) -> Iterator[Leaf]:
        """Yield every scalar in the order of the text, all values of a repeated key included."""
        text = self.text
        if self._make_leaves is not None:
            for names, key, node in self._make_leaves():
                yield Leaf(names, key, node, text)
            return
        waiting: list[tuple[tuple[str, ...], Node | None, Node]] = [
            ((), None, self.root)
        ]
        while waiting:
            names, key, node = waiting.pop()
            if node.pairs is not None:
                waiting += [
                    ((*names, name.value), name, value)
                    for name, value in node.pairs[::-1]
                ]
            elif node.items is not None:
                item_names = (*names, "")
                waiting += [(item_names, None, item) for item in node.items[::-1]]
            else:
                yield Leaf(names, key, node, text)


def decode(data: bytes | str, limits: Limits, *, utf16: bool = False) -> str:
    """Return the text of a file, its line ends as line feeds; raises SyntaxReadError.

    Accepts UTF-8 with or without a byte-order mark.  ``utf16``: also UTF-16 with a
    byte-order mark, as editors do.
    """
    if len(data) > limits.size:
        raise SyntaxReadError(0, f"larger than {_size_text(limits.size)}")
    if isinstance(data, str):
        text = data.removeprefix("\ufeff")
    else:
        is_utf16 = utf16 and data.startswith(_UTF16_MARKS)
        try:
            text = data.decode("utf-16" if is_utf16 else "utf-8-sig")
        except UnicodeDecodeError as error:
            line = 0 if is_utf16 else data.count(b"\n", 0, error.start) + 1
            raise SyntaxReadError(line, "the file is not UTF-8") from error
    if text.startswith("\ufeff"):
        # Programs differ in whether they skip it; YAML's parser counts from behind it.
        raise SyntaxReadError(1, "begins with two byte-order marks")
    return text.replace("\r\n", "\n") if "\r" in text else text


def _size_text(size: int) -> str:
    return f"{size >> 20} MB" if size >= 1 << 20 else f"{size >> 10} KB"

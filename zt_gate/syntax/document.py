"""What every reader of a format gives: one document with its values and their places.

A reader is a module of this room with a function ``read(data, *, limits, …)``
that returns a ``Document`` or raises ``SyntaxReadError``, and nothing else,
whatever the bytes hold.  What the programs that read a format understand
differently is an argument of its reader.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: Where a value stands: keys of tables, numbers of elements of lists.
Path = tuple[str | int, ...]
Pair = tuple["Node", "Node"]

# Tables up to this size are searched: an index for each would cost more.
_SMALL = 8
_NEWLINE = re.compile("\n")
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class SyntaxReadError(Exception):
    """A text that the programs of its format do not read, or that is beyond a limit.

    ``line`` is 1-based, 0 where it is not known.  ``reason`` is one plain phrase
    without a word of the text.  ``detail`` is what the parser itself says; it may
    quote the text.
    """

    def __init__(self, line: int, reason: str, detail: str = "") -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader accepts: bytes, levels of nesting, values, and parts of one dotted key."""

    size: int = 1024 * 1024
    depth: int = 100
    values: int = 400_000
    #: tomllib takes quadratic time over them.
    parts: int = 64


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded file that knows which line and column an offset has; made by ``of``."""

    content: str
    starts: tuple[int, ...]

    @classmethod
    def of(cls, content: str) -> Text:
        """Index where the lines begin, once: a file may hold many thousand entries."""
        return cls(content, (0, *(match.end() for match in _NEWLINE.finditer(content))))

    def line(self, offset: int) -> int:
        """Return the 1-based line of an offset."""
        return bisect_right(self.starts, offset)

    def place(self, start: int, end: int) -> tuple[int, int, int]:
        """Return ``(line, column, end column)`` of a span, cut at the end of its first line."""
        line = bisect_right(self.starts, start)
        begin = self.starts[line - 1]
        stop = self.content.find("\n", start, max(start, end))
        return line, start - begin + 1, (end if stop < 0 else stop) - begin + 1


@dataclass(slots=True, eq=False)
class _More:
    """What few nodes have: apart, so that the others stay small (a lock file has many)."""

    tag: str = ""
    merged: list[Pair] | None = None
    #: The pairs that count, by key; made when a table is first asked for one.
    index: dict[str, Pair] | None = None


@dataclass(slots=True, eq=False)
class Node:
    """A scalar, a list or a table as it is written.

    ``start`` and ``end`` are offsets into the document's text; of a table that
    only its keys make (TOML, INI), those of its header or first key.  ``value``
    is the text of a scalar with its escapes resolved, and the text inside an
    XML element.  ``style`` says how a scalar is written: its quotes, ``|``,
    ``>``, or "" for a bare word.  ``pairs`` may hold a key twice.
    """

    value: str = ""
    style: str = ""
    start: int = 0
    end: int = 0
    items: list[Node] | None = None
    pairs: list[Pair] | None = None
    _more: _More | None = None

    @property
    def more(self) -> _More:
        """What few nodes have, to be changed."""
        if self._more is None:
            self._more = _More()
        return self._more

    @property
    def tag(self) -> str:
        """The tag that YAML gives in so many words."""
        return "" if self._more is None else self._more.tag

    @property
    def merged(self) -> list[Pair] | None:
        """The pairs that merge keys of YAML add, None for a table without such a key."""
        return None if self._more is None else self._more.merged

    @property
    def is_scalar(self) -> bool:
        """Whether it is neither a list nor a table."""
        return self.items is None and self.pairs is None

    def find(self, name: str) -> Pair | None:
        """Return the key and value that count for a name: the last of a table's own, or merged."""
        if self.pairs is None:
            return None
        if self._more is None and len(self.pairs) <= _SMALL:
            return next(
                (pair for pair in reversed(self.pairs) if pair[0].value == name), None
            )
        more = self.more
        if more.index is None:
            more.index = {pair[0].value: pair for pair in more.merged or ()}
            more.index |= {pair[0].value: pair for pair in self.pairs}
        return more.index.get(name)

    def get(self, name: str) -> Node | None:
        """Return the value of a key of a table, merge keys included."""
        found = self.find(name)
        return None if found is None else found[1]

    def entries(self) -> list[Pair]:
        """Return the pairs of a table with those that merge keys add, [] for anything else."""
        merged = self.merged
        if merged is None:
            return self.pairs or []
        own = [
            pair
            for pair in self.pairs or ()
            if pair[1].is_scalar or not is_merge_key(pair[0])
        ]
        return own + merged

    def listed(self) -> list[Node]:
        """Return the items of a list, a scalar as a list of itself, [] for a table."""
        if self.items is not None:
            return self.items
        return [self] if self.is_scalar and self.value else []

    def walk(self) -> Iterator[tuple[str, Node, Node]]:
        """Yield (key, value, table) of every table below, each table once."""
        seen: set[int] = set()
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for key, value in node.pairs or ():
                yield key.value, value, node
            below = [value for _, value in node.pairs or ()] + (node.items or [])
            waiting += [one for one in reversed(below) if not one.is_scalar]


def is_merge_key(key: Node) -> bool:
    """Whether a key is YAML's ``<<``, which puts the pairs of other tables in its own."""
    if key.tag:
        return key.tag == "tag:yaml.org,2002:merge"
    return key.value == "<<" and not key.style and key.is_scalar


@dataclass(slots=True)
class Leaf:
    """A scalar with its path and its key; made anew for each, so that walking is cheap.

    ``names`` is the path with "" for the elements of lists.  ``key`` is None
    for an element of a list.
    """

    names: tuple[str, ...]
    key: Node | None
    node: Node
    text: Text

    @property
    def value(self) -> str | None:
        """The value if it is written as a text in quotes, else None (JSON)."""
        return self.node.value if self.node.style else None

    @property
    def place(self) -> tuple[int, int, int]:
        """The place of the key, or of the value of an element of a list."""
        node = self.key or self.node
        return self.text.place(node.start, node.end)

    @property
    def value_place(self) -> tuple[int, int, int]:
        """The place of the value."""
        return self.text.place(self.node.start, self.node.end)


class Document:
    """One parsed file: ``value`` for programs, ``root`` for places, ``text`` for both.

    ``value`` is made of dicts, lists and scalars, as the program of the format
    sees them; the last of two equal keys counts.  ``root`` is the same as it is
    written.  A reader makes one of the two at once and the other when it is
    first asked for.
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
        """The document as it is written."""
        if self._root is None:
            self._root = Node() if self._make_root is None else self._make_root()
        return self._root

    def table(self, *path: str) -> dict[str, Any]:
        """Return the table at a path, {} where something else or nothing stands there."""
        found: Any = self.value
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def find(self, path: Path) -> tuple[Node | None, Node] | None:
        """Return the key (None for an element of a list) and the value at a path, if any."""
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
        """Return the line of ``path`` or of the nearest key around it; 1 if there is none."""
        while path:
            found = self.find(path)
            if found is not None:
                return self.text.line((found[0] or found[1]).start)
            path = path[:-1]
        return 1

    def key_place(self, path: Path) -> tuple[int, int, int]:
        """Return the place of the key at a path, of the value of a list's element; else line 1."""
        found = self.find(path)
        if found is None:
            return 1, 1, 1
        node = found[0] or found[1]
        return self.text.place(node.start, node.end)

    def place(self, path: Path) -> tuple[int, int, int]:
        """Return the place of the value at a path; line 1 where nothing stands there."""
        found = self.find(path)
        return (
            (1, 1, 1)
            if found is None
            else self.text.place(found[1].start, found[1].end)
        )

    def items(self, limits: Limits = DEFAULT_LIMITS) -> Iterator[tuple[Path, Any]]:
        """Yield every path and value, tables and lists too, outermost first.

        Raises SyntaxReadError where there are more than ``limits.values`` or
        twice as many levels as ``limits.depth``: an alias of YAML stands for
        all that it points at, so that few bytes can be many values.
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
        """Yield every scalar in the order of the text; a key that stands twice counts twice."""
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
                    ((*names, one.value), one, value) for one, value in node.pairs[::-1]
                ]
            elif node.items is not None:
                inside = (*names, "")
                waiting += [(inside, None, item) for item in node.items[::-1]]
            else:
                yield Leaf(names, key, node, text)


def decode(data: bytes | str, limits: Limits, *, utf16: bool = False) -> str:
    """Return the text of a file with line feeds alone; raises SyntaxReadError.

    UTF-8 with or without its mark; ``utf16``: also UTF-16 with one, as editors
    read it.
    """
    if len(data) > limits.size:
        raise SyntaxReadError(0, f"larger than {_shown(limits.size)}")
    if isinstance(data, str):
        text = data.removeprefix("\ufeff")
    else:
        is_utf16 = utf16 and data.startswith(_UTF16_MARKS)
        try:
            text = data.decode("utf-16" if is_utf16 else "utf-8-sig")
        except UnicodeDecodeError as error:
            line = 0 if is_utf16 else data.count(b"\n", 0, error.start) + 1
            raise SyntaxReadError(line, "the file is not UTF-8") from error
    return text.replace("\r\n", "\n") if "\r" in text else text


def _shown(size: int) -> str:
    return f"{size >> 20} MB" if size >= 1 << 20 else f"{size >> 10} KB"

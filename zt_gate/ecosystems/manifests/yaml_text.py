"""YAML as a tree of values with their places, within bounds.

Built from libyaml's events with a stack of our own: its composer recurses in
C, and a file may be nested deeper than that stack.  An alias is the anchored
node itself, so walkers must not follow the same node for ever; ``Node.walk``
and ``get`` see to that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import ErrorKind, ManifestError, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 100
_MOST_NODES = 400_000


@dataclass(slots=True, eq=False)
class Node:
    """A scalar, a list or a mapping; ``start`` and ``end`` are offsets into the text."""

    value: str = ""
    style: str = ""
    start: int = 0
    end: int = 0
    items: list[Node] | None = None
    pairs: list[tuple[Node, Node]] | None = None

    @property
    def is_scalar(self) -> bool:
        """Whether it is neither a list nor a mapping."""
        return self.items is None and self.pairs is None

    def get(self, name: str) -> Node | None:
        """Return the last value of a key of a mapping, merge keys included."""
        found = None
        for key, value in self.pairs or ():
            if key.value == name:
                found = value
        if found is None:
            for key, value in self.pairs or ():
                if key.value == "<<" and value.pairs is not None and value is not self:
                    found = next((v for k, v in value.pairs if k.value == name), found)
        return found

    def entries(self) -> list[tuple[Node, Node]]:
        """Return the pairs of a mapping, [] for anything else."""
        return self.pairs or []

    def listed(self) -> list[Node]:
        """Return the items of a list, a scalar as a list of itself, [] for a mapping."""
        if self.items is not None:
            return self.items
        return [self] if self.is_scalar and self.value else []

    def walk(self) -> Iterator[tuple[str, Node, Node]]:
        """Yield (key, value, mapping) of every mapping below, each mapping once."""
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


@dataclass(slots=True)
class _Builder:
    """Puts nodes together from events."""

    roots: list[Node] = field(default_factory=list)
    stack: list[tuple[Node, list[Node]]] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    count: int = 0

    def add(self, node: Node, anchor: str | None, line: int) -> None:
        self.count += 1
        if self.count > _MOST_NODES:
            raise ManifestError(line, f"more than {_MOST_NODES:,} values")
        if anchor:
            self.anchors[anchor] = node
        (self.stack[-1][1] if self.stack else self.roots).append(node)

    def open(self, node: Node, anchor: str | None, line: int) -> None:
        self.add(node, anchor, line)
        self.stack.append((node, []))
        if len(self.stack) > _DEEPEST:
            raise ManifestError(line, f"nested deeper than {_DEEPEST} levels")

    def close(self) -> None:
        node, inside = self.stack.pop()
        if node.pairs is not None:
            node.pairs = list(zip(inside[::2], inside[1::2], strict=False))
        else:
            node.items = inside


def parse(data: bytes, limit: int, kind: ErrorKind = "unreadable") -> tuple[Text, list[Node]]:
    """Return the text and the documents of a YAML file; raises ManifestError of ``kind``."""
    if len(data) > limit:
        raise ManifestError(0, f"larger than {limit >> 20} MB, which no such file is", kind)
    try:
        content = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ManifestError(0, "is not in UTF-8", kind) from error
    text = Text.of(content)
    try:
        return text, _documents(text)
    except ManifestError as error:
        raise ManifestError(error.line, error.reason, kind) from error


def _documents(text: Text) -> list[Node]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder()
    try:
        for event in yaml.parse(text.content, Loader=loader):
            _take(builder, event, text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ManifestError(mark.line + 1 if mark else 0, "is no valid YAML") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(0, "is no valid YAML") from error
    return builder.roots


def _take(builder: _Builder, event: Any, text: Text) -> None:
    name = type(event).__name__
    if name in {"SequenceEndEvent", "MappingEndEvent"}:
        builder.close()
        return
    if name not in {"ScalarEvent", "AliasEvent", "SequenceStartEvent", "MappingStartEvent"}:
        return
    line = event.start_mark.line + 1
    start, end = _offset(text, event.start_mark), _offset(text, event.end_mark)
    if name == "ScalarEvent":
        node = Node(event.value, event.style or "", start, end)
        builder.add(node, event.anchor, line)
    elif name == "AliasEvent":
        known = builder.anchors.get(event.anchor)
        if known is None:
            raise ManifestError(line, "an alias without an anchor")
        builder.add(known, None, line)
    elif name == "SequenceStartEvent":
        builder.open(Node(start=start, end=end, items=[]), event.anchor, line)
    else:
        builder.open(Node(start=start, end=end, pairs=[]), event.anchor, line)


def _offset(text: Text, mark: Any) -> int:
    # libyaml also ends lines at NEL, LS and PS: its index is right where its line is not.
    return min(int(mark.index), len(text.content))

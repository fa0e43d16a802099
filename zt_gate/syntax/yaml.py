"""YAML as a tree with places, and as the values that the reading program sees.

Built from libyaml's events with a stack of our own: its composer recurses in
C, and a file may be nested deeper than that stack.  No constructor of a tag is
run.  An alias is the anchored node itself.

Programs differ in what a bare word means, so callers say which YAML the
program of the file reads:

- "1.1": PyYAML, Ruby's Psych.  ``yes``, ``on`` and their kin are truth values.
- "1.2": Go's yaml.v3, js-yaml, ``yaml`` of npm, GitHub Actions (core schema).
  Only ``true`` and ``false`` are.

Merge keys (``<<``) count in both: most readers of 1.2 take them too, and a
pair that one of them does not see is at worst looked at for nothing.  Keys and
numbers stay the text that is written: ``on:`` is the key "on", and ``1.10`` is
a version.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from zt_gate.syntax.document import (
    DEFAULT_LIMITS,
    Document,
    Limits,
    Node,
    Pair,
    SyntaxReadError,
    Text,
    decode,
    is_merge_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Version = Literal["1.1", "1.2"]

_NULLS: Mapping[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_CORE: Mapping[str, bool | None] = {
    **_NULLS,
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WORDS: Mapping[Version, Mapping[str, bool | None]] = {
    "1.2": _CORE,
    "1.1": {
        **_CORE,
        **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON"), True),
        **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF"), False),
    },
}
_TAG_BOOL = "tag:yaml.org,2002:bool"
_TAG_NULL = "tag:yaml.org,2002:null"
# An anchor and a tag stand before the value that they belong to.
_PROPERTIES = re.compile(r"(?:[&!]\S*+\s++){1,2}")


def read(
    data: bytes | str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    version: Version = "1.2",
    clear_merges: bool = False,
    utf16: bool = False,
) -> Document:
    """Read the first document of a YAML file; raises SyntaxReadError.

    A file without any document holds nothing (None).  ``clear_merges``: refuse
    merged tables that give a key different values, as PyYAML 6.0.4 takes
    another one of them than PyYAML before it.
    """
    content = decode(data, limits, utf16=utf16)
    document = _roots(content, limits, version, first=True, clear_merges=clear_merges)[
        0
    ]
    _ = document.value  # so that it is not refused later
    return document


def read_all(
    data: bytes | str, *, limits: Limits = DEFAULT_LIMITS, version: Version = "1.2"
) -> tuple[Document, ...]:
    """Read all documents of a YAML file; raises SyntaxReadError.

    So may the ``value`` of one, which is made when it is first asked for.
    """
    return tuple(_roots(decode(data, limits), limits, version, first=False))


def _roots(
    content: str,
    limits: Limits,
    version: Version,
    *,
    first: bool,
    clear_merges: bool = False,
) -> list[Document]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = Text.of(content)
    builder = _Builder(text, limits, clear_merges=clear_merges)
    try:
        for event in yaml.parse(content, Loader=loader):
            if first and builder.roots and isinstance(event, yaml.DocumentStartEvent):
                break
            builder.take(event)
        builder.merge()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(
            error, "context_mark", None
        )
        line = 0 if mark is None else text.line(min(mark.index, len(content)))
        raise SyntaxReadError(line, "not valid YAML", str(error)) from error
    except (ValueError, RecursionError) as error:
        raise SyntaxReadError(0, "not valid YAML") from error
    if first and not builder.roots:
        return [Document(content, root=Node(), text=text)]
    return [_document(root, text, version) for root in builder.roots]


def _document(root: Node, text: Text, version: Version) -> Document:
    def value() -> Any:
        try:
            return _value(root, _WORDS[version], {})
        except RecursionError as error:
            raise SyntaxReadError(0, "nested too deeply") from error

    return Document(text.content, root=root, make_value=value, text=text)


class _Builder:
    """Puts nodes together from events."""

    def __init__(self, text: Text, limits: Limits, *, clear_merges: bool) -> None:
        self.text = text
        self.clear_merges = clear_merges
        self.limits = limits
        self.roots: list[Node] = []
        # The open lists and tables, each with what stands before it at its own level.
        self.stack: list[tuple[Node, list[Node]]] = []
        self.inside = self.roots
        self.anchors: dict[str, Node] = {}
        #: Whether any key may be a merge key: most files have none.
        self.may_merge = "<<" in text.content or "!" in text.content
        self.merging: dict[int, tuple[Node, list[Node]]] = {}
        self.count = 0
        self.takers: Mapping[str, Callable[[Any], None]] = {
            "ScalarEvent": self._scalar,
            "MappingStartEvent": self._begin_table,
            "MappingEndEvent": self._close,
            "SequenceStartEvent": self._begin_list,
            "SequenceEndEvent": self._close,
            "AliasEvent": self._alias,
            "DocumentStartEvent": self._begin_document,
        }

    def take(self, event: Any) -> None:
        """Take one event; raises SyntaxReadError beyond a limit, or for an unknown alias."""
        take = self.takers.get(type(event).__name__)
        if take is not None:
            take(event)

    def _begin_document(self, _event: Any) -> None:
        self.anchors.clear()

    def _scalar(self, event: Any) -> None:
        # libyaml also ends lines at NEL, LS and PS: its index is right where its line is not.
        start, end = event.start_mark.index, event.end_mark.index
        node = Node(event.value, event.style or "", start, end)
        self._add(node, event)

    def _begin_list(self, event: Any) -> None:
        self._open(Node("", "", event.start_mark.index, 0, []), event)

    def _begin_table(self, event: Any) -> None:
        self._open(Node("", "", event.start_mark.index, 0, None, []), event)

    def _alias(self, event: Any) -> None:
        anchored = self.anchors.get(event.anchor)
        if anchored is None:
            line = self.text.line(event.start_mark.index)
            raise SyntaxReadError(line, "not valid YAML: an alias without an anchor")
        self.count += 1
        self.inside.append(anchored)

    def _open(self, node: Node, event: Any) -> None:
        self._add(node, event)
        self.stack.append((node, self.inside))
        self.inside = []
        if len(self.stack) > self.limits.depth:
            line = self.text.line(node.start)
            raise SyntaxReadError(
                line, f"nested deeper than {self.limits.depth} levels"
            )

    def _add(self, node: Node, event: Any) -> None:
        self.count += 1
        if self.count > self.limits.values:
            raise self._too_many(node)
        if event.anchor or event.tag:
            if event.tag:
                node.more.tag = event.tag
            end = max(event.end_mark.index, node.start)
            properties = _PROPERTIES.match(self.text.content, node.start)
            node.start = (
                node.start if properties is None else min(properties.end(), end)
            )
            if event.anchor:
                self.anchors[event.anchor] = node
        self.inside.append(node)

    def _too_many(self, node: Node) -> SyntaxReadError:
        return SyntaxReadError(
            self.text.line(node.start), f"more than {self.limits.values:,} values"
        )

    def _close(self, event: Any) -> None:
        inside = self.inside
        node, self.inside = self.stack.pop()
        node.end = max(node.start, event.end_mark.index)
        if node.pairs is None:
            node.items = inside
            return
        node.pairs = list(zip(inside[::2], inside[1::2], strict=True))
        if not self.may_merge:
            return
        merges = [
            value
            for key, value in node.pairs
            if is_merge_key(key) and not value.is_scalar
        ]
        if merges:
            self.merging[id(node)] = (node, merges)

    def merge(self) -> None:
        """Give every table with merge keys the pairs that these add; raises SyntaxReadError."""
        for node, _ in list(self.merging.values()):
            self._merge(node)

    def _merge(self, node: Node) -> None:
        """Add the pairs of a table's merge keys, each name once.

        A table's own pairs count before merged ones, of several merge keys the
        later one, in a list of tables the earlier one.
        """
        if node.merged is not None or id(node) not in self.merging:
            return
        node.more.merged = []  # a table that merges itself adds nothing
        found = {key.value: (key, value) for key, value in node.pairs or ()}
        own = len(found)
        given: dict[str, Pair] = {}
        for merge in reversed(self.merging[id(node)][1]):
            listed: dict[str, Pair] = {}
            for table in merge.items if merge.items is not None else [merge]:
                self._merge(table)
                for pair in self._counted(node, table):
                    name = pair[0].value
                    listed.setdefault(name, pair)
                    earlier = given.setdefault(name, pair)
                    if self.clear_merges and (
                        name not in found or found[name] is given[name]
                    ):
                        self._check_same(earlier, pair)
            for name, pair in listed.items():
                found.setdefault(name, pair)
        node.more.merged = list(found.values())[own:]

    def _counted(self, node: Node, table: Node) -> list[Pair]:
        """Return the pairs of a merged table that count, and count them themselves."""
        pairs = table.entries()
        # A list of aliases is short, what they point at may be long.
        self.count += 1 + len(pairs)
        if self.count > self.limits.values:
            raise self._too_many(node)
        return list({key.value: (key, value) for key, value in pairs}.values())

    def _check_same(self, earlier: Pair, later: Pair) -> None:
        one, other = earlier[1], later[1]
        same = one is other or (
            one.is_scalar
            and other.is_scalar
            and (one.value, one.style, one.tag) == (other.value, other.style, other.tag)
        )
        if not same:
            line = self.text.line(later[0].start)
            raise SyntaxReadError(
                line, "merged tables that give a key different values"
            )


def _value(node: Node, words: Mapping[str, bool | None], known: dict[int, Any]) -> Any:
    """Return a node as the program sees it.

    In the order of the text: an anchor's value is known before its aliases',
    so that no alias makes the recursion deeper than the text is nested.
    """
    if node.is_scalar:
        return _scalar(node, words)
    if id(node) in known:
        return known[id(node)]
    if node.items is not None:
        listed: list[Any] = []
        known[id(node)] = listed
        listed.extend([_value(item, words, known) for item in node.items])
        return listed
    table: dict[str, Any] = {}
    known[id(node)] = table
    merged = node.merged
    for key, value in node.pairs or ():
        below = _value(value, words, known)
        if merged is None or value.is_scalar or not is_merge_key(key):
            table[key.value] = below
    for key, value in merged or ():
        table.setdefault(key.value, _value(value, words, known))
    return table


def _scalar(node: Node, words: Mapping[str, bool | None]) -> str | bool | None:
    text, tag = node.value, node.tag
    if tag == _TAG_BOOL:
        lowered = words.get(text.lower())
        return text if lowered is None else lowered
    if tag == _TAG_NULL:
        return None
    if node.style or tag or text not in words:
        return text
    return words[text]

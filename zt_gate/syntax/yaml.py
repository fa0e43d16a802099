"""Reader for YAML: a tree with places, and the values that a program reads.

The tree is built from libyaml's events with an explicit stack, because libyaml's own
composer recurses in C and overflows on deep nesting.  No constructor of a tag is run.
An alias is the anchored node itself.

Programs differ in the meaning of a bare word, so the caller gives the YAML version of
the program that reads the file:

- "1.1": PyYAML, Ruby's Psych.  ``yes``, ``no``, ``on`` and ``off`` are booleans.
- "1.2": Go's yaml.v3, js-yaml, ``yaml`` of npm, GitHub Actions (core schema).
  Only ``true`` and ``false`` are booleans.

Merge keys (``<<``) are resolved in both: most readers of 1.2 resolve them too, and for
the others an additional pair does no harm.  Keys and numbers stay text as written:
``on:`` is the key "on", and ``1.10`` is a version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from zt_gate import lazy_re
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
# The anchor and the tag of a value are written before it.
_PROPERTIES = lazy_re.compile(r"(?:[&!]\S*+\s++){1,2}")


def read(
    data: bytes | str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    version: Version = "1.2",
    clear_merges: bool = False,
    utf16: bool = False,
) -> Document:
    """Read the first document of a YAML file; raises SyntaxReadError.

    The value of a file without a document is None.  ``clear_merges``: refuse merged
    tables that give a key different values, because PyYAML from 6.0.4 on chooses
    another one of them than earlier versions.
    """
    content = decode(data, limits, utf16=utf16)
    documents = _documents(
        content, limits, version, first=True, clear_merges=clear_merges
    )
    document = documents[0]
    _ = document.value  # raises now what the value would raise later
    return document


def read_all(
    data: bytes | str, *, limits: Limits = DEFAULT_LIMITS, version: Version = "1.2"
) -> tuple[Document, ...]:
    """Read all documents of a YAML file; raises SyntaxReadError.

    The first use of a document's ``value`` may raise it, too.
    """
    return tuple(_documents(decode(data, limits), limits, version, first=False))


def _documents(
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
        builder.resolve_merges()
    except yaml.YAMLError as error:
        line = _line_of(error, text)
        raise SyntaxReadError(line, "not valid YAML", str(error)) from error
    except (ValueError, RecursionError) as error:
        raise SyntaxReadError(0, "not valid YAML") from error
    if first and not builder.roots:
        return [Document(content, root=Node(), text=text)]
    return [_document(root, text, version) for root in builder.roots]


def _line_of(error: Exception, text: Text) -> int:
    """Return the line that a parser's error names, 0 for none."""
    problem_mark = getattr(error, "problem_mark", None)
    mark = problem_mark or getattr(error, "context_mark", None)
    if mark is None:
        return 0
    return text.line(min(mark.index, len(text.content)))


def _document(root: Node, text: Text, version: Version) -> Document:
    def value() -> Any:
        try:
            return _value(root, _WORDS[version], {})
        except RecursionError as error:
            raise SyntaxReadError(0, "nested too deeply") from error

    return Document(text.content, root=root, make_value=value, text=text)


class _Builder:
    """Builds nodes from events."""

    def __init__(self, text: Text, limits: Limits, *, clear_merges: bool) -> None:
        self.text = text
        self.clear_merges = clear_merges
        self.limits = limits
        self.roots: list[Node] = []
        # The open lists and tables, each with its preceding siblings.
        self.stack: list[tuple[Node, list[Node]]] = []
        #: The nodes read so far in the innermost open list or table.
        self.siblings = self.roots
        self.anchors: dict[str, Node] = {}
        #: Whether any key may be a merge key: most files have none.
        self.may_merge = "<<" in text.content or "!" in text.content
        #: The tables with merge keys, each with the values of these keys.
        self.merging: dict[int, tuple[Node, list[Node]]] = {}
        self.count = 0
        self.handlers: Mapping[str, Callable[[Any], None]] = {
            "ScalarEvent": self._scalar,
            "MappingStartEvent": self._begin_table,
            "MappingEndEvent": self._close,
            "SequenceStartEvent": self._begin_list,
            "SequenceEndEvent": self._close,
            "AliasEvent": self._alias,
            "DocumentStartEvent": self._begin_document,
        }

    def take(self, event: Any) -> None:
        """Handle one event; raises SyntaxReadError beyond a limit, or for an unknown alias."""
        handler = self.handlers.get(type(event).__name__)
        if handler is not None:
            handler(event)

    def _begin_document(self, _event: Any) -> None:
        self.anchors.clear()

    def _scalar(self, event: Any) -> None:
        # Only the index of a mark is used: libyaml also counts NEL, LS and PS as line ends.
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
        self.siblings.append(anchored)

    def _open(self, node: Node, event: Any) -> None:
        self._add(node, event)
        self.stack.append((node, self.siblings))
        self.siblings = []
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
            self._set_properties(node, event)
        self.siblings.append(node)

    def _set_properties(self, node: Node, event: Any) -> None:
        """Set a node's tag and anchor, and its start to the value behind them."""
        if event.tag:
            node.details.tag = event.tag
        if event.anchor:
            self.anchors[event.anchor] = node
        properties = _PROPERTIES.match(self.text.content, node.start)
        if properties is not None:
            end = max(event.end_mark.index, node.start)
            node.start = min(properties.end(), end)

    def _too_many(self, node: Node) -> SyntaxReadError:
        return SyntaxReadError(
            self.text.line(node.start), f"more than {self.limits.values:,} values"
        )

    def _close(self, event: Any) -> None:
        children = self.siblings
        node, self.siblings = self.stack.pop()
        node.end = max(node.start, event.end_mark.index)
        if node.pairs is None:
            node.items = children
            return
        node.pairs = list(zip(children[::2], children[1::2], strict=True))
        if not self.may_merge:
            return
        merges = [
            value
            for key, value in node.pairs
            if is_merge_key(key) and not value.is_scalar
        ]
        if merges:
            self.merging[id(node)] = (node, merges)

    def resolve_merges(self) -> None:
        """Add the merged pairs to every table with merge keys; raises SyntaxReadError."""
        for node, _ in list(self.merging.values()):
            self._resolve(node)

    def _resolve(self, node: Node) -> None:
        """Add the pairs of a table's merge keys, each name once.

        A table's own pairs take precedence over merged ones, a later merge key over
        an earlier one, and in a list of tables the earlier table.
        """
        if node.merged is not None or id(node) not in self.merging:
            return
        node.details.merged = []  # a table that merges itself adds nothing
        pairs = {key.value: (key, value) for key, value in node.pairs or ()}
        own_count = len(pairs)
        first_merged: dict[str, Pair] = {}
        for merge in reversed(self.merging[id(node)][1]):
            added: dict[str, Pair] = {}
            for table in merge.items if merge.items is not None else [merge]:
                self._resolve(table)
                for pair in self._mergeable_pairs(node, table):
                    name = pair[0].value
                    added.setdefault(name, pair)
                    first = first_merged.setdefault(name, pair)
                    is_own = name in pairs and pairs[name] is not first
                    if self.clear_merges and not is_own:
                        self._check_same(first, pair)
            for name, pair in added.items():
                pairs.setdefault(name, pair)
        node.details.merged = list(pairs.values())[own_count:]

    def _mergeable_pairs(self, node: Node, table: Node) -> list[Pair]:
        """Return the deciding pairs of a merged table; raises SyntaxReadError beyond the limit."""
        pairs = table.entries()
        # Merged pairs count as values: a short list of aliases can add many.
        self.count += 1 + len(pairs)
        if self.count > self.limits.values:
            raise self._too_many(node)
        return list({key.value: (key, value) for key, value in pairs}.values())

    def _check_same(self, first: Pair, other: Pair) -> None:
        if not _is_same(first[1], other[1]):
            line = self.text.line(other[0].start)
            raise SyntaxReadError(
                line, "merged tables that give a key different values"
            )


def _is_same(one: Node, other: Node) -> bool:
    """Return whether two values are one node, or scalars that are written alike."""
    if one is other:
        return True
    if not one.is_scalar or not other.is_scalar:
        return False
    return (one.value, one.style, one.tag) == (other.value, other.style, other.tag)


def _value(node: Node, words: Mapping[str, bool | None], built: dict[int, Any]) -> Any:
    """Return the value that the program reads from a node; ``built`` holds those so far.

    Values are built in the order of the text: an anchor's before its aliases', so
    that an alias never makes the recursion deeper than the nesting of the text.
    """
    if node.is_scalar:
        return _scalar(node, words)
    if id(node) in built:
        return built[id(node)]
    if node.items is not None:
        items: list[Any] = []
        built[id(node)] = items
        items.extend([_value(item, words, built) for item in node.items])
        return items
    table: dict[str, Any] = {}
    built[id(node)] = table
    merged = node.merged
    for key, value_node in node.pairs or ():
        value = _value(value_node, words, built)
        if merged is None or value_node.is_scalar or not is_merge_key(key):
            table[key.value] = value
    for key, value_node in merged or ():
        table.setdefault(key.value, _value(value_node, words, built))
    return table


def _scalar(node: Node, words: Mapping[str, bool | None]) -> str | bool | None:
    text, tag = node.value, node.tag
    if tag == _TAG_BOOL:
        boolean = words.get(text.lower())
        return text if boolean is None else boolean
    if tag == _TAG_NULL:
        return None
    if node.style or tag or text not in words:
        return text
    return words[text]

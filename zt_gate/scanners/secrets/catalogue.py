"""The rules of this scanner, indexed for one pass over the text.

Building it is part of every start, so nothing is compiled here but one
alternation of literals; a rule's own pattern is compiled when its literal is
first met.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.model.rule import Rule

#: How far before a marker inside a value its pattern may begin, in bytes.
_BEFORE_MARKER = 160


@dataclass(frozen=True, slots=True)
class Format:
    """One rule that finds by pattern.

    ``literals`` are what the prefilter looks for: prefixes of the value, or
    (``marker``) something inside it, or (``near``) words in lower case that
    must stand within ``reach`` bytes before it.
    """

    rule: Rule
    source: str
    literals: tuple[bytes, ...]
    marker: bool = False
    near: bool = False
    reach: int = 80
    checksum: str = ""
    #: Whether what looks like a checksum is the format itself: wrong means something else.
    requires: bool = False
    #: Words of which one must stand near for the rule's own level (else it only warns).
    context: tuple[bytes, ...] = ()
    entropy: float = 0.0
    #: Whether it says nothing where none of its ``context`` stands near.
    strict: bool = False
    #: Whether a value made of sequences or repeats is a placeholder here.
    fakes: bool = True


@dataclass(slots=True)
class Catalogue:
    """What one scan works with.  Made per scan; its caches live as long as it does."""

    rules: Mapping[str, Rule]
    by_literal: dict[bytes, tuple[Format, ...]]
    by_marker: dict[bytes, tuple[Format, ...]]
    by_word: dict[bytes, tuple[Format, ...]]
    #: Prefixes at the beginning of a word; prefixes after an escape (``\\n``, ``%3D``);
    #: markers, which stand inside a value.  The literal is group 1 of each.
    prefilters: tuple[re.Pattern[bytes], ...]
    #: Digests of documented samples: no rule reports them.
    known: frozenset[str]
    _words: re.Pattern[bytes] | None = None
    _patterns: dict[str, re.Pattern[bytes]] = field(default_factory=dict)

    def pattern(self, form: Format) -> re.Pattern[bytes]:
        """Return the compiled pattern of a format."""
        known = self._patterns.get(form.rule.id)
        if known is None:
            known = re.compile(form.source.encode("ascii"))
            self._patterns[form.rule.id] = known
        return known

    @property
    def words(self) -> re.Pattern[bytes]:
        """The alternation of all ``near`` words, for text in lower case."""
        if self._words is None:
            self._words = re.compile(tree(self.by_word))
        return self._words

    def data(self, rule: str) -> Mapping[str, Any]:
        """Return the free data of a rule; a rule that is not there is an error (KeyError)."""
        return self.rules[rule].data


def build(rules: Mapping[str, Rule]) -> Catalogue:
    """Index the rules."""
    literal: dict[bytes, list[Format]] = {}
    marker: dict[bytes, list[Format]] = {}
    word: dict[bytes, list[Format]] = {}
    for form in formats(rules):
        index = word if form.near else marker if form.marker else literal
        for text in form.literals:
            index.setdefault(text, []).append(form)
    prefixes, markers = tree(literal), tree(marker)
    filters = (
        rb"\b(" + prefixes + rb")",
        rb"(?:\\[nrtbfv]|%[0-9A-Fa-f]{2})(" + prefixes + rb")",
        rb"(" + markers + rb")",
    )
    return Catalogue(
        rules,
        _shortest(literal),
        _shortest(marker),
        _shortest(word),
        tuple(re.compile(text) for text in filters),
        frozenset(text for rule in rules.values() for text in rule.data.get("documentation", ())),
    )


def formats(rules: Mapping[str, Rule]) -> list[Format]:
    """Return the rules that find by pattern."""
    return [_format(rule) for rule in rules.values() if "pattern" in rule.data]


def masking(rules: Mapping[str, Rule]) -> Sequence[re.Pattern[str]]:
    """Return the patterns of the formats that need no word near them, for text."""
    return [re.compile(form.source, re.ASCII) for form in formats(rules) if not form.near]


def tree(literals: Iterable[bytes]) -> bytes:
    """Return literals as one expression shaped like their tree of prefixes.

    A plain alternation tries every literal at every byte; the tree tries some
    dozens of first bytes.  Where one literal begins another, the shorter one
    is found.  Search on from one byte after a match, not from its end: a
    literal may begin inside another one.
    """
    root: dict[int, Any] = {}
    for text in sorted(literals):
        node = root
        for byte in text:
            node = node.setdefault(byte, {})
        node[-1] = {}
    return _branch(root) if root else rb"(?!)"


def _branch(node: dict[int, Any]) -> bytes:
    if -1 in node:
        return b""
    arms = [re.escape(bytes([byte])) + _branch(below) for byte, below in node.items()]
    return arms[0] if len(arms) == 1 else b"(?:" + b"|".join(arms) + b")"


def _shortest(index: Mapping[bytes, Sequence[Format]]) -> dict[bytes, tuple[Format, ...]]:
    """Hang every format on the shortest literal that begins its own."""
    result: dict[bytes, dict[str, Format]] = {}
    for text, found in index.items():
        key = next((text[:n] for n in range(1, len(text)) if text[:n] in index), text)
        result.setdefault(key, {}).update({form.rule.id: form for form in found})
    return {key: tuple(found.values()) for key, found in result.items()}


def _format(rule: Rule) -> Format:
    data = rule.data
    near = tuple(str(word).lower().encode() for word in data.get("near", ()))
    prefixes = tuple(str(text).encode() for text in data.get("prefixes", ()))
    markers = tuple(str(text).encode() for text in data.get("markers", ()))
    return Format(
        rule=rule,
        source=data["pattern"],
        literals=prefixes or markers or near,
        marker=not prefixes and bool(markers),
        near=not prefixes and not markers,
        reach=int(data.get("reach", _BEFORE_MARKER if markers else 80)),
        checksum=str(data.get("checksum", "")),
        requires=bool(data.get("requires", False)),
        context=tuple(str(word).lower().encode() for word in data.get("context", ())),
        entropy=float(data.get("entropy", 0)),
        strict=bool(data.get("strict", False)),
        fakes=bool(data.get("fakes", True)),
    )

"""The rules of this scanner, indexed for one pass over the text.

Building it is part of every start, so nothing is compiled here: a rule's own
pattern is when its literal is first met.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.rule import Rule

#: How far before a marker inside a value its pattern may begin, in bytes.
_BEFORE_MARKER = 160
#: Bytes after which expressions pay: compiling them takes some 8 ms.
_WORTH_COMPILING = 100_000


@dataclass(frozen=True, slots=True)
class SecretFormat:
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
    #: Words near it, or in the path, of what is published by design: it only warns then.
    public: tuple[bytes, ...] = ()
    entropy: float = 0.0
    #: Whether it says nothing where none of its ``context`` stands near.
    strict: bool = False
    #: Whether a value made of sequences or repeats is a placeholder here.
    fakes: bool = True


@dataclass(slots=True)
class FormatIndex:
    """What one scan works with.  Made per scan; its caches live as long as it does."""

    rules: Mapping[str, Rule]
    by_literal: dict[bytes, tuple[SecretFormat, ...]]
    by_marker: dict[bytes, tuple[SecretFormat, ...]]
    by_word: dict[bytes, tuple[SecretFormat, ...]]
    #: Digests of documented samples: no rule reports them.
    known: frozenset[str]
    _searched: int = 0
    _compiled: tuple[re.Pattern[bytes], ...] = ()
    _words: re.Pattern[bytes] | None = None
    _patterns: dict[str, re.Pattern[bytes]] = field(default_factory=dict)

    def pattern(self, form: SecretFormat) -> re.Pattern[bytes]:
        """Return the compiled pattern of a format."""
        known = self._patterns.get(form.rule.id)
        if known is None:
            known = re.compile(form.source.encode("ascii"))
            self._patterns[form.rule.id] = known
        return known

    def candidates(self, data: bytes) -> Iterator[tuple[int, tuple[SecretFormat, ...]]]:
        """Yield where a format may be, and which: its literal stands there.

        The first bytes of a scan are searched literal by literal, which costs
        no time to prepare; for more, three expressions are compiled.
        """
        self._searched += len(data)
        if self._searched < _WORTH_COMPILING:
            for index in (self.by_literal, self.by_marker):
                for text, forms in index.items():
                    position = data.find(text)
                    while position >= 0:
                        yield position, forms
                        position = data.find(text, position + 1)
            return
        *prefixed, marked = self._filters()
        for prefilter in (*prefixed, marked):
            index = self.by_marker if prefilter is marked else self.by_literal
            found = prefilter.search(data)
            while found is not None:
                yield found.start(1), index[found[1]]
                found = prefilter.search(data, found.start() + 1)

    def words(
        self, lower: bytes
    ) -> Iterator[tuple[int, int, tuple[SecretFormat, ...]]]:
        """Yield the spans of ``near`` words in text in lower case, and their formats."""
        if self._searched < _WORTH_COMPILING:
            for text, forms in self.by_word.items():
                position = lower.find(text)
                while position >= 0:
                    yield position, position + len(text), forms
                    position = lower.find(text, position + 1)
            return
        if self._words is None:
            self._words = re.compile(tree(self.by_word))
        for found in self._words.finditer(lower):
            yield found.start(), found.end(), self.by_word[found[0]]

    def _filters(self) -> tuple[re.Pattern[bytes], ...]:
        r"""Prefixes that begin a word; prefixes after an escape (``\n``, ``%3D``); markers."""
        if not self._compiled:
            prefixes, markers = tree(self.by_literal), tree(self.by_marker)
            self._compiled = (
                re.compile(rb"\b(" + prefixes + rb")"),
                re.compile(rb"(?:\\[nrtbfv]|%[0-9A-Fa-f]{2})(" + prefixes + rb")"),
                re.compile(rb"(" + markers + rb")"),
            )
        return self._compiled

    def data(self, rule: str) -> Mapping[str, Any]:
        """Return the free data of a rule; a rule that is not there is an error (KeyError)."""
        return self.rules[rule].data


def build(rules: Mapping[str, Rule]) -> FormatIndex:
    """Index the rules."""
    literal: dict[bytes, list[SecretFormat]] = {}
    marker: dict[bytes, list[SecretFormat]] = {}
    word: dict[bytes, list[SecretFormat]] = {}
    for form in formats(rules):
        index = word if form.near else marker if form.marker else literal
        for text in form.literals:
            index.setdefault(text, []).append(form)
    return FormatIndex(
        rules,
        _shortest(literal),
        _shortest(marker),
        _shortest(word),
        frozenset(
            text
            for rule in rules.values()
            for text in rule.data.get("documentation", ())
        ),
    )


def formats(rules: Mapping[str, Rule]) -> list[SecretFormat]:
    """Return the rules that find by pattern."""
    return [_format(rule) for rule in rules.values() if "pattern" in rule.data]


def masking(rules: Mapping[str, Rule]) -> Sequence[re.Pattern[str]]:
    """Return the patterns of the formats that need no word near them, for text."""
    return [
        re.compile(form.source, re.ASCII) for form in formats(rules) if not form.near
    ]


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


def _shortest(
    index: Mapping[bytes, Sequence[SecretFormat]],
) -> dict[bytes, tuple[SecretFormat, ...]]:
    """Hang every format on the shortest literal that begins its own."""
    result: dict[bytes, dict[str, SecretFormat]] = {}
    for text, found in index.items():
        key = next((text[:n] for n in range(1, len(text)) if text[:n] in index), text)
        result.setdefault(key, {}).update({form.rule.id: form for form in found})
    return {key: tuple(found.values()) for key, found in result.items()}


def _format(rule: Rule) -> SecretFormat:
    data = rule.data
    near = tuple(str(word).lower().encode() for word in data.get("near", ()))
    prefixes = tuple(str(text).encode() for text in data.get("prefixes", ()))
    markers = tuple(str(text).encode() for text in data.get("markers", ()))
    return SecretFormat(
        rule=rule,
        source=data["pattern"],
        literals=prefixes or markers or near,
        marker=not prefixes and bool(markers),
        near=not prefixes and not markers,
        reach=int(data.get("reach", _BEFORE_MARKER if markers else 80)),
        checksum=str(data.get("checksum", "")),
        requires=bool(data.get("requires", False)),
        context=tuple(str(word).lower().encode() for word in data.get("context", ())),
        public=tuple(str(word).lower().encode() for word in data.get("public", ())),
        entropy=float(data.get("entropy", 0)),
        strict=bool(data.get("strict", False)),
        fakes=bool(data.get("fakes", True)),
    )

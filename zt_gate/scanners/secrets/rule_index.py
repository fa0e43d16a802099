"""The rules that find by pattern, indexed by the literals of a prefilter.

The index is built at every start, so nothing is compiled here: a rule's pattern
is compiled when its literal is first found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.rule import Rule

#: Bytes before a marker inside a value, or after a word near it, that may hold the value.
_MARKER_REACH = 160
_NEAR_REACH = 80
#: Bytes after which compiled expressions pay off: compiling them takes some 8 ms.
_WORTH_COMPILING = 100_000
#: Key of a node in a tree of prefixes: a literal ends here.
_END = -1


@dataclass(frozen=True, slots=True)
class SecretFormat:
    """One rule that finds by pattern.

    ``literals`` are what the prefilter searches for: prefixes of the value, or
    (``marker``) something inside it, or (``near``) words in lower case that must
    be within ``reach`` bytes before it.
    """

    rule: Rule
    source: str
    literals: tuple[bytes, ...]
    marker: bool = False
    near: bool = False
    reach: int = _NEAR_REACH
    checksum: str = ""
    #: Whether a value with a wrong checksum is not of this format at all.
    requires: bool = False
    #: Words of which one must be near for the rule's own level; without one it only warns.
    context: tuple[bytes, ...] = ()
    #: Words near the value or in the path of values that are published by design: it only warns.
    public: tuple[bytes, ...] = ()
    entropy: float = 0.0
    #: Whether the rule reports nothing without a word of ``context`` near.
    strict: bool = False
    #: Whether a value made of sequences or repeats counts as a placeholder.
    fakes: bool = True


@dataclass(slots=True)
class FormatIndex:
    """The formats by literal, with the caches of one scan."""

    rules: Mapping[str, Rule]
    by_prefix: dict[bytes, tuple[SecretFormat, ...]]
    by_marker: dict[bytes, tuple[SecretFormat, ...]]
    by_word: dict[bytes, tuple[SecretFormat, ...]]
    #: Digests of documented samples, which no rule reports.
    sample_digests: frozenset[str]
    _searched: int = 0
    _prefilters: tuple[re.Pattern[bytes], ...] = ()
    _word_prefilter: re.Pattern[bytes] | None = None
    _patterns: dict[str, re.Pattern[bytes]] = field(default_factory=dict)

    def pattern(self, form: SecretFormat) -> re.Pattern[bytes]:
        """Return the compiled pattern of a format."""
        pattern = self._patterns.get(form.rule.id)
        if pattern is None:
            pattern = re.compile(form.source.encode("ascii"))
            self._patterns[form.rule.id] = pattern
        return pattern

    def candidates(self, data: bytes) -> Iterator[tuple[int, tuple[SecretFormat, ...]]]:
        """Yield the offset of each literal of a format, and its formats.

        The first bytes of a scan are searched literal by literal, which needs no
        preparation; for more, three expressions are compiled.
        """
        self._searched += len(data)
        if self._searched < _WORTH_COMPILING:
            yield from _find_each(self.by_prefix, data)
            yield from _find_each(self.by_marker, data)
            return
        word_start, after_escape, marker = self._compiled_prefilters()
        yield from _search_all(word_start, self.by_prefix, data)
        yield from _search_all(after_escape, self.by_prefix, data)
        yield from _search_all(marker, self.by_marker, data)

    def words(
        self, lower: bytes
    ) -> Iterator[tuple[int, int, tuple[SecretFormat, ...]]]:
        """Yield the spans of ``near`` words in text in lower case, and their formats."""
        if self._searched < _WORTH_COMPILING:
            for word, forms in self.by_word.items():
                position = lower.find(word)
                while position >= 0:
                    yield position, position + len(word), forms
                    position = lower.find(word, position + 1)
            return
        if self._word_prefilter is None:
            self._word_prefilter = re.compile(prefix_tree(self.by_word))
        for match in self._word_prefilter.finditer(lower):
            yield match.start(), match.end(), self.by_word[match[0]]

    def _compiled_prefilters(self) -> tuple[re.Pattern[bytes], ...]:
        r"""Prefixes that begin a word; prefixes after an escape (``\n``, ``%3D``); markers."""
        if not self._prefilters:
            prefixes = prefix_tree(self.by_prefix)
            markers = prefix_tree(self.by_marker)
            self._prefilters = (
                re.compile(rb"\b(" + prefixes + rb")"),
                re.compile(rb"(?:\\[nrtbfv]|%[0-9A-Fa-f]{2})(" + prefixes + rb")"),
                re.compile(rb"(" + markers + rb")"),
            )
        return self._prefilters

    def data(self, rule: str) -> Mapping[str, Any]:
        """Return the free data of a rule; raises KeyError for an unknown rule."""
        return self.rules[rule].data


def build(rules: Mapping[str, Rule]) -> FormatIndex:
    """Index the rules."""
    by_prefix: dict[bytes, list[SecretFormat]] = {}
    by_marker: dict[bytes, list[SecretFormat]] = {}
    by_word: dict[bytes, list[SecretFormat]] = {}
    for form in formats(rules):
        if form.near:
            index = by_word
        elif form.marker:
            index = by_marker
        else:
            index = by_prefix
        for literal in form.literals:
            index.setdefault(literal, []).append(form)
    sample_digests = frozenset(
        digest
        for rule in rules.values()
        for digest in rule.data.get("documentation", ())
    )
    return FormatIndex(
        rules,
        _by_shortest(by_prefix),
        _by_shortest(by_marker),
        _by_shortest(by_word),
        sample_digests,
    )


def formats(rules: Mapping[str, Rule]) -> list[SecretFormat]:
    """Return the rules that find by pattern."""
    return [_format(rule) for rule in rules.values() if "pattern" in rule.data]


def masking(rules: Mapping[str, Rule]) -> Sequence[re.Pattern[str]]:
    """Return the patterns of the formats that need no word near them, for text."""
    return [
        re.compile(form.source, re.ASCII) for form in formats(rules) if not form.near
    ]


def prefix_tree(literals: Iterable[bytes]) -> bytes:
    """Return literals as one expression shaped like their tree of prefixes.

    A plain alternation tries every literal at every byte; the tree tries some
    dozens of first bytes.  Where one literal begins another, the shorter one
    matches.  Search on from one byte after a match, not from its end: a literal may
    begin inside another one.
    """
    root: dict[int, Any] = {}
    for literal in sorted(literals):
        node = root
        for byte in literal:
            node = node.setdefault(byte, {})
        node[_END] = {}
    return _branch(root) if root else rb"(?!)"


def _branch(node: dict[int, Any]) -> bytes:
    if _END in node:
        return b""
    alternatives = [
        re.escape(bytes([byte])) + _branch(child) for byte, child in node.items()
    ]
    if len(alternatives) == 1:
        return alternatives[0]
    return b"(?:" + b"|".join(alternatives) + b")"


def _find_each(
    index: Mapping[bytes, tuple[SecretFormat, ...]], data: bytes
) -> Iterator[tuple[int, tuple[SecretFormat, ...]]]:
    """Yield the offsets of each literal, and its formats."""
    for literal, forms in index.items():
        position = data.find(literal)
        while position >= 0:
            yield position, forms
            position = data.find(literal, position + 1)


def _search_all(
    prefilter: re.Pattern[bytes],
    index: Mapping[bytes, tuple[SecretFormat, ...]],
    data: bytes,
) -> Iterator[tuple[int, tuple[SecretFormat, ...]]]:
    """Yield the offset of each literal that the prefilter's group matches, and its formats."""
    match = prefilter.search(data)
    while match is not None:
        yield match.start(1), index[match[1]]
        match = prefilter.search(data, match.start() + 1)


def _by_shortest(
    index: Mapping[bytes, Sequence[SecretFormat]],
) -> dict[bytes, tuple[SecretFormat, ...]]:
    """Move every format to the shortest literal of the index that begins its own."""
    forms_by_id: dict[bytes, dict[str, SecretFormat]] = {}
    for literal, forms in index.items():
        shorter = (literal[:length] for length in range(1, len(literal)))
        shortest = next((prefix for prefix in shorter if prefix in index), literal)
        moved = forms_by_id.setdefault(shortest, {})
        moved.update({form.rule.id: form for form in forms})
    return {literal: tuple(forms.values()) for literal, forms in forms_by_id.items()}


def _format(rule: Rule) -> SecretFormat:
    data = rule.data
    prefixes = tuple(str(text).encode() for text in data.get("prefixes", ()))
    markers = tuple(str(text).encode() for text in data.get("markers", ()))
    default_reach = _MARKER_REACH if markers else _NEAR_REACH
    return SecretFormat(
        rule=rule,
        source=data["pattern"],
        literals=prefixes or markers or _lower_words(data.get("near", ())),
        marker=not prefixes and bool(markers),
        near=not prefixes and not markers,
        reach=int(data.get("reach", default_reach)),
        checksum=str(data.get("checksum", "")),
        requires=bool(data.get("requires", False)),
        context=_lower_words(data.get("context", ())),
        public=_lower_words(data.get("public", ())),
        entropy=float(data.get("entropy", 0)),
        strict=bool(data.get("strict", False)),
        fakes=bool(data.get("fakes", True)),
    )


def _lower_words(words: Iterable[object]) -> tuple[bytes, ...]:
    return tuple(str(word).lower().encode() for word in words)

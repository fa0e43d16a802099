"""The signal families: phrases and patterns as data, held against words and text.

The grammar of a phrase, word by word from left to right::

    word          this word next
    (a|b c|d)     one of these next; an alternative may have several words
    @name         one of a class of ``injection/instructions``
    ~3            up to three other words may stand before what follows
    x?            x may be missing

A phrase may carry ``not-before``/``not-after``: words that, shortly before or
right after it, say that it means the opposite.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.injection.words import Words

_PART = re.compile(r"~(\d+)|(?:@([\w-]+)|\(([^()]*)\)|([^\s()?~@]+))(\?)?")
_NEAR = 4
_MAX_HITS = 200


class FamilyError(ValueError):
    """A family file is wrong; the text says which phrase and why."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a phrase: alternatives by their first word, and the gap before it."""

    heads: Mapping[str, tuple[tuple[str, ...], ...]]
    gap: int
    optional: bool


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase of a family."""

    family: str
    weight: int
    slots: tuple[Slot, ...]
    needs: tuple[frozenset[str], ...]
    not_before: frozenset[str]
    not_after: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pattern:
    """One regular expression of a family, tried where one of its literals stands."""

    family: str
    weight: int
    literals: tuple[str, ...]
    regex: str
    ignore_case: bool

    def compiled(self) -> re.Pattern[str]:
        """Return the compiled expression (Python keeps it)."""
        return re.compile(self.regex, re.MULTILINE | (re.IGNORECASE if self.ignore_case else 0))


@dataclass(frozen=True, slots=True)
class Hit:
    """A signal in a text: its family and weight, and its span."""

    family: str
    weight: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Book:
    """All families, ready to be held against text."""

    phrases: tuple[Phrase, ...]
    patterns: tuple[Pattern, ...]
    vocabulary: frozenset[str]
    vocabulary_bytes: frozenset[bytes]
    common: frozenset[str]
    supporting: frozenset[str]
    caps: Mapping[str, int]

    def candidates(self, words: set[str] | frozenset[str]) -> list[Phrase]:
        """Return the phrases all of whose necessary words are among ``words``."""
        return [
            phrase
            for phrase in self.phrases
            if not any(need.isdisjoint(words) for need in phrase.needs)
        ]


def load(rules: Mapping[str, Rule]) -> Book:
    """Read the families from the rules; raises FamilyError."""
    tiers = rules["injection/instructions"].data
    classes: Mapping[str, str] = tiers["classes"]
    phrases: list[Phrase] = []
    patterns: list[Pattern] = []
    supporting = set()
    caps = {}
    for rule in rules.values():
        family = rule.data.get("family")
        if family is None:
            continue
        name = rule.id.partition("/")[2]
        caps[name] = family["cap"]
        if family.get("supporting"):
            supporting.add(name)
        phrases += (_phrase(name, raw, classes) for raw in family.get("phrases", ()))
        patterns += (_pattern(name, raw) for raw in family.get("patterns", ()))
    vocabulary = frozenset(word for phrase in phrases for need in phrase.needs for word in need)
    return Book(
        phrases=tuple(phrases),
        patterns=tuple(patterns),
        vocabulary=vocabulary,
        vocabulary_bytes=frozenset(word.encode() for word in vocabulary),
        common=frozenset(tiers["common"].split()) | vocabulary,
        supporting=frozenset(supporting),
        caps=caps,
    )


def _pattern(family: str, raw: Mapping[str, Any]) -> Pattern:
    literals = tuple(raw["literals"])
    if any(literal != literal.lower() for literal in literals):
        raise FamilyError(f"{family}: literals are written in lower case: {literals}")
    return Pattern(family, raw["weight"], literals, raw["regex"], raw.get("ignore-case", False))


def _phrase(family: str, raw: Mapping[str, Any], classes: Mapping[str, str]) -> Phrase:
    text = raw["phrase"]
    slots: list[Slot] = []
    gap = position = 0
    for match in _PART.finditer(text):
        if text[position : match.start()].strip():
            raise FamilyError(f"{family}: cannot read {text!r} at {position}")
        position = match.end()
        if match[1]:
            gap = int(match[1])
            continue
        try:
            choice = classes[match[2]] if match[2] else match[3] or match[4]
        except KeyError as error:
            raise FamilyError(f"{family}: {text!r} names no class {error}") from error
        slots.append(Slot(_heads(choice), gap, match[5] is not None))
        gap = 0
    if text[position:].strip() or not slots or slots[0].optional:
        raise FamilyError(f"{family}: cannot read {text!r}")
    return Phrase(
        family=family,
        weight=raw["weight"],
        slots=tuple(slots),
        needs=tuple(frozenset(slot.heads) for slot in slots if not slot.optional),
        not_before=frozenset(raw.get("not-before", "").split()),
        not_after=frozenset(raw.get("not-after", "").split()),
    )


def _heads(choice: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    heads: dict[str, list[tuple[str, ...]]] = {}
    for alternative in choice.split("|"):
        # A CJK alternative is as many words as it has characters.
        words = [
            part
            for word in alternative.split()
            for part in (word if word[0] >= "\u3040" else (word,))
        ]
        heads.setdefault(words[0], []).append(tuple(words[1:]))
    return {head: tuple(tails) for head, tails in heads.items()}


def find_phrases(phrases: list[Phrase], words: Words) -> Iterator[Hit]:
    """Yield where the phrases stand in the words (each starting word once)."""
    wanted = {head for phrase in phrases for head in phrase.slots[0].heads}
    places: dict[str, list[int]] = {}
    for index, word in enumerate(words.items):
        if word in wanted:
            places.setdefault(word, []).append(index)
    for phrase in phrases:
        count = 0
        for head in phrase.slots[0].heads:
            for start in places.get(head, ()):
                end = _match(phrase, words, start)
                if end is None or _negated(phrase, words, start, end):
                    continue
                yield Hit(phrase.family, phrase.weight, words.starts[start], words.ends[end - 1])
                count += 1
                if count >= _MAX_HITS:
                    break


def _match(phrase: Phrase, words: Words, start: int) -> int | None:
    """Return the index after the last word of the shortest match, or None.

    ``ends`` holds every place where the slots so far may end; its size is
    bounded by the gaps, so the work for one start is too.
    """
    section = words.breaks[start]
    ends = {start}
    for slot in phrase.slots:
        reached: set[int] = set(ends) if slot.optional else set()
        for end in ends:
            for at in range(end, min(end + slot.gap + 1, len(words.items))):
                if words.breaks[at] != section:
                    break
                for tail in slot.heads.get(words.items[at], ()):
                    after = at + 1 + len(tail)
                    if not tail or tuple(words.items[at + 1 : after]) == tail:
                        reached.add(after)
        if not reached:
            return None
        ends = reached
    return min(ends)


def _negated(phrase: Phrase, words: Words, start: int, end: int) -> bool:
    if phrase.not_before:
        before = range(max(0, start - _NEAR), start)
        section = words.breaks[start]
        if any(words.items[i] in phrase.not_before and words.breaks[i] == section for i in before):
            return True
    return bool(phrase.not_after) and any(
        word in phrase.not_after for word in words.items[end : end + 2]
    )


def find_patterns(patterns: tuple[Pattern, ...], text: str, lowered: str) -> Iterator[Hit]:
    """Yield where the patterns stand in ``text``; ``lowered`` is it in lower case."""
    for pattern in patterns:
        if not any(literal in lowered for literal in pattern.literals):
            continue
        for count, match in enumerate(pattern.compiled().finditer(text)):
            if count >= _MAX_HITS:
                break
            yield Hit(pattern.family, pattern.weight, match.start(), match.end())

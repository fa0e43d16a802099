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
from typing import TYPE_CHECKING, Any, NamedTuple

from zt_gate.scanners.injection.tokenize import CJK

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.injection.tokenize import Words

_NEAR = 4
# Words on every page of English or of code.
_STOPPED = (
    "a all an and any are as at be by can do for from get has have i if in into is it its must"
    " new no not of on one only or out set should that the then these this to up use what when"
    " will with you your"
)
_STOP = frozenset(_STOPPED.split())
_USUALLY = "code file files format message model name number output response string"
_USUAL = frozenset(_USUALLY.split())
_MAX_HITS = 200
_FIRST_CJK = "\u3040"
_CJK_WORDS = re.compile(rf"[{CJK}]|[^\W{CJK}]+")


class FamilyError(ValueError):
    """A family file is wrong; the text says which phrase and why."""


class Slot(NamedTuple):
    """One place of a phrase: alternatives by their first word, and the gap before it."""

    heads: Mapping[str, tuple[tuple[str, ...], ...]]
    gap: int
    optional: bool


class Phrase(NamedTuple):
    """One phrase of a family."""

    text: str
    family: str
    weight: int
    slots: tuple[Slot, ...]
    #: For each slot that may not be missing, one word of each of its alternatives.
    needs: tuple[frozenset[str], ...]
    not_before: frozenset[str]
    not_after: frozenset[str]


class SignalPattern(NamedTuple):
    """One regular expression of a family, tried where one of its literals stands."""

    family: str
    weight: int
    literals: tuple[bytes, ...]
    regex: str
    ignore_case: bool

    def compiled(self) -> re.Pattern[str]:
        """Return the compiled expression (Python keeps it)."""
        return re.compile(
            self.regex, re.MULTILINE | (re.IGNORECASE if self.ignore_case else 0)
        )


class SignalHit(NamedTuple):
    """A signal in a text: its family and weight, and its span."""

    family: str
    weight: int
    start: int
    end: int
    #: The phrase or pattern that made it: in a window each counts once.
    source: str


class SignalBook(NamedTuple):
    """All families, ready to be held against text."""

    phrases: tuple[Phrase, ...]
    patterns: tuple[SignalPattern, ...]
    weak: tuple[SignalPattern, ...]
    #: Phrases by each word of the need that honest text meets least: see ``_index``.
    keyed: Mapping[str, tuple[int, ...]]
    #: Literals of patterns by their longest run of word characters.
    chunks: Mapping[str, tuple[bytes, ...]]
    common: frozenset[str]
    #: Common words by first letter, last letter and length.
    shapes: Mapping[tuple[str, str, int], list[str]]
    supporting: frozenset[str]
    caps: Mapping[str, int]

    def candidates(self, words: set[str] | frozenset[str]) -> dict[str, list[Phrase]]:
        """Return the phrases all of whose necessary words are among ``words``.

        They stand under those words by which they are looked up.
        """
        found: dict[str, list[Phrase]] = {}
        for word in words & self.keyed.keys():
            for number in self.keyed[word]:
                phrase = self.phrases[number]
                for need in phrase.needs:  # plain loops: this runs for every page
                    if need.isdisjoint(words):
                        break
                else:
                    found.setdefault(word, []).append(phrase)
        return found

    def patterns_for(
        self,
        lowered: bytes,
        literals: Container[bytes] | None = None,
        *,
        weak: bool = False,
    ) -> list[SignalPattern]:
        """Return the patterns one of whose literals stands in lower-case text.

        The weak ones only add to others, so they are asked for when there are some.
        Where ``literals`` is given, no other literal can stand in the text.
        """
        found = []
        for pattern in self.weak if weak else self.patterns:
            for literal in pattern.literals:
                if (literals is None or literal in literals) and literal in lowered:
                    found.append(pattern)
                    break
        return found


def load(rules: Mapping[str, Rule]) -> SignalBook:
    """Read the families from the rules; raises FamilyError."""
    tiers = rules["injection/instructions"].data
    everyday = frozenset(tiers["common"].split())
    heads = Heads(tiers["classes"], everyday)
    strong = tiers["thresholds"]["strong"]
    phrases: list[Phrase] = []
    patterns: list[SignalPattern] = []
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
        phrases += (_phrase(name, raw, heads) for raw in family.get("phrases", ()))
        patterns += (_pattern(name, raw) for raw in family.get("patterns", ()))
    vocabulary = frozenset(
        word for phrase in phrases for need in phrase.needs for word in need
    )
    # Short words of ten languages are in too many things that are no language.
    common = everyday.union(word for word in vocabulary if len(word) > 3)
    return SignalBook(
        phrases=tuple(phrases),
        patterns=tuple(p for p in patterns if p.weight >= strong),
        weak=tuple(p for p in patterns if p.weight < strong),
        keyed=_index(phrases, everyday),
        chunks=_chunks(patterns),
        common=common,
        shapes=_shapes(common),
        supporting=frozenset(supporting),
        caps=caps,
    )


def _index(
    phrases: Iterable[Phrase], common: frozenset[str]
) -> dict[str, tuple[int, ...]]:
    """Index phrases by one need each, that which ordinary text meets least often.

    What is asked of every page is then only which of its words are keys; the
    phrases of languages that it is not written in cost nothing.
    """

    def cost(need: frozenset[str]) -> int:
        return sum(
            1000 if w in _STOP else 60 if w in _USUAL else 8 if w in common else 2
            for w in need
        )

    index: dict[str, list[int]] = {}
    for number, phrase in enumerate(phrases):
        for word in min(phrase.needs, key=cost):
            index.setdefault(word, []).append(number)
    return {word: tuple(numbers) for word, numbers in index.items()}


def _chunks(patterns: Iterable[SignalPattern]) -> dict[str, tuple[bytes, ...]]:
    """Return literals by the run of ASCII word characters that a text with them must hold."""
    chunks: dict[str, set[bytes]] = {}
    for pattern in patterns:
        for literal in pattern.literals:
            runs = re.findall(rb"[a-z0-9_]+", literal)
            if not runs:
                raise FamilyError(
                    f"{pattern.family}: no word in the literal {literal!r}"
                )
            chunks.setdefault(max(runs, key=len).decode(), set()).add(literal)
    return {chunk: tuple(literals) for chunk, literals in chunks.items()}


def _shapes(common: frozenset[str]) -> dict[tuple[str, str, int], list[str]]:
    shapes: dict[tuple[str, str, int], list[str]] = {}
    for word in common:
        if len(word) >= 4:
            shapes.setdefault((word[0], word[-1], len(word)), []).append(word)
    return shapes


def _pattern(family: str, raw: Mapping[str, Any]) -> SignalPattern:
    literals = tuple(literal.encode() for literal in raw["literals"])
    if any(literal != literal.lower() for literal in literals):
        raise FamilyError(
            f"{family}: literals are written in lower case: {raw['literals']}"
        )
    return SignalPattern(
        family, raw["weight"], literals, raw["regex"], raw.get("ignore-case", False)
    )


def _phrase(family: str, raw: Mapping[str, Any], heads: Heads) -> Phrase:
    text = raw["phrase"]
    slots: list[Slot] = []
    needs: list[frozenset[str]] = []
    gap = 0
    for part in _parts(text):
        if part[0] == "~":
            gap = int(part[1:])
            continue
        optional = part[-1] == "?"
        try:
            choice = heads.of(part[:-1] if optional else part)
        except (KeyError, IndexError, ValueError) as error:
            raise FamilyError(f"{family}: cannot read {part!r} in {text!r}") from error
        slots.append(Slot(choice.heads, gap, optional))
        if not optional:
            needs.append(choice.need)
        gap = 0
    if gap or not slots or slots[0].optional:
        raise FamilyError(f"{family}: {text!r} must begin and end with a word")
    return Phrase(
        text=text,
        family=family,
        weight=raw["weight"],
        slots=tuple(slots),
        needs=tuple(needs),
        not_before=frozenset(raw.get("not-before", "").split()),
        not_after=frozenset(raw.get("not-after", "").split()),
    )


def _parts(text: str) -> Iterator[str]:
    """Cut a phrase at its spaces, but not within parentheses."""
    held = ""
    for piece in text.split():
        held = f"{held} {piece}" if held else piece
        if "(" not in held or ")" in held:
            yield held
            held = ""
    if held:
        yield held


class Choice(NamedTuple):
    """The alternatives of a slot by their first word, and one word of each of them.

    Of several words the longest that is not everyday tells most; a CJK word is one character.
    """

    heads: dict[str, tuple[tuple[str, ...], ...]]
    need: frozenset[str]


class Heads:
    """The alternatives of slots, each choice worked out once."""

    def __init__(self, classes: Mapping[str, str], everyday: frozenset[str]) -> None:
        self._classes = classes
        self._everyday = everyday
        self._known: dict[str, Choice] = {}

    def of(self, part: str) -> Choice:
        """Return the alternatives that a part of a phrase names.

        Raises KeyError for an unknown class, IndexError for an empty alternative.
        """
        found = self._known.get(part)
        if found is None:
            choice = self._classes[part[1:]] if part[0] == "@" else part.strip("()")
            found = self._known[part] = _choice(choice, self._everyday)
        return found


def _choice(text: str, everyday: frozenset[str]) -> Choice:
    if " " not in text and max(text) < _FIRST_CJK:
        words = text.split("|")
        return Choice(dict.fromkeys(words, ((),)), frozenset(words))
    heads: dict[str, tuple[tuple[str, ...], ...]] = {}
    need = set()
    for alternative in text.split("|"):
        # A CJK alternative is as many words as it has characters, as in the text.
        words = alternative.split()
        if words[0][0] >= _FIRST_CJK or words[-1][-1] >= _FIRST_CJK:
            words = _CJK_WORDS.findall(alternative)
        need.add(max(words, key=lambda word: (word not in everyday, len(word))))
        heads[words[0]] = (*heads.get(words[0], ()), tuple(words[1:]))
    return Choice(heads, frozenset(need))


def find_phrases(phrases: list[Phrase], words: Words) -> Iterator[SignalHit]:
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
                span = words.starts[start], words.ends[end - 1]
                yield SignalHit(phrase.family, phrase.weight, *span, phrase.text)
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
        if any(
            words.items[i] in phrase.not_before and words.breaks[i] == section
            for i in before
        ):
            return True
    return bool(phrase.not_after) and any(
        word in phrase.not_after for word in words.items[end : end + 2]
    )


def find_patterns(patterns: Iterable[SignalPattern], text: str) -> Iterator[SignalHit]:
    """Yield where the patterns stand in ``text``."""
    for pattern in patterns:
        for count, match in enumerate(pattern.compiled().finditer(text)):
            if count >= _MAX_HITS:
                break
            span = match.start(), match.end()
            yield SignalHit(pattern.family, pattern.weight, *span, pattern.regex)

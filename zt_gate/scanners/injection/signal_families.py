"""Signal families: phrases and patterns from the rules, matched against words and text.

The grammar of a phrase, read from left to right::

    word          this word
    (a|b c|d)     one of these alternatives; an alternative can have several words
    @name         one word of a class that ``injection/instructions`` defines
    ~3            up to three other words before the next item
    x?            x is optional

``not-before`` and ``not-after`` list words that negate the phrase when they occur
shortly before it or directly after it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from zt_gate import lazy_re
from zt_gate.scanners.injection.tokenize import CJK

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.injection.tokenize import Words

#: Words before a phrase that are tested against ``not-before``.
_NEGATION_DISTANCE = 4
# Words that occur on every page of English or of code.
_STOP_TEXT = (
    "a all an and any are as at be by can do for from get has have i if in into is it its must"
    " new no not of on one only or out set should that the then these this to up use what when"
    " will with you your"
)
_STOP_WORDS = frozenset(_STOP_TEXT.split())
_FREQUENT_TEXT = (
    "code file files format message model name number output response string"
)
_FREQUENT_WORDS = frozenset(_FREQUENT_TEXT.split())
#: Hits of one phrase head or one pattern in a text.
_MAX_HITS = 200
_FIRST_CJK = "\u3040"
_CJK_WORDS = lazy_re.compile(rf"[{CJK}]|[^\W{CJK}]+")


class FamilyError(ValueError):
    """A family file is invalid; the message names the phrase and the reason."""


class Slot(NamedTuple):
    """One item of a phrase.

    ``heads`` maps the first word of each alternative to the words that follow it.
    ``gap`` is how many other words may occur before the item.
    """

    heads: Mapping[str, tuple[tuple[str, ...], ...]]
    gap: int
    optional: bool


class Phrase(NamedTuple):
    """One phrase of a family."""

    text: str
    family: str
    weight: int
    slots: tuple[Slot, ...]
    #: For each slot that is not optional, one word of each of its alternatives.
    needs: tuple[frozenset[str], ...]
    not_before: frozenset[str]
    not_after: frozenset[str]


class SignalPattern(NamedTuple):
    """One regular expression of a family, tried where one of its literals occurs."""

    family: str
    weight: int
    literals: tuple[bytes, ...]
    regex: str
    ignore_case: bool

    def compiled(self) -> re.Pattern[str]:
        """Return the compiled expression; ``re`` caches it."""
        flags = re.MULTILINE
        if self.ignore_case:
            flags |= re.IGNORECASE
        return re.compile(self.regex, flags)


class SignalHit(NamedTuple):
    """An occurrence of a signal in a text: family, weight and span."""

    family: str
    weight: int
    start: int
    end: int
    #: The phrase or pattern that matched; each counts once in a window.
    source: str


class SignalCatalog(NamedTuple):
    """All signal families, indexed for matching."""

    phrases: tuple[Phrase, ...]
    patterns: tuple[SignalPattern, ...]
    weak: tuple[SignalPattern, ...]
    #: Indices of phrases by their rarest necessary words: see ``_index``.
    phrase_index: Mapping[str, tuple[int, ...]]
    #: Literals of patterns by their longest run of ASCII word characters.
    chunks: Mapping[str, tuple[bytes, ...]]
    common: frozenset[str]
    #: Common words by first letter, last letter and length.
    shapes: Mapping[tuple[str, str, int], list[str]]
    supporting: frozenset[str]
    caps: Mapping[str, int]

    def candidates(self, words: set[str] | frozenset[str]) -> dict[str, list[Phrase]]:
        """Return the phrases whose necessary words are all in ``words``, by index word."""
        phrases: dict[str, list[Phrase]] = {}
        for word in words & self.phrase_index.keys():
            for number in self.phrase_index[word]:
                phrase = self.phrases[number]
                for need in phrase.needs:  # a loop, for speed: this runs for every page
                    if need.isdisjoint(words):
                        break
                else:
                    phrases.setdefault(word, []).append(phrase)
        return phrases

    def patterns_for(
        self,
        lowered: bytes,
        literals: Container[bytes] | None = None,
        *,
        weak: bool = False,
    ) -> list[SignalPattern]:
        """Return the patterns with a literal that occurs in lower-case text.

        Weak patterns only support other hits: request them where there are hits.
        ``literals``, if given, contains every literal that can occur in the text.
        """
        matching = []
        for pattern in self.weak if weak else self.patterns:
            for literal in pattern.literals:
                if (literals is None or literal in literals) and literal in lowered:
                    matching.append(pattern)
                    break
        return matching


def load(rules: Mapping[str, Rule]) -> SignalCatalog:
    """Load the families from the rules; raises FamilyError."""
    settings = rules["injection/instructions"].data
    everyday = frozenset(settings["common"].split())
    parser = SlotParser(settings["classes"], everyday)
    strong_weight = settings["thresholds"]["strong"]
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
        phrases += (_phrase(name, raw, parser) for raw in family.get("phrases", ()))
        patterns += (_pattern(name, raw) for raw in family.get("patterns", ()))
    common = _common_words(phrases, everyday)
    return SignalCatalog(
        phrases=tuple(phrases),
        patterns=tuple(one for one in patterns if one.weight >= strong_weight),
        weak=tuple(one for one in patterns if one.weight < strong_weight),
        phrase_index=_index(phrases, everyday),
        chunks=_chunks(patterns),
        common=common,
        shapes=_shapes(common),
        supporting=frozenset(supporting),
        caps=caps,
    )


def _common_words(
    phrases: Iterable[Phrase], everyday: frozenset[str]
) -> frozenset[str]:
    """Return the everyday words and the longer words of all phrases.

    Short words of ten languages occur by chance in data that is not language.
    """
    vocabulary: set[str] = set()
    for phrase in phrases:
        vocabulary.update(*phrase.needs)
    return everyday.union(word for word in vocabulary if len(word) > 3)


def _index(
    phrases: Iterable[Phrase], common: frozenset[str]
) -> dict[str, tuple[int, ...]]:
    """Index each phrase by the words of one slot: the slot that is rarest in ordinary text.

    A page is then tested only for words that are keys of the index; phrases of other
    languages cost nothing.
    """

    def word_frequency(word: str) -> int:
        if word in _STOP_WORDS:
            return 1000
        if word in _FREQUENT_WORDS:
            return 60
        if word in common:
            return 8
        return 2

    def slot_frequency(need: frozenset[str]) -> int:
        return sum(word_frequency(word) for word in need)

    index: dict[str, list[int]] = {}
    for number, phrase in enumerate(phrases):
        for word in min(phrase.needs, key=slot_frequency):
            index.setdefault(word, []).append(number)
    return {word: tuple(numbers) for word, numbers in index.items()}


def _chunks(patterns: Iterable[SignalPattern]) -> dict[str, tuple[bytes, ...]]:
    """Index literals by their longest run of ASCII word characters."""
    chunks: dict[str, set[bytes]] = {}
    for pattern in patterns:
        for literal in pattern.literals:
            runs = re.findall(rb"[a-z0-9_]+", literal)
            if not runs:
                raise FamilyError(
                    f"{pattern.family}: the literal {literal!r} has no word characters"
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
            f"{family}: literals must be in lower case: {raw['literals']}"
        )
    return SignalPattern(
        family, raw["weight"], literals, raw["regex"], raw.get("ignore-case", False)
    )


def _phrase(family: str, raw: Mapping[str, Any], parser: SlotParser) -> Phrase:
    text = raw["phrase"]
    slots: list[Slot] = []
    needs: list[frozenset[str]] = []
    gap = 0
    for item in _items(text):
        if item[0] == "~":
            gap = int(item[1:])
            continue
        optional = item[-1] == "?"
        try:
            choice = parser.parse(item[:-1] if optional else item)
        except (KeyError, IndexError, ValueError) as error:
            raise FamilyError(f"{family}: cannot parse {item!r} in {text!r}") from error
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


def _items(text: str) -> Iterator[str]:
    """Split a phrase at its spaces, but not inside parentheses."""
    pending = ""
    for part in text.split():
        pending = f"{pending} {part}" if pending else part
        if "(" not in pending or ")" in pending:
            yield pending
            pending = ""
    if pending:
        yield pending


class SlotChoice(NamedTuple):
    """The alternatives of a slot, by first word, and one necessary word of each.

    Of an alternative of several words, the necessary word is the longest one that is
    not an everyday word.  A CJK word is one character.
    """

    heads: dict[str, tuple[tuple[str, ...], ...]]
    need: frozenset[str]


class SlotParser:
    """Parses the items of phrases; remembers each parsed item."""

    def __init__(self, classes: Mapping[str, str], everyday: frozenset[str]) -> None:
        self._classes = classes
        self._everyday = everyday
        self._parsed: dict[str, SlotChoice] = {}

    def parse(self, item: str) -> SlotChoice:
        """Return the alternatives of an item of a phrase.

        Raises KeyError for an unknown class, IndexError for an empty alternative.
        """
        choice = self._parsed.get(item)
        if choice is None:
            text = self._classes[item[1:]] if item[0] == "@" else item.strip("()")
            choice = self._parsed[item] = _choice(text, self._everyday)
        return choice


def _choice(text: str, everyday: frozenset[str]) -> SlotChoice:
    if " " not in text and max(text) < _FIRST_CJK:
        words = text.split("|")
        return SlotChoice(dict.fromkeys(words, ((),)), frozenset(words))
    heads: dict[str, tuple[tuple[str, ...], ...]] = {}
    need = set()
    for alternative in text.split("|"):
        # Each character of a CJK alternative is a word, as in the text.
        words = alternative.split()
        if words[0][0] >= _FIRST_CJK or words[-1][-1] >= _FIRST_CJK:
            words = _CJK_WORDS.findall(alternative)
        need.add(max(words, key=lambda word: (word not in everyday, len(word))))
        heads[words[0]] = (*heads.get(words[0], ()), tuple(words[1:]))
    return SlotChoice(heads, frozenset(need))


def find_phrases(phrases: list[Phrase], words: Words) -> Iterator[SignalHit]:
    """Yield the occurrences of phrases, at most one for each start word."""
    first_words = {head for phrase in phrases for head in phrase.slots[0].heads}
    positions: dict[str, list[int]] = {}
    for index, word in enumerate(words.items):
        if word in first_words:
            positions.setdefault(word, []).append(index)
    for phrase in phrases:
        count = 0
        for head in phrase.slots[0].heads:
            for start in positions.get(head, ()):
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

    ``ends`` holds every index at which the slots so far can end.  The gaps bound its
    size, and so the work for one start.
    """
    section = words.breaks[start]
    ends = {start}
    for slot in phrase.slots:
        reached: set[int] = set(ends) if slot.optional else set()
        for end in ends:
            for index in range(end, min(end + slot.gap + 1, len(words.items))):
                if words.breaks[index] != section:
                    break
                for tail in slot.heads.get(words.items[index], ()):
                    after = index + 1 + len(tail)
                    if not tail or tuple(words.items[index + 1 : after]) == tail:
                        reached.add(after)
        if not reached:
            return None
        ends = reached
    return min(ends)


def _negated(phrase: Phrase, words: Words, start: int, end: int) -> bool:
    following = words.items[end : end + 2]
    if not phrase.not_after.isdisjoint(following):
        return True
    section = words.breaks[start]
    for index in range(max(0, start - _NEGATION_DISTANCE), start):
        if words.breaks[index] == section and words.items[index] in phrase.not_before:
            return True
    return False


def find_patterns(patterns: Iterable[SignalPattern], text: str) -> Iterator[SignalHit]:
    """Yield the occurrences of patterns in ``text``."""
    for pattern in patterns:
        for count, match in enumerate(pattern.compiled().finditer(text)):
            if count >= _MAX_HITS:
                break
            span = match.start(), match.end()
            yield SignalHit(pattern.family, pattern.weight, *span, pattern.regex)

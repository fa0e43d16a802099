"""The grammar of acts: what a sentence asks its reader to do, whatever the language.

A sentence is a list of roles: acts, objects, targets, addressees, constraints.  An act
counts where it is an order: at the start of a clause in languages whose orders have no
form of their own, after a duty ("the assistant must"), and never after a negation.
``rules/injection/acts.toml`` lists the combinations of roles and their weights, and
``words-*.toml`` the words of each language.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from zt_gate.scanners.injection import act_tokens, act_words
from zt_gate.scanners.injection.act_words import ACTS
from zt_gate.scanners.injection.signal_families import SignalHit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.injection.act_tokens import Sentence, Token
    from zt_gate.scanners.injection.act_words import ActLanguage

#: Words before an act in which a negation or a duty counts.
_NEGATION_REACH = 4
#: Where each character is a word, a negation stands further away.
_LONG_REACH = {"zh": 12}
_DUTY_REACH = 8
#: Words after an act in which a following negation counts (German, Japanese, Korean).
_AFTER_REACH = 4
#: Words before an address to a model, and from there to the order.
_ADDRESS_REACH = 6
_ORDER_REACH = 14
#: Sentences before and after an act in which a constraint belongs to it.
_NEARBY = 2
_KANA = ("\u3040", "\u30ff")
_HANGUL = ("\uac00", "\ud7af")
_CYRILLIC = ("\u0400", "\u04ff")
_HAN = ("\u3400", "\u9fff")


class Combination(NamedTuple):
    """Roles that together are a signal.  ``across`` allows two adjacent sentences."""

    needs: tuple[frozenset[str], ...]
    none: str
    order: tuple[str, ...]
    weight: int
    family: str
    across: bool
    text: str


class ActPlace(NamedTuple):
    """A role in a sentence, and where it stands."""

    role: str
    number: int
    start: int
    end: int


class Grammar(NamedTuple):
    """Combinations, constraints by role, and the words of all languages."""

    combinations: tuple[Combination, ...]
    constraints: Mapping[str, tuple[int, str]]
    tables: act_words.ActTables

    def hits(
        self, text: str, words: act_words.ActWords, offset: int = 0
    ) -> list[SignalHit]:
        """Return the signals in a part of a page, whose languages ``words`` has."""
        sentences = list(act_tokens.sentences(text, offset))
        may_ask = [
            any(token.text in words.acts for token in sentence.tokens)
            for sentence in sentences
        ]
        # What surrounds an act counts; without an act nothing does.
        read = [
            _places(sentence, words)
            if any(may_ask[max(0, number - _NEARBY) : number + _NEARBY + 1])
            else []
            for number, sentence in enumerate(sentences)
        ]
        hits: list[SignalHit] = []
        asking: set[int] = set()
        for number, places in enumerate(read):
            found = list(self._combined(places))
            if found:
                asking.add(number)
            hits += found
        for number, (first, second) in enumerate(pairwise(read)):
            if not first or not second:
                continue
            found = list(self._combined([*first, *second], across=True))
            if found:
                asking |= {number, number + 1}
            hits += found
        if asking:
            hits += self._constrained(read, asking)
        return hits

    def _combined(
        self, places: Sequence[ActPlace], *, across: bool = False
    ) -> Iterator[SignalHit]:
        roles = {place.role for place in places}
        if ACTS.isdisjoint(roles):
            return
        for combination in self.combinations:
            if across and not combination.across:
                continue
            if any(need.isdisjoint(roles) for need in combination.needs):
                continue
            if combination.none in roles:
                continue
            chosen = _choose(combination, places)
            if chosen is not None:
                yield SignalHit(
                    combination.family,
                    combination.weight,
                    min(place.start for place in chosen),
                    max(place.end for place in chosen),
                    combination.text,
                )

    def _constrained(
        self, read: Sequence[Sequence[ActPlace]], asking: set[int]
    ) -> Iterator[SignalHit]:
        for number, places in enumerate(read):
            if all(abs(number - other) > _NEARBY for other in asking):
                continue
            orders = [place.number for place in places if place.role in ACTS]
            for place in places:
                constraint = self.constraints.get(place.role)
                if place.role == "model" and not self._is_addressed(place, orders):
                    continue
                if constraint is not None:
                    weight, family = constraint
                    yield SignalHit(
                        family, weight, place.start, place.end, f"act:{place.role}"
                    )

    @staticmethod
    def _is_addressed(model: ActPlace, orders: Sequence[int]) -> bool:
        """Whether a model is named at the start of a sentence that gives it an order."""
        if model.number > _ADDRESS_REACH:
            return False
        return any(0 < order - model.number <= _ORDER_REACH for order in orders)


def load(rules: Mapping[str, Rule]) -> Grammar:
    """Read the grammar and the tables of words from the rules."""
    combinations: list[Combination] = []
    constraints: dict[str, tuple[int, str]] = {}
    for rule in rules.values():
        raw = rule.data.get("grammar")
        if raw is None:
            continue
        combinations += map(_combination, raw["combinations"])
        for constraint in raw["constraints"]:
            value = constraint["weight"], constraint["family"]
            constraints[constraint["role"]] = value
    combinations.sort(key=lambda one: -one.weight)
    return Grammar(tuple(combinations), constraints, act_words.load(rules))


def _combination(raw: Mapping[str, Any]) -> Combination:
    return Combination(
        needs=tuple(frozenset(item.split("|")) for item in raw["all"].split()),
        none=raw.get("none", ""),
        order=tuple(raw.get("order", "").split()),
        weight=raw["weight"],
        family=raw["family"],
        across=raw.get("across", False),
        text=f"act:{raw['all']}",
    )


def _choose(
    combination: Combination, places: Sequence[ActPlace]
) -> tuple[ActPlace, ...] | None:
    """Return a different place for each role of a combination, or None."""
    chosen: list[ActPlace] = []
    taken: set[int] = set()
    for need in combination.needs:
        for place in places:
            if place.role in need and place.number not in taken:
                chosen.append(place)
                taken.add(place.number)
                break
        else:
            return None
    if combination.order:
        first, second = combination.order
        starts = [place.start for place in places if place.role == first]
        ends = [place.start for place in places if place.role == second]
        if min(starts) > max(ends):
            return None
    return tuple(chosen)


def _places(sentence: Sentence, words: act_words.ActWords) -> list[ActPlace]:
    """Return the roles of a sentence, acts only where they are orders."""
    tokens = sentence.tokens
    if sentence.is_question:
        return []
    texts = [token.text for token in tokens]
    if words.acts.isdisjoint(texts) and words.anchors.isdisjoint(texts):
        return []
    languages = words.languages
    language = languages.get(_language(tokens, languages))
    if language is None:
        return []
    reader = _Reader(tokens, language)
    return reader.places()


def _language(tokens: Sequence[Token], languages: Mapping[str, ActLanguage]) -> str:
    """Return the code of the language in which a sentence is written."""
    letters = "".join(token.text for token in tokens if not token.role)
    if not letters.isascii():
        for code, (first, last) in (
            ("ja", _KANA), ("ko", _HANGUL), ("ru", _CYRILLIC), ("zh", _HAN),
        ):  # fmt: skip
            if sum(first <= letter <= last for letter in letters) * 4 > len(letters):
                return code
    words = {token.text for token in tokens}
    best = "en"
    most = 0
    for code, language in languages.items():
        if language.starts:
            count = 2 * len(words & language.common) + len(
                words & language.heads.keys()
            )
            if count > most:
                best = code
                most = count
    return best


class _Reader:
    """Finds the roles in the tokens of one sentence."""

    def __init__(self, tokens: Sequence[Token], language: ActLanguage) -> None:
        self.tokens = tokens
        self.language = language
        #: Indices at which a steering role stands, by role.
        self.steering: dict[str, list[int]] = {}
        self.acts: list[tuple[ActPlace, int, bool]] = []
        self.others: list[ActPlace] = []

    def places(self) -> list[ActPlace]:
        words = [token.text for token in self.tokens]
        for index, token in enumerate(self.tokens):
            if token.role:
                self.others.append(ActPlace(token.role, index, token.start, token.end))
                continue
            self._look_up(index, words)
        places = list(self.others)
        addressed = any(place.role == "model" for place in self.others)
        for place, end, is_form in self.acts:
            if self._is_order(place.number, end, is_form=is_form, addressed=addressed):
                places.append(place)
        places.sort(key=lambda place: place.number)
        return places

    def _look_up(self, index: int, words: Sequence[str]) -> None:
        entries = self.language.heads.get(words[index])
        if entries is None:
            stem = self._without_clitic(words[index])
            entries = self.language.heads.get(stem) if stem else None
        seen: set[str] = set()
        for entry in entries or ():
            if entry.role in seen:
                continue
            end = index + 1 + len(entry.tail)
            if entry.tail and tuple(words[index + 1 : end]) != entry.tail:
                continue
            seen.add(entry.role)
            last = self.tokens[end - 1]
            place = ActPlace(entry.role, index, self.tokens[index].start, last.end)
            if entry.role in ACTS:
                self.acts.append((place, end, entry.is_form))
            elif entry.role in act_words.STEERING:
                self.steering.setdefault(entry.role, []).append(end - 1)
            else:
                self.others.append(place)

    def _without_clitic(self, word: str) -> str:
        for clitic in self.language.clitics:
            if len(word) > len(clitic) + 3 and word.endswith(clitic):
                return word.removesuffix(clitic)
        return ""

    def _is_order(
        self, index: int, end: int, *, is_form: bool, addressed: bool
    ) -> bool:
        """Whether an act that stands from ``index`` to ``end`` is an order."""
        if self._is_negated(index, end):
            return False
        has_duty = self._stands_before("duty", index, _DUTY_REACH)
        if is_form:
            return has_duty
        if not self.language.starts:
            return True
        token = self.tokens[index]
        if self._is_statement(token.text):
            return addressed and self._follows_model(index)
        if token.opens:
            return True
        if self._stands_before("joiner", index, 1):
            return not self._stands_before("blocker", index, _NEGATION_REACH)
        if has_duty:
            return addressed or self._is_second_person(index)
        return False

    def _is_statement(self, word: str) -> bool:
        """Whether an English verb says what someone does ("sends")."""
        return self.language.code == "en" and word[-1] == "s" and word[-2:] != "ss"

    def _is_negated(self, index: int, end: int) -> bool:
        reach = _LONG_REACH.get(self.language.code, _NEGATION_REACH)
        if self._stands_before("negation", index, reach):
            return True
        return any(
            end <= place + 1 and place - end < _AFTER_REACH
            for place in self.steering.get("undo", ())
        )

    def _stands_before(self, role: str, index: int, reach: int) -> bool:
        for place in self.steering.get(role, ()):
            if index - reach <= place < index and not self._is_divided(place, index):
                return True
        return False

    def _is_divided(self, first: int, last: int) -> bool:
        """Whether a clause begins between two words."""
        return any(self.tokens[index].opens for index in range(first + 1, last + 1))

    def _is_second_person(self, index: int) -> bool:
        before = {token.text for token in self.tokens[max(0, index - 8) : index]}
        return not before.isdisjoint(
            {"you", "your", "du", "dein", "deine", "tu", "vous"}
        )

    def _follows_model(self, index: int) -> bool:
        """Whether a model is said to do this, as in "the assistant copies"."""
        return any(
            place.role == "model" and 0 < index - place.number <= 9
            for place in self.others
        )

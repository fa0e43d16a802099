"""The grammar of acts: what a sentence asks its reader to do, whatever the language.

A sentence is a list of roles: acts, objects, targets, addressees, constraints.  An act
counts where it is an order: at the start of a clause in languages whose orders have no
form of their own, after a duty ("the assistant must"), and never after a negation.
``rules/injection/acts.toml`` lists the combinations of roles and their weights, and
``words-*.toml`` the words of each language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from zt_gate import lazy_re
from zt_gate.scanners.injection import act_tokens, act_words
from zt_gate.scanners.injection.act_reader import places_of
from zt_gate.scanners.injection.act_words import ACTS
from zt_gate.scanners.injection.signal_families import SignalHit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.injection.act_reader import ActPlace

#: Words before an address to a model, and from there to the order.
_ADDRESS_REACH = 6
_ORDER_REACH = 14
#: Sentences before and after an act in which a constraint belongs to it.
_NEARBY = 2
#: Characters between the first and the last role of a combination.
_REACH = 280
_CJK_REACH = 80
#: Sentences that are read together, and how far apart they are.
_TOGETHER = 3
_APART = 5
#: Words between an adverb of secrecy and its act.
_ADVERB_REACH = 2
#: Roles of which each combination has one.
_TRIGGERS = ACTS | {"unsaid", "persist"}
#: Roles with which ordinary words do not excuse an act.
_PRESSING = frozenset(("unsaid", "unasked", "called"))
#: A heading is a sentence; a line that begins like one can be a comment of several lines.
_HEADING = lazy_re.compile(r"(?m)^(#{1,6} [^\n]{1,80})\n(?!\s*#)")


class Combination(NamedTuple):
    """Roles that together are a signal.  ``across`` allows two adjacent sentences."""

    needs: tuple[frozenset[str], ...]
    none: str
    order: tuple[str, ...]
    weight: int
    family: str
    across: bool
    text: str


class Grammar(NamedTuple):
    """Combinations, constraints by role, and the words of all languages."""

    combinations: tuple[Combination, ...]
    constraints: Mapping[str, tuple[int, str]]
    tables: act_words.ActTables

    def hits(
        self, text: str, words: act_words.ActWords, offset: int = 0
    ) -> list[SignalHit]:
        """Return the signals in a part of a page, whose languages ``words`` has."""
        text = _HEADING.sub("\\1\0", text)
        sentences = list(act_tokens.sentences(text, offset))
        may_ask = [
            any(
                token.text in words.acts or token.text in words.anchors
                for token in sentence.tokens
            )
            for sentence in sentences
        ]
        # What surrounds an act counts; without an act nothing does.
        read = [
            places_of(sentence, words)
            if any(may_ask[max(0, number - _NEARBY) : number + _NEARBY + 1])
            else []
            for number, sentence in enumerate(sentences)
        ]
        hits: list[SignalHit] = []
        asking: set[int] = set()
        reach = _CJK_REACH if is_cjk(text) else _REACH
        for number, places in enumerate(read):
            found = list(self._combined(places, reach))
            if found:
                asking.add(number)
            hits += found
        for first, last, places in _adjacent(read):
            found = list(self._combined(places, reach, across=True))
            if found:
                asking |= {first, last}
            hits += found
        if asking:
            hits += self._constrained(read, asking)
        return hits

    def _combined(
        self, places: Sequence[ActPlace], reach: int, *, across: bool = False
    ) -> Iterator[SignalHit]:
        roles = {place.role for place in places}
        if _TRIGGERS.isdisjoint(roles):
            return
        for combination in self.combinations:
            if across and not combination.across:
                continue
            if any(need.isdisjoint(roles) for need in combination.needs):
                continue
            if combination.none in roles and _PRESSING.isdisjoint(roles):
                continue
            chosen = _choose(combination, places)
            if chosen is None:
                continue
            start = min(place.start for place in chosen)
            if max(place.start for place in chosen) - start <= reach:
                end = max(place.end for place in chosen)
                yield SignalHit(
                    combination.family, combination.weight, start, end, combination.text
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
                if place.role == "quiet" and not _is_adverb(place, orders):
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


def _adjacent(
    read: Sequence[Sequence[ActPlace]],
) -> Iterator[tuple[int, int, list[ActPlace]]]:
    """Yield first and last number and all places of up to three sentences that say something.

    What lies between them says nothing: the number of an item, a name of code.
    """
    speaking = [number for number, places in enumerate(read) if places]
    for index, first in enumerate(speaking):
        joined = list(read[first])
        for last in speaking[index + 1 : index + _TOGETHER]:
            if last - first > _APART:
                break
            shift = 1 + joined[-1].number
            joined += [
                place._replace(number=place.number + shift) for place in read[last]
            ]
            yield first, last, joined


def is_cjk(text: str) -> bool:
    """Whether a good part of a text is in a script in which a character says a word."""
    if text.isascii():
        return False
    return 8 * sum("\u3040" <= char <= "\ud7af" for char in text) > len(text)


def _is_adverb(place: ActPlace, orders: Sequence[int]) -> bool:
    """Whether a word of secrecy belongs to an order ("silently copy")."""
    return any(abs(order - place.number) <= _ADVERB_REACH for order in orders)


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
        if starts and ends and min(starts) > max(ends):
            return None
    return tuple(chosen)

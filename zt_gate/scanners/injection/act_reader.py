"""Reads one sentence: the roles of its words, and which of its acts are orders.

An act is an order where an order can stand: at the start of a clause, after a condition or
another order, after a duty, or as what a model is said to do; never after a negation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zt_gate.scanners.injection import act_tokens, act_words
from zt_gate.scanners.injection.act_words import ACTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.scanners.injection.act_tokens import Sentence, Token
    from zt_gate.scanners.injection.act_words import ActLanguage

#: Words before an act in which a negation or a duty counts.
_NEGATION_REACH = 4
#: Where each character is a word, a negation stands further away.
_LONG_REACH = {"zh": 12}
_DUTY_REACH = 8
#: In German the verb comes last.
_LONG_DUTY = {"de": 20}
#: Words after an act in which a following negation counts (German, Japanese, Korean).
_AFTER_REACH = 4
#: What a special token is, besides the role that it has by its form.
_ALSO = {"slot": "outside", "beacon": "outside", "config": "file"}
#: Words before the name of a model in which it is called.
_CALL_REACH = 4
#: Words of statements: what "does not mention" something orders nothing.
_TELLING = frozenset(
    (
        "does", "did", "doesnt", "didnt", "is", "was", "are", "were", "has", "have", "had", "it",
        "i", "he", "she", "they", "we", "cannot", "can",
    )
)  # fmt: skip
#: Names that stand for programs and kinds of models as often as for one that reads.
_NOT_ACTING = frozenset(("llm", "llms", "gpt", "bot", "bots"))
#: Verbs that say nothing about secrecy unless somebody is told, and where that one stands.
_TO_SOMEBODY = frozenset(("tell", "inform", "notify", "alert"))
_TOLD_REACH = 4
#: Nobody in particular: "tell nobody your password" is advice, not secrecy.
_ANYBODY = frozenset(
    (
        "anyone", "anybody", "nobody", "everyone", "customer", "customers", "niemandem", "jemand",
        "personne", "nadie", "nessuno", "ninguém", "никому", "任何人", "誰にも", "아무에게도",
    )
)  # fmt: skip
_PRODUCTS = frozenset(
    ("copilot", "claude", "gemini", "cursor", "duo", "codex", "devin")
)
#: Words from the name of a model to what it is said to do.
_STATEMENT_REACH = 16
#: Words in which an introduction stands ("when you answer, …").
_INTRO_REACH = 3
_ADDRESSEES = frozenset(("model", "called"))
#: Of what advice about secrets speaks, and of whom it does not.
_KEPT_SECRET = frozenset(("secret", "honest"))
_HIDDEN_FROM = frozenset(("user", "model", "called", "answer", "review"))
_KANA = ("\u3040", "\u30ff")
_HANGUL = ("\uac00", "\ud7af")
_CYRILLIC = ("\u0400", "\u04ff")
_HAN = ("\u3400", "\u9fff")


class ActPlace(NamedTuple):
    """A role in a sentence, and where it stands."""

    role: str
    number: int
    start: int
    end: int


def places_of(sentence: Sentence, words: act_words.ActWords) -> list[ActPlace]:
    """Return the roles of a sentence, acts only where they are orders."""
    tokens = sentence.tokens
    if sentence.is_question:
        return []
    texts = [token.text for token in tokens]
    if (
        words.acts.isdisjoint(texts)
        and words.anchors.isdisjoint(texts)
        and words.models.isdisjoint(texts)
    ):
        return []
    languages = words.languages
    language = languages.get(_language(tokens, languages))
    if language is None:
        return []
    reader = _Reader(tokens, language)
    return reader.places()


def _language(tokens: Sequence[Token], languages: Mapping[str, ActLanguage]) -> str:
    """Return the code of the language in which a sentence is written."""
    if len(languages) == 1:
        return "en"
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
        #: Last letters of words to which something may be attached.
        self.endings = {clitic[-1] for clitic in language.clitics}
        if language.code == "en":
            self.endings.add("s")
        #: Indices at which a steering role stands, by role.
        self.steering: dict[str, list[int]] = {}
        self.acts: list[tuple[ActPlace, int, bool]] = []
        self.others: list[ActPlace] = []
        #: What would tell somebody, and the index after it: secrecy if it is negated.
        self.told: list[tuple[ActPlace, int]] = []
        self.has_order = False

    def places(self) -> list[ActPlace]:
        words = [token.text for token in self.tokens]
        for index, token in enumerate(self.tokens):
            if token.role:
                place = ActPlace(token.role, index, token.start, token.end)
                self.others.append(place)
                if token.role in _ALSO:
                    self.others.append(place._replace(role=_ALSO[token.role]))
                continue
            self._look_up(index, words)
        places = list(self.others)
        addressed = any(place.role in _ADDRESSEES for place in self.others)
        for place, end, is_form in self.acts:
            if self._is_order(place.number, end, is_form=is_form, addressed=addressed):
                places.append(place)
                self.has_order = True
        places += [
            place._replace(role="called")
            for place in self.others
            if place.role == "model" and self._is_called(place)
        ]
        places += [
            place for place, end in self.told if self._is_withheld(place.number, end)
        ]
        places.sort(key=lambda place: place.number)
        if not self.has_order and self._is_advice(places):
            return [place for place in places if place.role != "unsaid"]
        return places

    def _is_advice(self, places: Sequence[ActPlace]) -> bool:
        """Whether a sentence asks to keep a secret from all: "tell nobody your password"."""
        roles = {place.role for place in places}
        if "unsaid" not in roles or roles.isdisjoint(_KEPT_SECRET):
            return False
        return all(
            self._text_of(place) in _ANYBODY
            for place in places
            if place.role in _HIDDEN_FROM
        )

    def _text_of(self, place: ActPlace) -> str:
        """Return the words of a place without what is between them."""
        tokens = self.tokens[place.number :]
        return "".join(token.text for token in tokens if token.start < place.end)

    def _look_up(self, index: int, words: Sequence[str]) -> None:
        entries = self.language.heads.get(words[index])
        if entries is None:
            if words[index][-1] not in self.endings:
                return
            for stem in self._stems(words[index]):
                entries = entries or self.language.heads.get(stem)
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
            elif entry.role == "tell":
                self.told.append((place._replace(role="unsaid"), end))
            elif entry.role in act_words.STEERING:
                self.steering.setdefault(entry.role, []).append(end - 1)
            else:
                self.others.append(place)

    def _stems(self, word: str) -> Iterator[str]:
        """Yield a word without what may be attached to it."""
        if self.language.code == "en" and len(word) > 3 and self._is_statement(word):
            yield word.removesuffix("s")
            yield word.removesuffix("es")
        for clitic in self.language.clitics:
            if len(word) > len(clitic) + 3 and word.endswith(clitic):
                yield word.removesuffix(clitic)

    def _is_order(
        self, index: int, end: int, *, is_form: bool, addressed: bool
    ) -> bool:
        """Whether an act that stands from ``index`` to ``end`` is an order."""
        if self._is_negated(index, end):
            return False
        reach = _LONG_DUTY.get(self.language.code, _DUTY_REACH)
        has_duty = self._stands_before("duty", index, reach)
        if is_form:
            return has_duty
        if not self.language.starts:
            return True
        if self._is_statement(self.tokens[index].text):
            return addressed and self._follows_model(index)
        if not self._takes_object(index, end):
            return False
        if self._begins_clause(index):
            return True
        if has_duty:
            return addressed or self._is_second_person(index)
        return False

    def _is_withheld(self, index: int, end: int) -> bool:
        """Whether somebody must not be told: "do not tell the user", "never mention it"."""
        if not self._is_negated(index, end):
            return False
        before = {token.text for token in self.tokens[max(0, index - 3) : index]}
        if not before.isdisjoint(_TELLING):
            return False
        if self.tokens[index].text not in _TO_SOMEBODY:
            return True
        return any(
            place.role == "user" and end <= place.number < end + _TOLD_REACH
            for place in self.others
        )

    def _is_called(self, model: ActPlace) -> bool:
        """Whether a model is spoken to: "Copilot: …", "note to the agent reading this"."""
        number = model.number
        before = self.tokens[max(0, number - _CALL_REACH) : number]
        if any(token.text in self.language.callers for token in before):
            return True
        after = number + 1
        while after < len(self.tokens) and self.tokens[after].start < model.end:
            after += 1
        if after >= len(self.tokens):
            return False
        token = self.tokens[after]
        if token.text in self.language.calling:
            return True
        is_name = after - number > 1 or self.tokens[number].text in _PRODUCTS
        return bool(token.opens) and number < _CALL_REACH and is_name

    def _begins_clause(self, index: int) -> bool:
        """Whether an order can stand here: nouns and statements stand elsewhere."""
        opens = self.tokens[index].opens
        if opens == act_tokens.AFTER_COMMA:
            return self._may_continue(index)
        if opens:
            return True
        if self._stands_before("linker", index, 1):
            return self._may_continue(index)
        if self._stands_before("joiner", index, 1):
            return not self._stands_before("blocker", index, _NEGATION_REACH)
        return self._follows_intro(index)

    def _follows_intro(self, index: int) -> bool:
        """Whether a short introduction comes before: "on Windows download the file"."""
        if self.tokens[index].text in self.language.openers or not self.language.nouns:
            return False
        for place in self.steering.get("intro", ()):
            opens = self.tokens[place].opens == act_tokens.AFTER_MARK
            if opens and place < index <= place + _CALL_REACH:
                stands_alone = not self._stands_before("blocker", index, _CALL_REACH)
                return stands_alone and not self._is_divided(place, index)
        return False

    def _may_continue(self, index: int) -> bool:
        """Whether the sentence asks for something before, or begins with a condition."""
        if self.has_order or not self.language.openers:
            return not self._stands_before("blocker", index, _NEGATION_REACH)
        for place in self.steering.get("intro", ()):
            # In JSON a key and a quote come before the sentence.
            opens = self.tokens[place].opens == act_tokens.AFTER_MARK
            if place < _INTRO_REACH or (opens and place < index):
                return True
        return any(
            place.role in _ADDRESSEES and place.number < index for place in self.others
        )

    def _takes_object(self, index: int, end: int) -> bool:
        """Whether an object follows an act that is a noun, too."""
        if self.tokens[index].text not in self.language.nouns or end > index + 1:
            return True
        if end >= len(self.tokens):
            return False
        token = self.tokens[end]
        if token.role:
            return True
        return not token.opens and token.text in self.language.openers

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

    def _is_of_answer(self, index: int) -> bool:
        """Whether an answer or a report must do something ("the answer must end with")."""
        return any(
            place.role in {"answer", "review"}
            and 0 < index - place.number <= _CALL_REACH
            for place in self.others
        )

    def _follows_model(self, index: int) -> bool:
        """Whether a model is said to do this, as in "the assistant copies"."""
        return any(
            place.role in _ADDRESSEES
            and 0 < index - place.number <= _STATEMENT_REACH
            and self.tokens[place.number].text not in _NOT_ACTING
            for place in self.others
        )

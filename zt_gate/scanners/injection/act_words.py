"""Word tables of the grammar of acts: one table for each language, one form for all.

A table names the words of each role: acts in the form of an order (``send``), acts in
the form that follows "must" (``send-form``), objects, targets, addressees, constraints.
Words are compared in lower case, Latin letters without accents.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from zt_gate import lazy_re
from zt_gate.scanners.injection.tokenize import CJK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from zt_gate.model.rule import Rule

#: Roles of words that are acts; each can be an order.
ACTS = frozenset(
    (
        "send", "put", "read", "run", "fetch", "follow", "delete", "approve", "configure",
        "rate", "pay", "say", "skip", "hide",
    )
)  # fmt: skip
#: Roles that steer how a sentence is read, and take no part in what it asks for.
STEERING = frozenset(
    (
        "negation", "joiner", "linker", "blocker", "duty", "common", "undo", "clitic", "about",
        "intro",
    )
)  # fmt: skip
#: Words that are steering by themselves, and no entries: they are looked up as they are.
_SETS = ("noun", "opener", "caller", "calling")
#: Objects and constraints of which every strong combination has one.
_ANCHORS = frozenset(
    (
        "store", "secret", "history", "data", "source", "safety", "approval", "vital",
        "reassure", "money", "unsaid", "unasked", "verdict", "negatives", "private", "tell",
    )
)  # fmt: skip
#: Those of them that say much without a target nearby.
_TELLING = frozenset(
    (
        "approval",
        "reassure",
        "unsaid",
        "unasked",
        "verdict",
        "negatives",
        "tell",
        "model",
        "persist",
        "quiet",
        "task",
        "exposed",
    )
)
#: Targets.
_TARGETS = frozenset(("place", "answer", "beacon", "exposed"))
_FREQUENT = frozenset(
    (
        "without", "should", "this", "that", "these", "system", "message", "everything", "the",
        "your", "from", "with", "not", "dont", "for", "them", "response", "server", "description",
        "when", "anything",
    )
)  # fmt: skip
_FIRST_CJK = "\u3001"
#: Words of a language, none of them English, from which a page may be in it.
_LEAST_COMMON = 3
#: Letters of a word that says more of a language than its common words.
_LEAST_LETTERS = 2
_FORM = "-form"
#: Words that special tokens contain (``act_tokens``): addresses, paths, scripts.
_MARKS = (
    "env",
    "ssh",
    "aws",
    "id_rsa",
    "npmrc",
    "netrc",
    "autoapprove",
)
#: Letters of the languages that have a script of their own, and accented Latin letters.
_SCRIPTS = {
    "ru": lazy_re.compile("[\u0400-\u04ff]"),
    "ja": lazy_re.compile("[\u3040-\u30ff\u4e00-\u9fff]"),
    "zh": lazy_re.compile("[\u4e00-\u9fff]"),
    "ko": lazy_re.compile("[\uac00-\ud7af]"),
}
_ACCENTED = lazy_re.compile("[\u00c0-\u024f]")
_CJK_ITEMS = lazy_re.compile(rf"[{CJK}、]|[^\W{CJK}]+")


class Entry(NamedTuple):
    """What begins with a word: the words that follow it, and the role of the whole.

    ``is_form`` marks the form of an act that is an order only after a duty ("must").
    """

    tail: tuple[str, ...]
    role: str
    is_form: bool


class ActLanguage(NamedTuple):
    """The words of one language.

    ``starts`` says that an order stands where a clause begins, as in English; in other
    languages its form alone shows it.
    """

    code: str
    heads: Mapping[str, tuple[Entry, ...]]
    common: frozenset[str]
    clitics: tuple[str, ...]
    starts: bool
    #: Acts that are nouns as well: an order if an object follows ("list the files").
    nouns: frozenset[str]
    #: Words with which an object begins ("the").
    openers: frozenset[str]
    #: Words before and after the name of a model that is spoken to ("note to the agent").
    callers: frozenset[str]
    calling: frozenset[str]


class ActWords(NamedTuple):
    """The tables of some languages, and the words by which a line is chosen.

    ``anchors`` has one word of each object and constraint without which acts say little.
    """

    languages: Mapping[str, ActLanguage]
    acts: frozenset[str]
    anchors: frozenset[str]
    #: Names of models and agents, of one word.
    models: frozenset[str]
    #: Of the anchors, those that say much by themselves; and words of targets.
    telling: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    #: The entries of several words that an anchor stands for, where it is none itself.
    phrases: Mapping[str, tuple[str, ...]] = {}


class ActTables:
    """The tables of all languages; each is read when a page may be in its language.

    Reading all of them takes longer than scanning a usual change.
    """

    def __init__(self, tables: Sequence[Mapping[str, Any]]) -> None:
        self._tables = {table["language"]: table for table in tables}
        self._common = {
            code: frozenset(_folded_words(table["common"]))
            for code, table in self._tables.items()
        }
        shared = self._common.get("en", frozenset())
        for code in self._common.keys() - {"en"}:
            self._common[code] -= shared
        self._read: dict[frozenset[str], ActWords] = {}
        self._orders: dict[str, frozenset[str]] = {}
        self._single: dict[str, ActWords] = {}
        #: Words of texts about attacks, in all languages.
        self.about = frozenset(
            word
            for table in tables
            for word in _folded_words(table["about"])
            if " " not in word
        )

    def for_page(self, page_words: AbstractSet[str]) -> ActWords:
        """Return the tables of the languages that a page with these words may be in."""
        letters = "".join(word for word in page_words if not word.isascii())
        wanted = {"en"}
        if letters:
            page_words = page_words | {fold(word) for word in page_words}
        for code, common in self._common.items():
            script = _SCRIPTS.get(code)
            if script is None:
                count = len(common & page_words)
                if count >= _LEAST_COMMON or (
                    (count or _ACCENTED.search(letters))
                    and not self._orders_of(code).isdisjoint(page_words)
                ):
                    wanted.add(code)
            elif script.search(letters):
                wanted.add(code)
        chosen = frozenset(wanted & self._tables.keys())
        if chosen not in self._read:
            self._read[chosen] = _joined(
                [self._words_of(code) for code in sorted(chosen)]
            )
        return self._read[chosen]

    def _orders_of(self, code: str) -> frozenset[str]:
        """Return the words for acts that English and the common words have not."""
        if code not in self._orders:
            english = self._orders_of("en") if code != "en" else frozenset()
            table = self._tables.get(code, {})
            self._orders[code] = frozenset(
                word
                for key in ACTS & table.keys()
                for word in _written_words(table[key])
                if " " not in word and len(word) > _LEAST_LETTERS
            ).difference(english, self._common["en"])
        return self._orders[code]

    def _words_of(self, code: str) -> ActWords:
        if code not in self._single:
            self._single[code] = _words(self._tables[code])
        return self._single[code]


def _letters() -> dict[int, str]:
    table = {ord("ё"): "е", ord("’"): "'"}
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(code))[0]
        if base.isascii() and base != chr(code):
            table[code] = base
    return table


_LETTERS = _letters()


def fold(text: str) -> str:
    """Return lower-case text without the accents of Latin letters, of the same length."""
    return text.translate(_LETTERS)


def load(rules: Mapping[str, Rule]) -> ActTables:
    """Return the tables of the rules that have one."""
    tables = (rule.data.get("words") for rule in rules.values())
    return ActTables([table for table in tables if table is not None])


def _joined(parts: Sequence[ActWords]) -> ActWords:
    if len(parts) == 1:
        return parts[0]
    return ActWords(
        {code: one for part in parts for code, one in part.languages.items()},
        frozenset().union(*(part.acts for part in parts)),
        frozenset().union(*(part.anchors for part in parts)),
        frozenset().union(*(part.models for part in parts)),
        frozenset().union(*(part.telling for part in parts)),
        frozenset().union(*(part.targets for part in parts)),
        _joined_phrases(parts),
    )


def _joined_phrases(parts: Sequence[ActWords]) -> dict[str, tuple[str, ...]]:
    """Return the phrases by their rare word, of those that no language has as a word."""
    single = {
        word
        for part in parts
        for word in part.anchors | part.targets
        if word not in part.phrases
    }
    joined: dict[str, tuple[str, ...]] = {}
    for part in parts:
        for word, phrases in part.phrases.items():
            if word not in single:
                joined[word] = (*joined.get(word, ()), *phrases)
    return joined


def _phrases(table: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the phrases of the anchors by their rare word."""
    found: dict[str, list[str]] = {}
    single = set(_MARKS)
    for role in (_ANCHORS | _TELLING | _TARGETS) & table.keys():
        for words in _alternatives(table[role], fold_letters=False):
            word = max(words, key=_length_of_rare)
            phrase = " ".join(words)
            if phrase == word or not phrase.isascii():
                single |= {word, fold(word)}
            else:
                found.setdefault(word, []).append(phrase)
    return {
        word: tuple(phrases) for word, phrases in found.items() if word not in single
    }


def _words(table: Mapping[str, Any]) -> ActWords:
    acts: set[str] = set()
    anchors = set(_MARKS)
    _choose_words(table, acts, anchors)
    telling = frozenset(_rare_words(table, _TELLING))
    targets = frozenset(_rare_words(table, _TARGETS))
    models = {word for word in _folded_words(table["model"]) if " " not in word}
    languages = {table["language"]: _language(table)}
    return ActWords(
        languages,
        frozenset(acts),
        frozenset(anchors | telling),
        frozenset(models),
        telling,
        targets,
        _phrases(table),
    )


def _rare_words(table: Mapping[str, Any], roles: AbstractSet[str]) -> Iterator[str]:
    """Yield one word of each entry of these roles, the rarest, with and without accents."""
    for role in roles & table.keys():
        for words in _alternatives(table[role], fold_letters=False):
            word = max(words, key=_length_of_rare)
            yield word
            yield fold(word)


def _written_words(text: str) -> list[str]:
    words = text.lower().replace("\n", "").split("|")
    return [*words, *map(fold, words)]


def _folded_words(text: str) -> list[str]:
    return fold(text.lower()).replace("\n", "").split("|")


def _choose_words(table: Mapping[str, Any], acts: set[str], anchors: set[str]) -> None:
    """Add the words by which lines are chosen, with and without accents."""
    for key, text in table.items():
        role = key.removesuffix(_FORM)
        if role in ACTS:
            for words in _alternatives(text, fold_letters=False):
                word = max(words, key=_length_of_rare)
                acts.update((word, fold(word)))
    anchors.update(_rare_words(table, _ANCHORS))


def _length_of_rare(word: str) -> tuple[bool, int]:
    return word not in _FREQUENT, len(word)


def _language(table: Mapping[str, Any]) -> ActLanguage:
    heads: dict[str, list[Entry]] = {}
    for key, text in table.items():
        if key in {"language", "starts"} or key in _SETS:
            continue
        role = key.removesuffix(_FORM)
        for words in _alternatives(text):
            entry = Entry(tuple(words[1:]), role, key.endswith(_FORM))
            heads.setdefault(words[0], []).append(entry)
    return ActLanguage(
        code=table["language"],
        heads={
            head: tuple(sorted(entries, key=_longest_first))
            for head, entries in heads.items()
        },
        common=frozenset(fold(table["common"].lower()).split("|")),
        clitics=tuple(word for word in table.get("clitic", "").split("|") if word),
        starts=table["starts"],
        nouns=_set_of(table, "noun"),
        openers=_set_of(table, "opener"),
        callers=_set_of(table, "caller"),
        calling=_set_of(table, "calling"),
    )


def _set_of(table: Mapping[str, Any], key: str) -> frozenset[str]:
    return frozenset(_folded_words(table[key])) if key in table else frozenset()


def _longest_first(entry: Entry) -> int:
    return -len(entry.tail)


def _alternatives(text: str, *, fold_letters: bool = True) -> Iterator[list[str]]:
    folded = text.lower().replace("\n", "")
    if fold_letters:
        folded = fold(folded)
    has_cjk = max(folded) >= _FIRST_CJK
    for alternative in folded.split("|"):
        if has_cjk:
            yield _CJK_ITEMS.findall(alternative)
        else:
            yield alternative.split()

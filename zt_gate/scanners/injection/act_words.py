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
    ("negation", "joiner", "blocker", "duty", "common", "undo", "clitic", "about")
)
#: Objects and constraints of which every strong combination has one.
_ANCHORS = frozenset(
    (
        "store", "secret", "history", "data", "source", "safety", "approval", "vital",
        "reassure", "money", "unsaid", "unasked", "verdict", "negatives",
    )
)  # fmt: skip
_FREQUENT = frozenset(
    ("without", "should", "this", "that", "these", "system", "message", "everything")
)
_FIRST_CJK = "\u3001"
_FORM = "-form"
#: Words that special tokens contain (``act_tokens``): addresses, paths, scripts.
_MARKS = (
    "http",
    "https",
    "env",
    "ssh",
    "aws",
    "sh",
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


class ActWords(NamedTuple):
    """The tables of some languages, and the words by which a line is chosen.

    ``anchors`` has one word of each object and constraint without which acts say little.
    """

    languages: Mapping[str, ActLanguage]
    acts: frozenset[str]
    anchors: frozenset[str]


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
        for code, common in self._common.items():
            script = _SCRIPTS.get(code)
            if script is None:
                if _ACCENTED.search(letters) or not common.isdisjoint(page_words):
                    wanted.add(code)
            elif script.search(letters):
                wanted.add(code)
        chosen = frozenset(wanted & self._tables.keys())
        if chosen not in self._read:
            self._read[chosen] = _words([self._tables[code] for code in sorted(chosen)])
        return self._read[chosen]


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


def _words(tables: Sequence[Mapping[str, Any]]) -> ActWords:
    acts: set[str] = set()
    anchors = set(_MARKS)
    languages = {}
    for table in tables:
        languages[table["language"]] = _language(table)
        _choose_words(table, acts, anchors)
    return ActWords(languages, frozenset(acts), frozenset(anchors))


def _folded_words(text: str) -> list[str]:
    return fold(text.lower()).replace("\n", "").split("|")


def _choose_words(table: Mapping[str, Any], acts: set[str], anchors: set[str]) -> None:
    """Add the words by which lines are chosen, with and without accents."""
    for key, text in table.items():
        role = key.removesuffix(_FORM)
        if role in ACTS:
            for words in _alternatives(text, fold_letters=False):
                acts.update((words[0], fold(words[0])))
        elif role in _ANCHORS:
            for words in _alternatives(text, fold_letters=False):
                word = max(words, key=_length_of_rare)
                anchors.update((word, fold(word)))


def _length_of_rare(word: str) -> tuple[bool, int]:
    return word not in _FREQUENT, len(word)


def _language(table: Mapping[str, Any]) -> ActLanguage:
    heads: dict[str, list[Entry]] = {}
    for key, text in table.items():
        if key in {"language", "starts"}:
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
    )


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

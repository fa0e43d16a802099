"""What single words can be part of: signal literals, disguised words, enciphered words.

Each word is classified once per scan.  Most words of a page occurred on an earlier
page, so a page costs a set difference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.scanners.injection import obfuscated_words

if TYPE_CHECKING:
    from zt_gate.scanners.injection.signal_families import SignalCatalog

#: Limit of remembered words; hostile text can produce new words without end.
_MAX_WORDS = 200_000
#: Longer words are classified each time instead of being remembered.
_MAX_REMEMBERED_LENGTH = 400


class WordTraits(NamedTuple):
    """What words can be: literals of patterns, disguised words, enciphered words.

    ``disguised`` maps a word to the word that it disguises, ``enciphered`` maps a word
    to the name of its cipher.
    """

    literals: set[bytes]
    disguised: dict[str, str]
    enciphered: dict[str, str]


class Lexicon:
    """Remembers the traits of words; one lexicon serves one scan."""

    def __init__(self, catalog: SignalCatalog) -> None:
        self._catalog = catalog
        self._chunks = re.compile(
            "|".join(sorted(map(re.escape, catalog.chunks), reverse=True))
        )
        self._enciphered = obfuscated_words.enciphered_words(catalog.common)
        self._ordinary: set[str] = set()
        self._traits: dict[str, WordTraits] = {}

    def lookup(self, words: set[str]) -> WordTraits:
        """Return the combined traits of the different words of a text."""
        notable = words - self._ordinary
        new_words = notable - self._traits.keys()
        if new_words:
            self._classify(new_words)
        combined = WordTraits(set(), {}, {})
        for word in notable - self._ordinary:
            traits = self._traits.get(word) or self._traits_of(word)
            combined.literals.update(traits.literals)
            combined.disguised.update(traits.disguised)
            combined.enciphered.update(traits.enciphered)
        return combined

    def enciphered(self, words: set[str]) -> set[str]:
        """Return those of some words that are common words enciphered."""
        return words & self._enciphered.keys()

    def _classify(self, new_words: set[str]) -> None:
        """Split new words into ordinary ones and those with traits."""
        if len(self._ordinary) + len(self._traits) > _MAX_WORDS:
            self._ordinary.clear()
            self._traits.clear()
        notable = self._with_chunks(new_words)
        notable |= new_words & self._enciphered.keys()
        notable |= {word for word in new_words if self._is_disguised(word)}
        for word in new_words:
            if len(word) > _MAX_REMEMBERED_LENGTH:
                continue
            if word in notable:
                self._traits[word] = self._traits_of(word)
            else:
                self._ordinary.add(word)

    def _with_chunks(self, words: set[str]) -> set[str]:
        """Return the words that contain a chunk of a literal, with one search over all."""
        text = " ".join(words) + " "
        matching = set()
        for match in self._chunks.finditer(text):
            start = text.rfind(" ", 0, match.start()) + 1
            matching.add(text[start : text.index(" ", match.end())])
        return matching

    def _is_disguised(self, word: str) -> bool:
        # Cheap tests first.  An identifier of several words is not a disguise.
        if word.isalpha():
            shape = (word[0], word[-1], len(word))
            if shape not in self._catalog.shapes:
                return False
        elif "_" in word:
            return False
        return bool(obfuscated_words.plain_word(word, self._catalog))

    def _traits_of(self, word: str) -> WordTraits:
        traits = WordTraits(set(), {}, {})
        if self._chunks.search(word):
            for chunk, literals in self._catalog.chunks.items():
                if chunk in word:
                    traits.literals.update(literals)
        plain = obfuscated_words.plain_word(word, self._catalog)
        if plain is not None:
            traits.disguised[word] = plain
        cipher = self._enciphered.get(word)
        if cipher is not None:
            traits.enciphered[word] = cipher
        return traits

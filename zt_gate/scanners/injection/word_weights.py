"""What single words are worth, worked out once a word and scan.

Most words of a page stood in one before it.  A page then costs a difference
of sets, whatever it is held against: literals, disguises, turned letters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.scanners.injection import obfuscated_words

if TYPE_CHECKING:
    from zt_gate.scanners.injection.signal_families import SignalBook

#: Words that are remembered; a hostile text makes new ones without end.
_MOST = 200_000
_LONGEST = 400


class Worth(NamedTuple):
    """What the words of a text may be: parts of literals, disguised words, turned words."""

    literals: set[bytes]
    meant: dict[str, str]
    turned: dict[str, str]


class Lexicon:
    """Remembers words; one for each scan."""

    def __init__(self, book: SignalBook) -> None:
        self._book = book
        self._chunks = re.compile(
            "|".join(sorted(map(re.escape, book.chunks), reverse=True))
        )
        self._turned = obfuscated_words.turning(book.common)
        self._dull: set[str] = set()
        self._worth: dict[str, Worth] = {}

    def look(self, words: set[str]) -> Worth:
        """Return what the different words of a text may be."""
        unknown = words - self._dull
        new = unknown - self._worth.keys()
        if new:
            self._weigh(new)
        worth = Worth(set(), {}, {})
        for word in unknown - self._dull:
            # Long words are weighed each time: they are not worth their memory.
            one = self._worth.get(word) or self._of(word)
            worth.literals.update(one.literals)
            worth.meant.update(one.meant)
            worth.turned.update(one.turned)
        return worth

    def _weigh(self, new: set[str]) -> None:
        """Sort new words into dull ones and others; one search goes over all of them."""
        if len(self._dull) + len(self._worth) > _MOST:
            self._dull.clear()
            self._worth.clear()
        chunked = set()
        text = " ".join(new) + " "
        for match in self._chunks.finditer(text):
            start = text.rfind(" ", 0, match.start()) + 1
            chunked.add(text[start : text.index(" ", match.end())])
        telling = chunked.union(
            new & self._turned.keys(),
            [
                word
                for word in new
                if self._may_mean(word) and obfuscated_words.meaning(word, self._book)
            ],
        )
        self._dull.update(word for word in new - telling if len(word) <= _LONGEST)
        self._worth.update(
            (word, self._of(word)) for word in telling if len(word) <= _LONGEST
        )

    def _may_mean(self, word: str) -> bool:
        """Whether a word may be a disguise; cheap.  Names of several words are none."""
        if word.isalpha():
            return (word[0], word[-1], len(word)) in self._book.shapes
        return "_" not in word

    def _of(self, word: str) -> Worth:
        literals: set[bytes] = set()
        if self._chunks.search(word):
            literals = {
                one
                for chunk, ones in self._book.chunks.items()
                if chunk in word
                for one in ones
            }
        meant = obfuscated_words.meaning(word, self._book)
        turned = self._turned.get(word)
        return Worth(
            literals,
            {word: meant} if meant is not None else {},
            {word: turned} if turned is not None else {},
        )

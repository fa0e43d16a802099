"""What single words are worth, worked out once a word and scan.

Most words of a block stood in one before it.  A block then costs a difference
of sets, whatever it is held against: literals, disguises, turned letters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.scanners.injection import disguise

if TYPE_CHECKING:
    from zt_gate.scanners.injection.families import Book

#: Words that are remembered; a hostile text makes new ones without end.
_MOST = 200_000
_LONGEST = 400


class Worth(NamedTuple):
    """What one word may be: a part of literals, a disguised word, a turned word."""

    literals: tuple[bytes, ...]
    meant: str | None
    turned: str | None


class Block(NamedTuple):
    """What the words of a block may be, together."""

    literals: set[bytes]
    meant: dict[str, str]
    turned: dict[str, str]


class Lexicon:
    """Remembers words; one for each scan."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._chunks = re.compile("|".join(sorted(map(re.escape, book.chunks), reverse=True)))
        self._turned = disguise.turning(book.common)
        self._dull: set[str] = set()
        self._worth: dict[str, Worth] = {}

    def look(self, words: set[str]) -> Block:
        """Return what the different words of a block may be."""
        block = Block(set(), {}, {})
        for word in words - self._dull:
            worth = self._worth.get(word) or self._weigh(word)
            if worth is None:
                continue
            block.literals.update(worth.literals)
            if worth.meant:
                block.meant[word] = worth.meant
            if worth.turned:
                block.turned[word] = worth.turned
        return block

    def _weigh(self, word: str) -> Worth | None:
        if len(self._dull) + len(self._worth) > _MOST:
            self._dull.clear()
            self._worth.clear()
        literals: tuple[bytes, ...] = ()
        if self._chunks.search(word):
            literals = tuple(
                one for chunk, ones in self._book.chunks.items() if chunk in word for one in ones
            )
        meant = disguise.meaning(word, self._book)
        turned = self._turned.get(word)
        if not literals and meant is None and turned is None:
            if len(word) <= _LONGEST:
                self._dull.add(word)
            return None
        worth = Worth(literals, meant, turned)
        if len(word) <= _LONGEST:
            self._worth[word] = worth
        return worth

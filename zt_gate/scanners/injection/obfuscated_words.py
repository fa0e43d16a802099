"""Words in disguise: digits for letters, shuffled inner letters, letters spaced out.

The block's set of words is enough to see that there is none of it, which is
the rule; only then lines are rewritten.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.scanners.injection import show_hidden

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from zt_gate.scanners.injection.signal_families import SignalBook

#: So many different disguised words on one line are a disguise by themselves.
_LEET = 6
_SHUFFLED = 4
#: At least one word in so many on the line.
_SHARE = 20
#: So many in a block are worth a second reading.
_WORTH = 3

#: So many turned words in a line are no accident.
TURNED = 4
_TURNED_LENGTH = 4
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROT13 = str.maketrans(
    _LETTERS + _LETTERS.upper(),
    _LETTERS[13:] + _LETTERS[:13] + _LETTERS[13:].upper() + _LETTERS[:13].upper(),
)
_LONGEST = 24
_LEET_TABLES = tuple(str.maketrans("013457@$8", f"o{one}east" + "asb") for one in "il")
_WORD = r"(?<![\w$@])[A-Za-z0-9@$]{2,24}(?![\w$@])"
_SPACED = (
    r"(?:(?<=[\s\"'(>])|^)(?:[A-Za-z0-9][.,:'!?]? {1,6}){10,}[A-Za-z0-9]?[.,:'!?]?"
)
_SINGLES = frozenset("etnoisar")
_FEW = 4
_TOLD = 5
_KNOWN = 3
_WORD_LENGTH = 4
_MANY = 8
# One sign between the letters of a word, and again: "w.o.r.d", "w-o-r-d".
_SPREAD = r"(?<![A-Za-z0-9])[A-Za-z](?:([.*|~·•_-])[A-Za-z])(?:\1[A-Za-z]){0,22}(?![A-Za-z0-9])"
_SPREADS = (
    (b".", rb"\.(?<=[a-z]\.)(?:[a-z]\.){3}[a-z]"),
    (b"*", rb"\*(?<=[a-z]\*)(?:[a-z]\*){3}[a-z]"),
    (b"|", rb"\|(?<=[a-z]\|)(?:[a-z]\|){3}[a-z]"),
    (b"-", rb"-(?<=[a-z]-)(?:[a-z]-){3}[a-z]"),
)
_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def meaning(word: str, book: SignalBook) -> str | None:
    """Return the common word that a word is a disguise of, or None."""
    size = len(word)
    if size > _LONGEST or word in book.common:
        return None
    if word.isalpha():
        alike = book.shapes.get((word[0], word[-1], size)) if size >= 4 else None
        return _unshuffle(word, alike) if alike else None
    return _unleet(word, book.common)


def folds(meant: Mapping[str, str]) -> Mapping[str, str]:
    """Return the disguised words of a block with what they stand for, {} where too few."""
    telling = sum(not word.isdigit() for word in meant)
    return meant if telling >= _WORTH else {}


def turning(common: Iterable[str]) -> dict[str, str]:
    """Return how common words look turned by 13 letters (``"rot13"``) or round (``"reverse"``)."""
    known = {word for word in common if word.isascii()}
    turned = {}
    for word in known:
        if len(word) >= _TURNED_LENGTH:
            for kind in ("rot13", "reverse"):
                turned[turn(word, kind)] = kind
    return {word: kind for word, kind in turned.items() if word not in known}


def turn(text: str, kind: str) -> str:
    """Turn a text by 13 letters or round; the same again turns it back."""
    if kind == "reverse":
        return text[::-1]
    return text.translate(_ROT13)


def unturn(text: str, turned: Mapping[str, str]) -> tuple[str, str]:
    """Return a line that was turned in the clear, and a message if it was."""
    words = {word for word in re.findall(r"[a-z]{4,}", text.lower()) if word in turned}
    for kind in ("rot13", "reverse"):
        if sum(turned[word] == kind for word in words) >= TURNED:
            clear = turn(text, kind)
            return (
                clear,
                f'turned letters that read "{show_hidden.visible(clear.strip())}"',
            )
    return text, ""


def _unshuffle(word: str, alike: list[str]) -> str | None:
    letters = sorted(word)
    return next((plain for plain in alike if sorted(plain) == letters), None)


def _unleet(word: str, known: frozenset[str]) -> str | None:
    if "_" in word:
        return None
    for table in _LEET_TABLES:
        plain = word.translate(table)
        if plain in known:
            return plain
    if word.count("1") > 1:  # one digit may stand for i and for l in the same word
        first, rest = word.split("1", 1)
        for one, table in (("i", _LEET_TABLES[1]), ("l", _LEET_TABLES[0])):
            plain = f"{first}{one}{rest}".translate(table)
            if plain in known:
                return plain
    return None


def unfold(text: str, plain: Mapping[str, str]) -> tuple[str, str]:
    """Return a line with its disguised words in the clear, and a message if they are many."""
    seen: set[str] = set()

    def replace(match: re.Match[str]) -> str:
        word = match[0].lower()
        meant = plain.get(word)
        if meant is None:
            return match[0]
        seen.add(word)
        return meant

    clear = re.sub(_WORD, replace, text)
    leet = sum(
        len(word) > 2 and not word.isalpha() and not word.isdigit() for word in seen
    )
    shuffled = sum(word.isalpha() for word in seen)
    if leet < _WORTH and shuffled < 2:
        return text, ""
    # Short names of minified code look like some words by chance, and are many.
    if leet >= _LEET and leet * _SHARE >= sum(1 for _ in re.finditer(_WORD, text)):
        return (
            clear,
            f'digits for letters that read "{show_hidden.visible(clear.strip())}"',
        )
    if shuffled >= _SHUFFLED and shuffled * 6 >= len(text.split()):
        return (
            clear,
            f'shuffled letters that read "{show_hidden.visible(clear.strip())}"',
        )
    return clear, ""


def may_be_spaced(words: set[str], lowered: bytes) -> bool:
    """Whether single letters stand between spaces often enough to look closer."""
    singles = words & _SINGLES
    return len(singles) >= _FEW and (
        sum(b" %b " % letter.encode() in lowered for letter in singles) >= _FEW
        or any(
            sign in lowered and re.search(spread, lowered) for sign, spread in _SPREADS
        )
    )


def has_odd_blanks(text: str) -> bool:
    """Whether a line has blanks enough, other than the space, to part letters."""
    return not text.isascii() and len(_BLANKS.findall(text)) >= _MANY


def unspace(text: str, known: Container[str]) -> tuple[str, str]:
    """Return a line with spaced-out letters joined to words, and a message if it did so.

    Words are what two or more spaces part, or letters with one sign between all of
    them, where some of the words are ``known``.
    """
    joined: list[str] = []

    def join(match: re.Match[str]) -> str:
        parts = [part.replace(" ", "") for part in re.split(r" {2,}", match[0])]
        joined.extend(parts)
        return " ".join(parts)

    clear = re.sub(_SPACED, join, text)
    # Chains of one-letter names in minified code have no words in them.
    spread = [match[0].replace(match[1], "") for match in re.finditer(_SPREAD, clear)]
    if (
        sum(len(word) >= _WORD_LENGTH and word.lower() in known for word in spread)
        >= _KNOWN
    ):
        clear = re.sub(_SPREAD, lambda match: match[0].replace(match[1], ""), clear)
        joined += spread
    if sum(len(part) > 2 for part in joined) < _TOLD:
        return clear, ""
    return clear, f'letters spaced out that read "{show_hidden.visible(clear.strip())}"'

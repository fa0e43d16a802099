"""Obfuscated words: leetspeak, shuffled inner letters, ROT13, spaced-out letters.

The set of words of a block shows whether any of these can occur.  Most blocks have
none, and only the others are rewritten line by line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.injection import show_hidden

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from zt_gate.scanners.injection.signal_families import SignalCatalog

#: Different leetspeak words, or shuffled words, in one line that make a finding.
_MIN_LEET = 6
_MIN_SHUFFLED = 4
#: A line of leetspeak has at most this many words for each leetspeak word.
_MAX_WORDS_PER_LEET = 20
#: Disguised words in a block from which its lines are rewritten.
_MIN_IN_BLOCK = 3
_MAX_WORD_LENGTH = 24

#: Enciphered words in one line from which the line is deciphered.
MIN_ENCIPHERED = 4
_MIN_ENCIPHERED_LENGTH = 4
#: From here on a character is a word.
_FIRST_CJK = "\u3040"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROT13 = str.maketrans(
    _LETTERS + _LETTERS.upper(),
    _LETTERS[13:] + _LETTERS[:13] + _LETTERS[13:].upper() + _LETTERS[:13].upper(),
)
# The digit 1 can be i or l.
_LEET_TABLES = tuple(
    str.maketrans("013457@$8", f"o{letter}east" + "asb") for letter in "il"
)
_WORD = r"(?<![\w$@])[A-Za-z0-9@$]{2,24}(?![\w$@])"
_SPACED = r"(?:(?<=[\s\"'(>])|^)(?:[^\W_][.,:'!?]? {1,6}){10,}[^\W_]?[.,:'!?]?"
_FREQUENT_LETTERS = frozenset("etnoisar")
_MIN_SINGLE_LETTERS = 4
_MIN_JOINED_WORDS = 5
_MIN_COMMON_WORDS = 3
_MIN_COMMON_LENGTH = 4
_MIN_SPACES = 8
# The same sign between all letters of a word: "w.o.r.d", "w-o-r-d".
_SEPARATED = r"(?<![A-Za-z0-9])[A-Za-z](?:([.*|~·•_-])[A-Za-z])(?:\1[A-Za-z]){0,22}(?![A-Za-z0-9])"
_SEPARATED_BYTES = (
    (b".", rb"\.(?<=[a-z]\.)(?:[a-z]\.){3}[a-z]"),
    (b"*", rb"\*(?<=[a-z]\*)(?:[a-z]\*){3}[a-z]"),
    (b"|", rb"\|(?<=[a-z]\|)(?:[a-z]\|){3}[a-z]"),
    (b"-", rb"-(?<=[a-z]-)(?:[a-z]-){3}[a-z]"),
)
#: Letters of any script with single blanks between them.
_SPACED_LETTERS = lazy_re.compile(r"(?:(?<= )[^\W\d_] ){6}")
_UNICODE_SPACES = lazy_re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def plain_word(word: str, catalog: SignalCatalog) -> str | None:
    """Return the common word that ``word`` disguises, or None."""
    length = len(word)
    if length > _MAX_WORD_LENGTH or word in catalog.common:
        return None
    if not word.isalpha():
        return _unleet(word, catalog.common)
    if length < 4:
        return None
    candidates = catalog.shapes.get((word[0], word[-1], length), [])
    return _unshuffle(word, candidates)


def worth_rewriting(disguised: Mapping[str, str]) -> Mapping[str, str]:
    """Return the disguised words of a block, or {} where there are too few of them."""
    count = sum(not word.isdigit() for word in disguised)
    return disguised if count >= _MIN_IN_BLOCK else {}


def enciphered_words(common: Iterable[str]) -> dict[str, str]:
    """Map the common words, enciphered, to the cipher: ``"rot13"`` or ``"reverse"``."""
    plain = {word for word in common if word < _FIRST_CJK}
    ciphers = {}
    for word in plain:
        if len(word) < _MIN_ENCIPHERED_LENGTH:
            continue
        for cipher in ("rot13", "reverse") if word.isascii() else ("reverse",):
            ciphers[encipher(word, cipher)] = cipher
    return {word: cipher for word, cipher in ciphers.items() if word not in plain}


def encipher(text: str, cipher: str) -> str:
    """Encipher a text with ``"rot13"`` or ``"reverse"``; both are their own inverse."""
    if cipher == "reverse":
        return text[::-1]
    return text.translate(_ROT13)


def decipher(text: str, enciphered: Mapping[str, str]) -> tuple[str, str]:
    """Return a line deciphered, and a message for the finding, "" where nothing changed."""
    line_words = re.findall(r"[^\W\d_]{4,}", text.lower())
    ciphers = [enciphered[word] for word in set(line_words) if word in enciphered]
    for cipher, description in (("rot13", "ROT13 text"), ("reverse", "reversed text")):
        if ciphers.count(cipher) >= MIN_ENCIPHERED:
            clear = encipher(text, cipher)
            return clear, _message(description, clear)
    return text, ""


def _message(description: str, clear: str) -> str:
    return f'{description}; decoded: "{show_hidden.visible(clear.strip())}"'


def _unshuffle(word: str, candidates: list[str]) -> str | None:
    letters = sorted(word)
    for candidate in candidates:
        if sorted(candidate) == letters:
            return candidate
    return None


def _unleet(word: str, common: frozenset[str]) -> str | None:
    if "_" in word:
        return None
    for table in _LEET_TABLES:
        plain = word.translate(table)
        if plain in common:
            return plain
    if word.count("1") < 2:
        return None
    # The digit 1 can be i and l in the same word.
    head, tail = word.split("1", 1)
    for first_letter, table in (("i", _LEET_TABLES[1]), ("l", _LEET_TABLES[0])):
        plain = f"{head}{first_letter}{tail}".translate(table)
        if plain in common:
            return plain
    return None


def rewrite(text: str, disguised: Mapping[str, str]) -> tuple[str, str]:
    """Return a line with plain words for disguised ones.

    Also returns a message for the finding, "" unless many words were disguised.
    """
    replaced: set[str] = set()

    def replace(match: re.Match[str]) -> str:
        word = match[0].lower()
        plain = disguised.get(word)
        if plain is None:
            return match[0]
        replaced.add(word)
        return plain

    clear = re.sub(_WORD, replace, text)
    shuffled = sum(word.isalpha() for word in replaced)
    leet = sum(_is_leet(word) for word in replaced)
    if leet < _MIN_IN_BLOCK and shuffled < 2:
        return text, ""
    # Short names of minified code resemble some words by chance.
    if leet >= _MIN_LEET and leet * _MAX_WORDS_PER_LEET >= _count_words(text):
        return clear, _message("digits in place of letters", clear)
    if shuffled >= _MIN_SHUFFLED and shuffled * 6 >= len(text.split()):
        return clear, _message("words with shuffled letters", clear)
    return clear, ""


def _is_leet(word: str) -> bool:
    return len(word) > 2 and not word.isalpha() and not word.isdigit()


def _count_words(text: str) -> int:
    return sum(1 for _ in re.finditer(_WORD, text))


def may_be_spaced(words: set[str], lowered: bytes) -> bool:
    """Whether enough single letters occur between spaces to test each line."""
    singles = words & _FREQUENT_LETTERS
    if len(singles) < _MIN_SINGLE_LETTERS:
        return False
    between_spaces = sum(b" %b " % letter.encode() in lowered for letter in singles)
    if between_spaces >= _MIN_SINGLE_LETTERS:
        return True
    return any(
        separator in lowered and re.search(pattern, lowered)
        for separator, pattern in _SEPARATED_BYTES
    )


def has_spaced_letters(text: str) -> bool:
    """Whether letters of any script stand one by one; for text that is not ASCII."""
    return _SPACED_LETTERS.search(text) is not None


def has_odd_blanks(text: str) -> bool:
    """Whether a line contains many Unicode spaces, which can separate letters."""
    return not text.isascii() and len(_UNICODE_SPACES.findall(text)) >= _MIN_SPACES


def unspace(text: str, common: Container[str]) -> tuple[str, str]:
    """Return a line with spaced-out letters joined to words, and a message for the finding.

    Two or more spaces separate words.  Letters with the same sign between them are
    joined only where several of the resulting words are in ``common``.
    """
    joined: list[str] = []

    def join(match: re.Match[str]) -> str:
        words = [part.replace(" ", "") for part in re.split(r" {2,}", match[0])]
        joined.extend(words)
        return " ".join(words)

    clear = re.sub(_SPACED, join, text)
    separated = [_without_separator(match) for match in re.finditer(_SEPARATED, clear)]
    # Chains of one-letter names in minified code do not form words.
    common_words = sum(
        len(word) >= _MIN_COMMON_LENGTH and word.lower() in common for word in separated
    )
    if common_words >= _MIN_COMMON_WORDS:
        clear = re.sub(_SEPARATED, _without_separator, clear)
        joined += separated
    if sum(len(word) > 2 for word in joined) < _MIN_JOINED_WORDS:
        return clear, ""
    return clear, _message("letters separated by spaces or signs", clear)


def _without_separator(match: re.Match[str]) -> str:
    return match[0].replace(match[1], "")

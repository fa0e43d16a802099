"""Classifies a value: a placeholder, a word, a password, or the output of a random generator."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.scanners.secrets.value_forms import HARMLESS_FORM, TEMPLATE, is_language

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = lazy_re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_HEX = lazy_re.compile(r"[0-9a-f]+|[0-9A-F]+")
_UUID = lazy_re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_IDENTIFIER = lazy_re.compile(
    r"[A-Za-z_$][\w$]*(?:(?:\.|::|->|\?\.)[A-Za-z_$][\w$]*)*(?:\(.*)?"
)
# Hashed passwords (crypt, LDAP, Django): the rules for credential files decide about them.
_HASH = lazy_re.compile(
    r"\$(?:2[abxy]?|[156y]|argon2id?|apr1|scrypt)\$|pbkdf2_sha|\{S?SHA|bcrypt\$|scrypt:"
)
_FILLERS = frozenset("-_.!:@#/+ 0123456789")
_SEPARATORS = lazy_re.compile(r"[-_.:/ ,|()\[\]@+=]+")
# A word, perhaps with a short number before or after it: sha256, utf8, v2, 2nd, camelCase.
_WORD_WITH_NUMBER = lazy_re.compile(r"\d{0,4}[A-Za-z]+\d{0,4}|[a-z]\d{1,2}[a-z]")
# Pairs of a letter or digit and one that is equal or next to it in the alphabet.
_RUN_PAIRS = frozenset(
    (chr(code), chr(code + step))
    for code in (*range(ord("0"), ord("9") + 1), *range(ord("a"), ord("z") + 1))
    for step in (-1, 0, 1)
)
_LONGEST_PLACEHOLDER = 64
_LONGEST_WORD = 12
_LONGEST_PERIOD = 12
_WORDS_AND_NUMBERS = lazy_re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SHORTEST_CODE_NAME = 12
_BASE64 = lazy_re.compile(r"[A-Za-z0-9+/]+={0,2}")
_SHORTEST_DENSE = 32
# From this length on a placeholder of few letters occurs in random text.
_SHORTEST_RANDOM_KEY = 20
_LONG_PART = 6
_SAME = lazy_re.compile(r"x{6}", re.IGNORECASE)
# Mean cost of letter pairs below which a text holds words.
_TEXT_COST = 4.6
# Mean cost of letter pairs in a value without any.
_NO_PAIRS = 9.0


@dataclass(frozen=True, slots=True)
class ValueClassifier:
    """Lists of words and letter frequencies, from the data of ``secrets/keyword-assignment``."""

    placeholders: frozenset[str]
    placeholder_parts: re.Pattern[str]
    placeholder_words: frozenset[str]
    absent: frozenset[str]
    #: Cost (a digit) of each pair of letters: row by the first, column by the second.
    pair_costs: tuple[str, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> ValueClassifier:
        """Read the lists of a rule's data."""
        parts = sorted(str(part) for part in data["placeholder-parts"])
        return cls(
            placeholders=_lower_words(data["placeholders"]),
            placeholder_parts=lazy_re.compile("|".join(parts), re.IGNORECASE),
            placeholder_words=_lower_words(data["placeholder-words"]),
            absent=_lower_words(data["absent"]),
            pair_costs=tuple(data["letter-pairs"]),
        )

    def is_template(self, value: str) -> bool:
        """Whether this is replaced by the value later: ``${VAR}``, ``{{ x }}``, ``<password>``."""
        return TEMPLATE.search(value) is not None

    def is_placeholder(self, value: str) -> bool:
        """Whether this is written where a secret will be inserted, or repeats one piece."""
        text = value.strip().strip("\"'")
        return (
            text.lower() in self.placeholders
            or TEMPLATE.search(text) is not None
            or self.placeholder_parts.search(text) is not None
            or self._is_placeholder_words(text.lower())
            or is_repetitive(text)
        )

    def is_sample_key(self, value: str) -> bool:
        """Whether the varying part of an issuer's format is a placeholder.

        In a long random text a short placeholder (``fake``, ``xxxx``) is chance, unless
        it stands between separators.
        """
        if len(value) < _SHORTEST_RANDOM_KEY or TEMPLATE.search(value) is not None:
            return self.is_placeholder(value)
        if value.lower() in self.placeholders or is_repetitive(value):
            return True
        if self._is_placeholder_words(value.lower()) or _SAME.search(value):
            return True
        is_text = self.wordiness(value) < _TEXT_COST
        for part in self.placeholder_parts.finditer(value):
            is_long = is_text or len(part[0]) >= _LONG_PART
            if is_long or _stands_alone(value, *part.span()):
                return True
        return False

    def wordiness(self, value: str) -> float:
        """Return the mean cost of the letter pairs, 0 to 9, and 9 without any pair.

        Words cost 4.5 or less, random letters 5 or more.
        """
        cost = pair_count = 0
        for word in _WORDS.findall(value):
            for first, second in pairwise(word.lower()):
                row = self.pair_costs[ord(first) - ord("a")]
                cost += int(row[ord(second) - ord("a")])
                pair_count += 1
        return cost / pair_count if pair_count else _NO_PAIRS

    def is_wordy(self, value: str) -> bool:
        """Whether this is words with hardly a digit, which no generator makes."""
        length = len(value)
        digits = sum(char.isdigit() for char in value)
        if length < 12 or digits * 12 >= length:
            return False
        words = _WORDS.findall(value)
        letters = sum(map(len, words))
        letters_in_long_words = sum(len(word) for word in words if len(word) >= 4)
        if letters_in_long_words * 5 < 4 * letters:
            return False
        return self.wordiness(value) < 4.3

    def is_random(self, value: str, shortest: int = 16) -> bool:
        """Whether this is probably the output of a generator."""
        length = len(value)
        if length < shortest or any(char.isspace() for char in value):
            return False
        if _HASH.match(value) or is_language(value):
            return False
        if HARMLESS_FORM.fullmatch(value) and not _is_dense(value):
            return False
        digits = sum(char.isdigit() for char in value)
        letters = sum(char.isalpha() for char in value)
        if _HEX.fullmatch(value):
            return digits >= 2 and letters >= 2 and entropy(value) >= 2.6
        if entropy(value) < (3.0 if length < 24 else 3.3):
            return False
        if _UUID.fullmatch(value):
            return True
        if self.is_slug(value) or self.is_code_name(value):
            return False
        cost = self.wordiness(value)
        if digits:
            limit = 4.6 if digits * 8 < length else 4.2
            return cost >= limit or class_changes(value) * 4 >= length
        if length < 16 or letters < length * 0.8:
            return False
        has_short_words = len(_WORDS.findall(value)) * 4 > length
        return cost >= 5.0 or (has_short_words and cost >= 4.4)

    def is_slug(self, value: str) -> bool:
        """Whether this is words and numbers with separators, like a file name."""
        parts = [part for part in _SEPARATORS.split(value) if part]
        if len(parts) == 1 and _WORD_WITH_NUMBER.fullmatch(value) is None:
            return False
        all_words = all(
            part.isdigit() or _WORD_WITH_NUMBER.fullmatch(part) for part in parts
        )
        if len(parts) >= 3 and all_words and self.wordiness(value) < 5.0:
            return True
        plain_length = sum(len(part) for part in parts if self._is_plain_part(part))
        return plain_length * 10 >= 9 * sum(map(len, parts))

    def is_code_name(self, value: str) -> bool:
        """Whether this is the name of a type or function, perhaps with a number inside.

        ``OAuth2AuthorizedClientProvider`` is: most of it are words, and few are digits.
        """
        name = value.lstrip("*&@[]")
        if len(name) < _SHORTEST_CODE_NAME or not is_identifier(name):
            return False
        name = name.partition("(")[0]
        pieces = _WORDS_AND_NUMBERS.findall(name)
        letters = sum(len(piece) for piece in pieces if not piece.isdigit())
        digits = sum(len(piece) for piece in pieces if piece.isdigit())
        in_words = sum(
            len(piece) for piece in pieces if piece.isalpha() and len(piece) > 3
        )
        if digits * 5 > letters + digits or in_words * 10 < 6 * letters:
            return False
        is_long_worded = (letters + digits) * 10 >= 32 * len(pieces)
        return is_long_worded and self.wordiness(name) < 4.8

    def is_password_like(self, value: str) -> bool:
        """Whether a person may have chosen this as a password; words of prose are not."""
        length = len(value)
        if length < 5 or length > 128 or any(char.isspace() for char in value):
            return False
        if HARMLESS_FORM.fullmatch(value) or _HASH.match(value):
            return value.isdigit() and length >= 6
        if is_language(value) or ("." in value and self.is_code_name(value)):
            return False
        has_separator = any(char in value for char in "-_/")
        if self.is_slug(value) and (length > 20 or has_separator):
            return False
        has_digits = any(char.isdigit() for char in value)
        has_symbols = any(not char.isalnum() and char not in "._-:/" for char in value)
        if has_symbols and has_digits:
            return True
        if has_digits and any(char.isalpha() for char in value):
            return length >= 6 and not re.fullmatch(r"[A-Za-z_]+[_-]?\d", value)
        if not has_symbols:
            return length >= 8 and self.wordiness(value) >= 4.9
        if len({char for char in value if not char.isalnum()}) >= 5:
            return True
        looks_like_code = any(char in "[]{}()<>|=:" for char in value)
        limit = 4.9 if looks_like_code else 3.9
        return length >= 8 and self.wordiness(value) >= limit

    def _is_placeholder_words(self, text: str) -> bool:
        """Whether this consists of placeholder words, separators and at most six digits."""
        length = len(text)
        if length > _LONGEST_PLACEHOLDER:
            return False
        # reachable[n]: the first n characters can be split into such words and fillers.
        reachable = [True] + [False] * length
        for start in range(length):
            if not reachable[start]:
                continue
            if text[start] in _FILLERS:
                reachable[start + 1] = True
            for end in range(start + 1, min(length, start + _LONGEST_WORD) + 1):
                word = text[start:end]
                if word in self.placeholder_words or word == "%20":
                    reachable[end] = True
        return reachable[-1] and sum(char.isdigit() for char in text) <= 6

    def _is_plain_part(self, part: str) -> bool:
        """Whether a part of a slug is a short number, or a word with one."""
        if part.isdigit() and len(part) <= 8:
            return True
        if not _WORD_WITH_NUMBER.fullmatch(part):
            return False
        return len(part) <= 4 or self.wordiness(part) < 4.7


def _stands_alone(value: str, start: int, end: int) -> bool:
    """Whether no letter or digit is next to a part."""
    around = value[max(0, start - 1) : start] + value[end : end + 1]
    return not any(char.isalnum() for char in around)


def entropy(value: str) -> float:
    """Return Shannon's entropy in bits per character."""
    length = len(value)
    if not length:
        return 0.0
    frequencies = (count / length for count in Counter(value).values())
    return -sum(frequency * math.log2(frequency) for frequency in frequencies)


def class_changes(value: str) -> int:
    """Count the changes between digits, lower case, upper case and other characters."""
    classes = [_character_class(char) for char in value]
    return sum(first != second for first, second in pairwise(classes))


def is_repetitive(value: str) -> bool:
    """Whether this is mostly a run (``aaaa``, ``abcd1234``) or one repeated piece."""
    text = value.lower()
    length = len(text)
    distinct = len(set(text))
    if length < 8:
        return distinct <= 1 or (length >= 6 and _run_length(text, 1) >= length - 2)
    if distinct <= min(4, max(2, length // 16)):
        return True
    if _run_length(text, 1) >= 0.5 * length:
        return True
    if length >= 16 and _run_length(text, 2) >= 0.6 * length:
        return True
    longest_period = min(_LONGEST_PERIOD, length // 2)
    return any(
        text[period:] == text[:-period] for period in range(1, longest_period + 1)
    )


def _is_dense(value: str) -> bool:
    """Whether letters and digits change as often as in random base64, which no path does."""
    if len(value) < _SHORTEST_DENSE or _BASE64.fullmatch(value) is None:
        return False
    return class_changes(value) * 5 >= len(value) * 2 and value.count("/") * 8 < len(
        value
    )


def is_identifier(value: str) -> bool:
    """Whether this reads as a name, an attribute or a call in code."""
    return _IDENTIFIER.fullmatch(value) is not None


def _run_length(text: str, stride: int) -> int:
    """Count the characters equal or next in the alphabet to the one ``stride`` before."""
    pairs = zip(text, text[stride:], strict=False)
    return sum(map(_RUN_PAIRS.__contains__, pairs))


def _character_class(char: str) -> int:
    if char.isdigit():
        return 0
    if char.islower():
        return 1
    return 2 if char.isupper() else 3


def _lower_words(words: Any) -> frozenset[str]:
    return frozenset(str(word).lower() for word in words)

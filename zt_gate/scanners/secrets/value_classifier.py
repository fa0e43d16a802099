"""What a value looks like: a placeholder, a word, or something made by a random generator."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from zt_gate.scanners.secrets.lazy_regex import lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEMPLATE = lazy(
    r"\$\{[A-Za-z_.][\w.:?!/ |'\"-]*\}|\{\{[^{}]*\}\}|^\{\{.*\}\}$|<%|%>|\$\("
    r"|#\{[^{}]*\}|\{%|%\([a-z_]{1,40}\)s|\{(?!(?:s?sha|s?md5|crypt|pbkdf2)[\w-]*\})[a-z_][\w.\[\]'\"]{1,40}\}|^<[^<>]*>$"
    r"|^\$[A-Za-z_(]\w*\)?$|^%\w+%$|^%[sdv]$|^\*+$"
    r"|^\[[\w /:-]*\]$|^__\w+__$|^@\w+@$|^ENC\[|^\$ANSIBLE_VAULT"
    # A count and a class of characters: how templates of keys are written.
    r"|\{\d{1,4}(?:-\d{1,4})?\*[^{}\n]{1,80}(?:\}|$)"
    r"|^!(?:vault|Ref|Sub|secret)\b|\\\(|secretKeyRef|^AQICAH|^op://|^vault:|^ref\+"
    r"|^@Microsoft\.KeyVault",
    re.IGNORECASE,
)
_WORDS = lazy(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_HEX = lazy(r"[0-9a-f]+|[0-9A-F]+")
_UUID = lazy(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_IDENTIFIER = lazy(r"[A-Za-z_$][\w$]*(?:(?:\.|::|->|\?\.)[A-Za-z_$][\w$]*)*(?:\(.*)?")
# Hashed passwords (crypt, LDAP, Django): what to do about them is up to the file's own reader.
_HASH = lazy(
    r"\$(?:2[abxy]?|[156y]|argon2id?|apr1|scrypt)\$|pbkdf2_sha|\{S?SHA|bcrypt\$|scrypt:"
)
_BETWEEN = frozenset("-_.!:@#/+ 0123456789")
_MARKS = lazy(r"[-_.:/ ,|()\[\]@+=]+")
# A word, perhaps with a short number before or behind it: sha256, utf8, v2, 2nd, camelCase.
_NUMBERED = lazy(r"\d{0,4}[A-Za-z]+\d{0,4}")
_DULL = lazy(
    r"[\d.,:xX/+ -]*|\d{4}-\d\d-\d\d.*|(?:[a-z]+:)?/.*|\.{1,2}/.*|[A-Za-z]:\\.*|[a-z][a-z0-9+.-]*://.*"
    r"|sha(?:1|224|256|384|512)[-:=].*|h1:.*|md5[-:=].*|[\w.+-]+@[\w-]+\.[a-z]{2,8}"
    r"|(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|ai|co|local|internal|svc|yaml|yml|json|py|js|go|txt|md)"
    r"|.*\]\{\d.*|.*\(\?[:=!P<].*|\^.*\$|.*\\[dwsbSWD].*|.*\[[a-zA-Z]-[a-zA-Z].*"
    r"|arn:.*|projects/.*|urn:.*|data:.*"
)

# A letter or digit, and the one that may follow it in a run: looking pairs up is quickest.
_NEXT = frozenset(
    (chr(code), chr(code + step))
    for code in (*range(0x30, 0x3A), *range(0x61, 0x7B))
    for step in (-1, 0, 1)
)


@dataclass(frozen=True, slots=True)
class ValueClassifier:
    """The knowledge about values, from the data of ``secrets/keyword-assignment``."""

    placeholders: frozenset[str]
    parts: re.Pattern[str]
    words: frozenset[str]
    absent: frozenset[str]
    costs: tuple[str, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> ValueClassifier:
        """Read the lists of a rule's data."""
        parts = sorted(str(part) for part in data["placeholder-parts"])
        return cls(
            frozenset(str(word).lower() for word in data["placeholders"]),
            lazy("|".join(parts), re.IGNORECASE),
            frozenset(str(word).lower() for word in data["placeholder-words"]),
            frozenset(str(word).lower() for word in data["absent"]),
            tuple(data["letter-pairs"]),
        )

    def template(self, value: str) -> bool:
        """Whether this names what will be put here: ``${VAR}``, ``{{ x }}``, ``<password>``."""
        return _TEMPLATE.search(value) is not None

    def composed(self, text: str) -> bool:
        """Whether this is made of the placeholders' words alone, with short numbers and marks."""
        if len(text) > 64:
            return False
        ends = [True] + [False] * len(text)
        for start in range(len(text)):
            if not ends[start]:
                continue
            if text[start] in _BETWEEN:
                ends[start + 1] = True
            for end in range(start + 1, min(len(text), start + 12) + 1):
                if text[start:end] in self.words or text[start:end] == "%20":
                    ends[end] = True
        return ends[-1] and sum(c.isdigit() for c in text) <= 6

    def placeholder(self, value: str) -> bool:
        """Whether this stands where a secret will be put, or is known not to be one."""
        text = value.strip().strip("\"'")
        return (
            text.lower() in self.placeholders
            or _TEMPLATE.search(text) is not None
            or self.parts.search(text) is not None
            or self.composed(text.lower())
            or patterned(text)
        )

    def wordiness(self, value: str) -> float:
        """Return the mean cost of the letter pairs, 0–9; words cost 4.5 or less, noise 5 or more.

        9 where there are no pairs at all.
        """
        cost = pairs = 0
        for word in _WORDS.findall(value):
            text = word.lower()
            for a, b in pairwise(text):
                cost += int(self.costs[ord(a) - 97][ord(b) - 97])
                pairs += 1
        return cost / pairs if pairs else 9.0

    def wordy(self, value: str) -> bool:
        """Whether this is words, with hardly a digit: no generator's work."""
        n = len(value)
        if n < 12 or sum(c.isdigit() for c in value) * 12 >= n:
            return False
        words = _WORDS.findall(value)
        long = sum(len(word) for word in words if len(word) >= 4)
        return long * 5 >= 4 * sum(map(len, words)) and self.wordiness(value) < 4.3

    def random(self, value: str, shortest: int = 16) -> bool:
        """Whether a generator made this, as far as one can tell."""
        n = len(value)
        if n < shortest or any(c.isspace() for c in value) or _DULL.fullmatch(value):
            return False
        if _HASH.match(value):
            return False
        digits = sum(c.isdigit() for c in value)
        letters = sum(c.isalpha() for c in value)
        if _HEX.fullmatch(value):
            return digits >= 2 and letters >= 2 and entropy(value) >= 2.6
        if entropy(value) < (3.0 if n < 24 else 3.3):
            return False
        if _UUID.fullmatch(value):
            return True
        if self.slug(value):
            return False
        cost = self.wordiness(value)
        if not digits:
            mixed = len(_WORDS.findall(value)) * 4 > n
            return (
                n >= 16
                and letters >= n * 0.8
                and (cost >= 5.0 or (mixed and cost >= 4.4))
            )
        return cost >= (4.6 if digits * 8 < n else 4.2) or turns(value) * 4 >= n

    def slug(self, value: str) -> bool:
        """Whether this is words and numbers with marks between them, like a file's name."""
        parts = [part for part in _MARKS.split(value) if part]
        if len(parts) == 1 and _NUMBERED.fullmatch(value) is None:
            return False
        worded = all(part.isdigit() or _NUMBERED.fullmatch(part) for part in parts)
        if len(parts) >= 3 and worded and self.wordiness(value) < 5.0:
            return True
        plain = sum(
            len(part)
            for part in parts
            if (part.isdigit() and len(part) <= 8)
            or (
                _NUMBERED.fullmatch(part)
                and (len(part) <= 4 or self.wordiness(part) < 4.7)
            )
        )
        return plain * 10 >= 9 * sum(map(len, parts))

    def passwordlike(self, value: str) -> bool:
        """Whether a person could have chosen this as a password, and it is no word of prose."""
        n = len(value)
        if n < 5 or n > 128 or any(c.isspace() for c in value):
            return False
        if _DULL.fullmatch(value) or _HASH.match(value):
            return value.isdigit() and n >= 6
        if self.slug(value) and (n > 20 or "-" in value or "_" in value):
            return False
        digits = sum(c.isdigit() for c in value)
        others = sum(not c.isalnum() and c not in "._-:/" for c in value)
        if others and digits:
            return True
        if digits and any(c.isalpha() for c in value):
            return n >= 6 and not re.fullmatch(r"[A-Za-z_]+[_-]?\d", value)
        if others:
            if len({c for c in value if not c.isalnum()}) >= 5:
                return True
            syntax = any(c in "[]{}()<>|=:" for c in value)
            return n >= 8 and self.wordiness(value) >= (4.9 if syntax else 3.9)
        return n >= 8 and self.wordiness(value) >= 4.9


def entropy(value: str) -> float:
    """Return Shannon's entropy in bits per character."""
    n = len(value)
    if not n:
        return 0.0
    return -sum(c / n * math.log2(c / n) for c in Counter(value).values())


def turns(value: str) -> int:
    """Count the changes between digits, lower case, upper case and the rest."""
    kinds = [
        0 if c.isdigit() else 1 if c.islower() else 2 if c.isupper() else 3
        for c in value
    ]
    return sum(a != b for a, b in pairwise(kinds))


def patterned(value: str) -> bool:
    """Whether this is mostly a run (``aaaa``, ``abcd1234``) or one piece again and again."""
    text = value.lower()
    n = len(text)
    if n < 8:
        return len(set(text)) <= 1 or (n >= 6 and _steps(text, 1) >= n - 2)
    if len(set(text)) <= min(4, max(2, n // 16)):
        return True
    if _steps(text, 1) >= 0.5 * n or (n >= 16 and _steps(text, 2) >= 0.6 * n):
        return True
    return any(
        text[period:] == text[:-period]
        for period in range(1, n // 2 + 1)
        if period <= 12
    )


def _steps(text: str, stride: int) -> int:
    """Count the characters that stay or go one up or down from the one ``stride`` before."""
    return sum(map(_NEXT.__contains__, zip(text, text[stride:], strict=False)))


def identifier(value: str) -> bool:
    """Whether this reads as a name, an attribute or a call in code."""
    return _IDENTIFIER.fullmatch(value) is not None

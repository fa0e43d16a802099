"""Text as words: what phrases are held against.

A phrase of a family is a row of words with gaps, so line breaks, comment marks,
quotes and Markdown between them do not matter, and matching is linear.  A CJK
character is a word of its own.  ``breaks`` says where a phrase may not run on:
the end of a sentence, an empty line, an assignment, a brace.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+(?:['’][^\W{_CJK}]+)?")
_BREAK = re.compile(r"[={}]|[.!?;。！？](?:[\s\"')\]]|$)|[。！？]|\n[^\w\n]*\n")
# In JSON and in string literals a line break is written as an escape.
_ESCAPED = re.compile(r"\\[nrt]")
_MARKUP = frozenset(("b", "i", "u", "p", "em", "br", "strong", "span", "font", "mark", "div", "code"))
_DROP = str.maketrans("", "", "'’")
_FROM_BYTES = bytes(
    byte if chr(byte).isalnum() and byte < 128 or byte == 0x5F else 0x20 for byte in range(256)
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text: lower case, with their spans in it."""

    text: str
    items: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)


def quick_set(lowered: bytes) -> set[bytes]:
    """Return the different words of lower-case ASCII text, cheaply."""
    return set(lowered.translate(_FROM_BYTES, b"'").split())


def split(text: str) -> Words:
    """Cut ``text`` into words.  ``breaks[i]`` counts the breaks before word i."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few capitals grow; offsets must stay true
        lowered = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    if "\\" in lowered:
        lowered = _ESCAPED.sub("  ", lowered)
    words = Words(text)
    end = broken = 0
    for match in _TOKEN.finditer(lowered):
        start = match.start()
        word = match[0]
        between = lowered[end:start]
        if between not in {" ", ""} and _BREAK.search(between):
            broken += 1
        end = match.end()
        if between.endswith(("<", "</")) and word in _MARKUP:
            continue
        words.items.append(word.translate(_DROP).strip("_") or "_")
        words.starts.append(start)
        words.ends.append(end)
        words.breaks.append(broken)
    return words


_LEET = str.maketrans("013457@$8", "oleastasb")
_LEET_I = str.maketrans("013457@$8", "oieastasb")


def unleet(word: str, known: frozenset[str] | set[str]) -> str | None:
    """Return the known word that ``word`` spells with digits for letters, or None."""
    if len(word) < 2 or word.isalpha() or word.isdigit() and len(word) < 2:
        return None
    for table in (_LEET_I, _LEET):
        plain = word.translate(table)
        if plain in known:
            return plain
    # Digits for i and l may stand in one word.
    if "1" in word and word.count("1") > 1:
        first = word.replace("1", "i", 1).translate(_LEET)
        second = word.replace("1", "l", 1).translate(_LEET_I)
        return next((plain for plain in (first, second) if plain in known), None)
    return None


def signature(word: str) -> tuple[str, str, str]:
    """Return what stays when the inner letters of a word are shuffled."""
    return word[0], word[-1], "".join(sorted(word[1:-1]))


_SPACED = re.compile(r"(?<![^\s\"'(>])(?:[A-Za-z][.,:'!?]? {1,4}){10,}[A-Za-z]?[.,:'!?]?")


def unspace(text: str) -> str | None:
    """Return ``text`` with rows of single letters joined to words, or None if there are none.

    Words are what two or more spaces part.
    """
    if _SPACED.search(text) is None:
        return None

    def join(match: re.Match[str]) -> str:
        return " ".join(part.replace(" ", "") for part in re.split(r" {2,}", match[0]))

    return _SPACED.sub(join, text)

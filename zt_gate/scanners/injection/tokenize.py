"""Splits text into words for phrase matching.

A phrase is a sequence of words with gaps.  Line breaks, comment marks, quotes and
Markdown between the words are ignored, and matching takes linear time.  Each CJK
character is a word.  A phrase does not match across a break: the end of a sentence,
an empty line, an assignment or a brace.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: CJK characters, for use in a character class.
CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_ANY_WORD = rf"[{CJK}]|[^\W{CJK}]+(?:['’][^\W{CJK}]+)?"
# For ASCII text: compiling ``_ANY_WORD`` takes milliseconds.
_ASCII_WORD = r"\w+(?:'\w+)?"
_BREAK = r"[={}]|[.!?;。！？][\s\"')\]]|[。！？]|\n[^\w\n]*\n"
_CALL_SIGNS = frozenset(("(", "->", "::", "|"))
# JSON and string literals contain line breaks as escapes.
_ESCAPED = r"\\[nrt]"
_ESCAPES = (b"\\n", b"\\r", b"\\t")
_INLINE_TAGS = frozenset(
    ("b", "i", "u", "p", "em", "br", "strong", "span", "font", "mark", "div")
)
_APOSTROPHES = str.maketrans("", "", "'’")
# Keeps line ends, so that the lines of a flat text match those of the original.
_FROM_BYTES = bytes(
    byte if byte < 128 and (chr(byte).isalnum() or chr(byte) in "_\n") else 0x20
    for byte in range(256)
)


class Words(NamedTuple):
    """The words of a text in lower case, with their spans.

    ``breaks[i]`` counts the breaks before word ``i``.
    """

    text: str
    items: list[str]
    starts: list[int]
    ends: list[int]
    breaks: list[int]


def flat(lowered: bytes) -> str:
    """Return the ASCII words of lower-case text, separated by spaces and line ends."""
    if b"\\" in lowered:
        for escape in _ESCAPES:
            lowered = lowered.replace(escape, b"  ")
    return lowered.translate(_FROM_BYTES, b"'").decode("ascii")


def ascii_words(lowered: bytes) -> set[str]:
    """Return the different ASCII words of lower-case text."""
    return words_of_flat(flat(lowered))


def words_of_flat(text: str) -> set[str]:
    """Return the different words of a flat text or of a line of it."""
    words = set(text.split())
    if " _" in text or text.startswith("_"):  # emphasis in Markdown
        words.update([word.strip("_") for word in words if word[0] == "_"])
    return words


def different_words(text: str) -> set[str]:
    """Return the different words of a text; fast for ASCII text."""
    if text.isascii():
        return ascii_words(text.lower().encode("ascii"))
    words = re.findall(_ANY_WORD, text.lower())
    return {word.translate(_APOSTROPHES).strip("_") for word in words}


def split(text: str) -> Words:
    """Split ``text`` into words."""
    lowered = _lower(text)
    if "\\" in lowered:
        lowered = re.sub(_ESCAPED, "  ", lowered)
    words = Words(text, [], [], [], [])
    break_pattern = re.compile(_BREAK)
    previous_end = break_count = 0
    for match in re.finditer(_ASCII_WORD if lowered.isascii() else _ANY_WORD, lowered):
        start, end = match.span()
        word = match[0]
        between = lowered[previous_end:start]
        previous_end = end
        if between not in {" ", ""}:
            if between in _CALL_SIGNS or break_pattern.search(between):
                break_count += 1
            if between.endswith(("<", "</")) and word in _INLINE_TAGS:
                continue
        words.items.append(word.translate(_APOSTROPHES).strip("_") or "_")
        words.starts.append(start)
        words.ends.append(end)
        words.breaks.append(break_count)
    return words


def _lower(text: str) -> str:
    """Return ``text`` in lower case with the same length."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    # The lower case of a few capitals has two characters.
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)

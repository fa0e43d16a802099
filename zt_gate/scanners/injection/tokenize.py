"""Text as words: what phrases are held against.

A phrase of a family is a row of words with gaps, so line breaks, comment marks,
quotes and Markdown between them do not matter, and matching is linear.  A CJK
character is a word of its own.  ``breaks`` says where a phrase may not run on:
the end of a sentence, an empty line, an assignment, a brace.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Characters that are words of their own, as a range of an expression.
CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_ANY_WORD = rf"[{CJK}]|[^\W{CJK}]+(?:['’][^\W{CJK}]+)?"
# Compiling the wide one takes milliseconds; most text does not need it.
_ASCII_WORD = r"\w+(?:'\w+)?"
_BREAK = r"[={}]|[.!?;。！？][\s\"')\]]|[。！？]|\n[^\w\n]*\n"
# In JSON and in string literals a line break is written as an escape.
_CALL = frozenset(("(", "->", "::", "|"))
_ESCAPED = r"\\[nrt]"
_ESCAPES = (b"\\n", b"\\r", b"\\t")
_MARKUP = frozenset(
    ("b", "i", "u", "p", "em", "br", "strong", "span", "font", "mark", "div")
)
_DROP = str.maketrans("", "", "'’")
# Line ends stay, so that a flat text has the lines of its original.
_FROM_BYTES = bytes(
    byte if byte < 128 and (chr(byte).isalnum() or chr(byte) in "_\n") else 0x20
    for byte in range(256)
)


class Words(NamedTuple):
    """The words of a text: lower case, with their spans in it."""

    text: str
    items: list[str]
    starts: list[int]
    ends: list[int]
    breaks: list[int]


def flat(lowered: bytes) -> str:
    """Return lower-case text as its ASCII words, with spaces and line ends, cheaply."""
    if b"\\" in lowered:
        for escape in _ESCAPES:
            lowered = lowered.replace(escape, b"  ")
    return lowered.translate(_FROM_BYTES, b"'").decode("ascii")


def quick_set(lowered: bytes) -> set[str]:
    """Return the different ASCII words of lower-case text, cheaply."""
    return of_flat(flat(lowered))


def of_flat(text: str) -> set[str]:
    """Return the different words of a flat text, or of a line of it."""
    found = set(text.split())
    if " _" in text or text.startswith("_"):  # emphasis in Markdown
        found.update([word.strip("_") for word in found if word[0] == "_"])
    return found


def set_of(text: str) -> set[str]:
    """Return the different words of a text, cheaply where it is ASCII."""
    if text.isascii():
        return quick_set(text.lower().encode("ascii"))
    found = re.findall(_ANY_WORD, text.lower())
    return {word.translate(_DROP).strip("_") for word in found}


def split(text: str) -> Words:
    """Cut ``text`` into words.  ``breaks[i]`` counts the breaks before word i."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few capitals grow; offsets must stay true
        lowered = "".join(
            char.lower() if len(char.lower()) == 1 else char for char in text
        )
    if "\\" in lowered:
        lowered = re.sub(_ESCAPED, "  ", lowered)
    words = Words(text, [], [], [], [])
    breaks = re.compile(_BREAK)
    end = broken = 0
    for match in re.finditer(_ASCII_WORD if lowered.isascii() else _ANY_WORD, lowered):
        start = match.start()
        word = match[0]
        between = lowered[end:start]
        if between not in {" ", ""} and (between in _CALL or breaks.search(between)):
            broken += 1
        end = match.end()
        if between.endswith(("<", "</")) and word in _MARKUP:
            continue
        words.items.append(word.translate(_DROP).strip("_") or "_")
        words.starts.append(start)
        words.ends.append(end)
        words.breaks.append(broken)
    return words

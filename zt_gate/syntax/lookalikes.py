"""Characters that nobody sees inside a word, and those that look like ASCII.

A zero-width space in a key hides it from every pattern, and so does one letter of
another alphabet or of full width.  Here both are found in UTF-8 bytes, and only beside
ASCII letters and digits, so that text in other scripts costs little.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Letters of other scripts that look like Latin ones, each before its likeness.  The
#: same pairs as in ``rules/injection/unicode.toml``, which a test compares.
PAIRS = (
    "\u0430a \u0435e \u043eo \u0440p \u0441c \u0443y \u0445x \u0456i \u0458j "
    "\u0455s \u0501d \u04bbh \u0475v \u051bq \u051dw \u04cfl \u04bde \u0578n "
    "\u0581g \u0585o \u0410A \u0412B \u0415E \u041aK \u041cM \u041dH \u041eO "
    "\u0420P \u0421C \u0422T \u0423Y \u0425X \u0406I \u0408J \u0405S \u050cG "
    "\u051aQ \u051cW \u04aeY \u0391A \u0392B \u0395E \u0396Z \u0397H \u0399I "
    "\u039aK \u039cM \u039dN \u039fO \u03a1P \u03a4T \u03a5Y \u03a7X \u03bfo "
    "\u13aaA \u13f4B \u13dfC \u13a0D \u13acE \u13c0G \u13bbH \u13abJ \u13e6K "
    "\u13deL \u13b7M \u13e2P \u13daS \u13a2T \u13d9V \u13b3W \u13c3Z \u0251a "
    "\u0261g \u0269i \u028fy \u03b1a \u03bdv \u03c1p \u03c4t \u03c5u \u03bak "
    "\u03b9i \u03b3y \u03b7n \u03c9w \u03c7x \u03b5e \u043ak \u043cm \u043dh "
    "\u0442t \u0432b \u043fn \u0433r \u044cb \u044fr \u1d00a \u0299b \u1d04c "
    "\u1d05d \u1d07e \ua730f \u0262g \u029ch \u026ai \u1d0aj \u1d0bk \u029fl "
    "\u1d0dm \u0274n \u1d0fo \u1d18p \ua7afq \u0280r \ua731s \u1d1bt \u1d1cu "
    "\u1d20v \u1d21w \u1d22z \u0131i \u047bo \uab4eu"
)
_LIKENESS = {ord(pair[0]): pair[1] for pair in PAIRS.split()}
# Low lines and hyphens of other scripts and technical signs.
_LIKENESS |= dict.fromkeys(
    (0x02CD, 0x2017, 0x203F, 0x2054, 0x23BD, 0x2581, 0xFE33, 0xFE34), "_"
)
_LIKENESS |= dict.fromkeys((0x2010, 0x2011, 0x2212), "-")

# Spans of code points that no font shows, and marks that are drawn on the letter before.
_INVISIBLE = (
    (0x00AD, 0x00AD), (0x0300, 0x036F), (0x061C, 0x061C), (0x115F, 0x1160),
    (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E),
    (0x2060, 0x206F), (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
    (0xE0000, 0xE01EF),
)  # fmt: skip
_WORD = rb"[A-Za-z0-9_-]"
# Two, three and four bytes of UTF-8 that can be one of these characters.
_CANDIDATE = lazy_re.compile(
    rb"(?:"
    rb"\xc2[\x85\xad]|\xcb\x8d|[\xcc\xcd][\x80-\xbf]|[\xc4\xc9\xca\xce-\xd6\xd8][\x80-\xbf]"
    rb"|\xe1[\x80-\xbf][\x80-\xbf]|\xe2(?:\x80[\x8b-\xae\xbf]|\x81[\x94\xa0-\xaf]|\x88\x92|\x8e\xbd|\x96\x81|\xa0\x80|[\x84\x92\x93][\x80-\xbf])"
    rb"|\xe3\x85\xa4|\xea(?:\x9c|\x9e|\xad)[\x80-\xbf]|\xef(?:\xb8[\x80-\x8f\xb3\xb4]|\xb9[\x80-\xbf]"
    rb"|\xbb\xbf|\xbc[\x80-\xbf]|\xbd[\x80-\x9e]|\xbe\xa0|\xbf[\xb9-\xbb])"
    rb"|\xf0(?:\x9d[\x80-\xbf]|\x9b\xb2|\x9f[\x84-\x87])[\x80-\xbf]|\xf3\xa0[\x80-\x87][\x80-\xbf]"
    rb")+"
)


def plain(code: int) -> bytes | None:
    """Return what a character code stands for: ASCII, b"" if invisible, None for others."""
    if code < 128:
        return bytes((code,)) if 32 <= code < 127 or code in {9, 10, 13} else None
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return None
    if code == 0x85 or any(first <= code <= last for first, last in _INVISIBLE):
        return b""
    likeness = _LIKENESS.get(code)
    if likeness is not None:
        return likeness.encode("ascii")
    import unicodedata

    char = unicodedata.normalize("NFKC", chr(code))
    is_ascii_sign = len(char) == 1 and char.isascii() and char.isprintable()
    return char.encode("ascii") if is_ascii_sign and char != " " else None


def find(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the spans of such characters beside ASCII words, and what they stand for."""
    for match in _CANDIDATE.finditer(data):
        start, end = match.span()
        run = match[0]
        has_neighbour = _is_word(data, start - 1) or _is_word(data, end)
        if not has_neighbour and run[0] not in b"\xef\xf0":
            continue
        try:
            text = run.decode("utf-8")
        except UnicodeDecodeError:
            continue
        # A word of another script is a word; only its mixture with ASCII is not.
        replaced = [(char, plain(ord(char))) for char in text]
        if not has_neighbour and len(replaced) < 4:
            continue
        position = start
        for char, replacement in replaced:
            length = len(char.encode("utf-8"))
            if replacement is not None:
                yield position, position + length, replacement
            position += length


def _is_word(data: bytes, position: int) -> bool:
    if not 0 <= position < len(data):
        return False
    byte = data[position]
    return byte < 128 and (chr(byte).isalnum() or byte in b"_-")


_GAP = rb"(?:\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xaf]|\xe2\x81\x9f|\xe3\x80\x80)"
_GAPS = lazy_re.compile(_GAP + rb"++")
_INNER_TAB = lazy_re.compile(rb"\t(?<=[\w-]\t)\t{0,8}[\w-]")
_TABS = lazy_re.compile(rb"\t++")
_QUOTED_WITH_TABS = lazy_re.compile(
    rb"[\"'`=][\w-]{1,200}+(?:\t{1,8}+[\w-]{1,200}+){1,200}+[\"'`]"
)
# The fewest letters on both sides of a gap that may be one key.
_KEY_LENGTH = 20


def find_gaps(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the blanks of other scripts, and tabs in strings, inside what may be a key.

    Between words they are ordinary blanks, so only a search for keys takes them out.
    """
    if not data.isascii():
        for match in _GAPS.finditer(data):
            start, end = match.span()
            if not (_is_word(data, start - 1) and _is_word(data, end)):
                continue
            around = data[max(0, start - 100) : end + 100]
            words = _GAPS.sub(b"", around)
            if _may_be_key(words):
                yield start, end, b""
    if b"\t" in data and _INNER_TAB.search(data):
        for string in _QUOTED_WITH_TABS.finditer(data):
            if _may_be_key(_TABS.sub(b"", string[0])):
                for match in _TABS.finditer(data, *string.span()):
                    yield *match.span(), b""


def _may_be_key(text: bytes) -> bool:
    return any(
        len(word) >= _KEY_LENGTH and not word.isalpha()
        for word in re.findall(rb"[A-Za-z0-9_-]+", text)
    )

"""Characters that nobody sees inside a word, and those that look like ASCII.

A zero-width space in a key hides it from every pattern, and so does one letter of
another alphabet or of full width.  Here both are found in UTF-8 bytes, and only beside
ASCII letters and digits, so that text in other scripts costs little.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Letters of other scripts that look like Latin ones, each before its likeness.  The
#: same pairs as in ``rules/injection/unicode.toml``, which a test compares.
PAIRS = (
    "аa еe оo рp сc уy хx іi јj ѕs ԁd һh ѵv ԛq ԝw ӏl ҽe ոn ցg օo "
    "АA ВB ЕE КK МM НH ОO РP СC ТT УY ХX ІI ЈJ ЅS ԌG ԚQ ԜW ҮY "
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX οo "
    "ᎪA ᏴB ᏟC ᎠD ᎬE ᏀG ᎻH ᎫJ ᏦK ᏞL ᎷM ᏢP ᏚS ᎢT ᏙV ᎳW ᏃZ ɑa ɡg ɩi ʏy "
    "αa νv ρp τt υu κk ιi γy ηn ωw χx εe кk мm нh тt вb пn гr ьb яr ᴀa ʙb ᴄc ᴅd ᴇe ꜰf "
    "ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ꞯq ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ᴢz ıi ѻo ꭎu"
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
_CANDIDATE = re.compile(
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
_GAPS = re.compile(_GAP + rb"++")
_INNER_TAB = re.compile(rb"\t(?<=[\w-]\t)\t{0,8}[\w-]")
_TABS = re.compile(rb"\t++")
_QUOTED_WITH_TABS = re.compile(
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

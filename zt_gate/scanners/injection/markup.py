r"""A line as its reader gets it: tags, named entities, single escapes, terminal codes undone.

Honest text is full of all of them, so nothing here is a finding; a phrase that
they cut in pieces becomes whole again, no more.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_INLINE = (
    "a|abbr|b|bdi|bdo|big|code|del|em|font|g|i|ins|kbd|label|mark|q|s|small|span|strong|sub|sup"
    "|tspan|tt|u|wbr"
)
_TAG = rf"</?(?:{_INLINE})(?:\s[^<>\n]{{0,300}})?/?>"
# One element closes and the next opens: two words, not one.
_SEAM = rf"</(?:{_INLINE})>\s{{0,8}}<(?:{_INLINE})(?:\s[^<>\n]{{0,300}})?>|<br ?/?>"
_ENTITY = r"&(?:[A-Za-z]{2,20}|#[0-9]{2,6}|#[xX][0-9A-Fa-f]{2,5});"
# A word in pieces: a comment, emphasis, or the seam of two strings within it.
_WITHIN = (
    r"(?<=[A-Za-z])<!--[^<>]{0,60}-->(?=[A-Za-z])|(?<=[A-Za-z]{2})\*{2,3}(?=[A-Za-z]{2})"
    r"|(?<=[\w+/ ])(?:\"\s{0,2}[+.]\s{0,2}\"|'\s{0,2}[+.]\s{0,2}')(?=[\w+/ ])"
)
# Each begins with what is rare, which makes the search for it fast.
_PIECES = (
    (b"<!--", rb"<!--(?<=[a-z]<!--)[^<>\n]{0,60}-->[a-z]"),
    (b"**", rb"\*\*(?<=[a-z]{2}\*\*)\*?[a-z]{2}"),
    (b'" + "', rb'" \+ "(?:[^"\n]{1,40}" \+ "){2}'),
    (b"' + '", rb"' \+ '(?:[^'\n]{1,40}' \+ '){2}"),
    (b'"+"', rb'"\+"(?:[^"\n]{1,40}"\+"){2}'),
    (b"'+'", rb"'\+'(?:[^'\n]{1,40}'\+'){2}"),
    (b"', '", rb"', '(?:[^'\\\n]', '){6}"),
    (b'", "', rb'", "(?:[^"\\\n]", "){6}'),
    (b"','", rb"','(?:[^'\\\n]','){6}"),
    (b'","', rb'","(?:[^"\\\n]","){6}'),
)
_CHARS = r"(?:(?:\"[^\"\\\n]\"|'[^'\\\n]'), ?){8,}(?:\"[^\"\\\n]\"|'[^'\\\n]')"
_LETTER = r"\\(?:u00|u\{|x)([46][1-9A-Fa-f]|[57][0-9Aa])\}?"
_SLY_ESCAPE = rf"(?<=[A-Za-z]){_LETTER}|{_LETTER}(?=[A-Za-z])"
_TERMINAL = r"(?:\x1b|\\x1[bB]|\\033|\\e|\\u001[bB])\[[0-9;?]{0,16}[A-Za-z]"
_CONCEAL = r"\[(?:[0-9]{1,2};){0,4}8m"
_ENTITY_BYTES = (
    rb"&(?:nbsp|ensp|emsp|thinsp|zwj|zwnj|shy|zerowidthspace"
    rb"|quot|lt|amp|#x?[0-9a-f]{2,6});"
)
_TERMINAL_MARKS = (b"\x1b[", b"\\x1b[", b"\\033[", b"\\e[", b"\\u001b[")
_SLY_ENTITY = (
    r"&(?:#(?:x(?:[46][1-9a-f]|[57][0-9a])|6[5-9]|[78][0-9]|9[0789]|1[01][0-9]|12[0-2])"
    r"|zwj|zwnj|shy|zerowidthspace);"
)


class Unwrapped(NamedTuple):
    """The line; ``sly`` where letters within words were codes, or were concealed."""

    text: str
    sly: bool


def may_be_wrapped(lowered: bytes) -> bool:
    """Whether it is worth unwrapping any line of this lower-case block; cheap."""
    if b"</" in lowered or b"<br" in lowered:
        return True
    if b"&" in lowered and re.search(_ENTITY_BYTES, lowered):
        return True
    if b"\\u00" in lowered or b"\\x" in lowered or b"\\u{" in lowered:
        text = lowered.decode("latin-1")
        if re.search(_SLY_ESCAPE, text):
            return True
    if is_in_pieces(lowered):
        return True
    return b"[" in lowered and any(mark in lowered for mark in _TERMINAL_MARKS)


def is_in_pieces(lowered: bytes) -> bool:
    """Whether words of this lower-case text are cut by comments, emphasis or quotes; cheap."""
    return any(
        mark in lowered and re.search(pattern, lowered) for mark, pattern in _PIECES
    )


def rejoin(text: str) -> str:
    """Return a line with words joined that stood in pieces."""
    return re.sub(_CHARS, _word, re.sub(_WITHIN, "", text))


def unwrap(text: str) -> Unwrapped:
    """Return a line without inline tags, with entities and escapes of letters undone."""
    sly = False
    if "[" in text and ("\x1b" in text or "\\" in text):
        sly = re.search(_CONCEAL, text) is not None
        text = re.sub(_TERMINAL, "", text)
    if "<" in text:
        text = re.sub(_SEAM, " ", text)
        text = re.sub(_TAG, "", text)
    if "&" in text and ";" in text:
        sly = sly or len(re.findall(_SLY_ENTITY, text.lower())) > 1
        text = re.sub(_ENTITY, _entity, text)
    if "\\" in text:
        text, count = re.subn(_SLY_ESCAPE, _letter, text)
        sly = sly or count > 1
    return Unwrapped(text, sly)


def _word(match: re.Match[str]) -> str:
    return "".join(re.findall(r"[\"']([^\\\n])[\"'],? ?", match[0]))


def _letter(match: re.Match[str]) -> str:
    return chr(int(match[1] or match[2], 16))


def _entity(match: re.Match[str]) -> str:
    import html

    char = html.unescape(match[0])
    return " " if char in "\xa0\r\n\t" else char

r"""Removes markup from a line: tags, entities, escapes of letters, terminal codes.

All of these are frequent in honest text, so none of them is a finding.  Removing them
only joins phrases that they interrupt.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_INLINE = (
    "a|abbr|b|bdi|bdo|big|code|del|em|font|g|i|ins|kbd|label|mark|q|s|small|span|strong|sub|sup"
    "|tspan|tt|u|wbr"
)
_TAG = rf"</?(?:{_INLINE})(?:\s[^<>\n]{{0,300}})?/?>"
# One element closes and the next opens: this separates two words.
_SEAM = rf"</(?:{_INLINE})>\s{{0,8}}<(?:{_INLINE})(?:\s[^<>\n]{{0,300}})?>|<br ?/?>"
_ENTITY = r"&(?:[A-Za-z]{2,20}|#[0-9]{2,6}|#[xX][0-9A-Fa-f]{2,5});"
# Inside a word: a comment, emphasis, or the concatenation of two strings.
_WITHIN = (
    r"(?<=[A-Za-z])<!--[^<>]{0,60}-->(?=[A-Za-z])|(?<=[A-Za-z]{2})\*{2,3}(?=[A-Za-z]{2})"
    r"|(?<=[\w+/ ])(?:\"\s{0,2}[+.]\s{0,2}\"|'\s{0,2}[+.]\s{0,2}')(?=[\w+/ ])"
)
# Each pattern begins with its rare substring, which makes the search fast.
_SPLIT_WORDS = (
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
_LETTER_ESCAPE = rf"(?<=[A-Za-z]){_LETTER}|{_LETTER}(?=[A-Za-z])"
_TERMINAL = r"(?:\x1b|\\x1[bB]|\\033|\\e|\\u001[bB])\[[0-9;?]{0,16}[A-Za-z]"
_CONCEAL = r"\[(?:[0-9]{1,2};){0,4}8m"
_ENTITY_BYTES = (
    rb"&(?:nbsp|ensp|emsp|thinsp|zwj|zwnj|shy|zerowidthspace"
    rb"|quot|lt|amp|#x?[0-9a-f]{2,6});"
)
_TERMINAL_MARKS = (b"\x1b[", b"\\x1b[", b"\\033[", b"\\e[", b"\\u001b[")
_LETTER_ENTITY = (
    r"&(?:#(?:x(?:[46][1-9a-f]|[57][0-9a])|6[5-9]|[78][0-9]|9[0789]|1[01][0-9]|12[0-2])"
    r"|zwj|zwnj|shy|zerowidthspace);"
)


class PlainLine(NamedTuple):
    """A line without markup.

    ``is_suspicious`` says that letters were written as codes, or were concealed.
    """

    text: str
    is_suspicious: bool


def has_markup(lowered: bytes) -> bool:
    """Whether a lower-case block contains markup that ``remove_markup`` removes; cheap."""
    if b"</" in lowered or b"<br" in lowered:
        return True
    if b"&" in lowered and re.search(_ENTITY_BYTES, lowered):
        return True
    if b"\\u00" in lowered or b"\\x" in lowered or b"\\u{" in lowered:
        text = lowered.decode("latin-1")
        if re.search(_LETTER_ESCAPE, text):
            return True
    if has_split_words(lowered):
        return True
    return b"[" in lowered and any(mark in lowered for mark in _TERMINAL_MARKS)


def has_split_words(lowered: bytes) -> bool:
    """Whether comments, emphasis or quotes split words of lower-case text; cheap."""
    return any(
        mark in lowered and re.search(pattern, lowered)
        for mark, pattern in _SPLIT_WORDS
    )


def join_split_words(text: str) -> str:
    """Return a line with split words joined."""
    return re.sub(_CHARS, _join_characters, re.sub(_WITHIN, "", text))


def remove_markup(text: str) -> PlainLine:
    """Return a line without inline tags, with entities and escapes of letters decoded."""
    is_suspicious = False
    if "[" in text and ("\x1b" in text or "\\" in text):
        is_suspicious = re.search(_CONCEAL, text) is not None
        text = re.sub(_TERMINAL, "", text)
    if "<" in text:
        text = re.sub(_SEAM, " ", text)
        text = re.sub(_TAG, "", text)
    if "&" in text and ";" in text:
        if len(re.findall(_LETTER_ENTITY, text.lower())) > 1:
            is_suspicious = True
        text = re.sub(_ENTITY, _entity, text)
    if "\\" in text:
        text, count = re.subn(_LETTER_ESCAPE, _letter, text)
        if count > 1:
            is_suspicious = True
    return PlainLine(text, is_suspicious)


def _join_characters(match: re.Match[str]) -> str:
    return "".join(re.findall(r"[\"']([^\\\n])[\"'],? ?", match[0]))


def _letter(match: re.Match[str]) -> str:
    return chr(int(match[1] or match[2], 16))


def _entity(match: re.Match[str]) -> str:
    import html

    char = html.unescape(match[0])
    return " " if char in "\xa0\r\n\t" else char

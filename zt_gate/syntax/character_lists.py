"""Decodes lists of character codes: ``[103, 104, …]``, ``chr(103) + chr(104)``.

Most lists of numbers are no text.  A part of a list counts where eight or more codes in
a row are printable, and a call that turns numbers into characters always does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The fewest codes in a row that may be a text.
SHORTEST = 8
#: Codes of one list that are decoded.
_LONGEST = 16 * 1024

_NUMBER = (
    rb"(?:(?:0[xX]|&[Hh])[0-9A-Fa-f]{1,4}|0[oO]?[0-7]{2,3}|0[bB][01]{6,8}|[0-9]{1,3})"
)
_SUFFIX = rb"(?:[uU][lL]?8?|[lL]|[yY]|_?u8)?"
_CAST = rb"(?:\((?i:s?byte|char|u?int8?(?:_t)?|u8)\)[ ]?)?"
# A sum or an exclusive or with a second number is one code: ``103^0``, ``102+1``.
_SUM = rb"(?:[ ]?[\^+-][ ]?[0-9]{1,3}(?=[ \t]{0,8}[,;\])}\n]))?"
_ITEM = (
    rb"(?>" + _CAST + rb"[\"'(]?" + _NUMBER + rb"(?:\.0(?![0-9]))?" + _SUM + _SUFFIX
    + rb"[\"')]?)"
)  # fmt: skip
_SEPARATOR = rb"(?>[ \t]{0,8}(?:[,;:|+/-]|[ \t]|\r?\n[ \t]{0,40}(?:-[ \t])?)\s{0,40})"
# A code of a lower-case letter, which any longer text has: 100 to 119, or 0x6.. and 0x7..
_LETTER_CODES = (
    lazy_re.compile(rb"1[01][0-9]\r?\n[ \t]{0,40}(?:-[ \t])?[0-9]{2,3}\r?\n"),
    lazy_re.compile(rb"1[01][0-9](?:\.0|[ ]?[\^+-][ ]?[0-9]{1,3})[ \t]{0,8},"),
    lazy_re.compile(rb"1[01][0-9][ \t]{0,8},[ \t]{0,8}\((?:s?byte|char|u?int)"),
    lazy_re.compile(
        rb"1[01][0-9][\"')uUyYlL]{0,2}[ \t]{0,8}[,;:|+/ -]\s{0,40}[\"'(]?[0-9]"
    ),
    lazy_re.compile(
        rb"0[xX]0{0,2}[4-7][0-9A-Fa-f][\"')uUyYlL]{0,2}[ \t]{0,8}[,;:|+/ -]"
    ),
    lazy_re.compile(rb"0[oO]?1[4-7][0-7][\"')uUyYlL]{0,2}[ \t]{0,8}[,;:|+/ -]"),
)
_LIST = lazy_re.compile(
    rb"(?<![\w.])" + _ITEM + rb"(?:" + _SEPARATOR + _ITEM + rb"){7,16384}+(?![\w.])"
)
_HEX_PAIRS = lazy_re.compile(
    rb"(?<![0-9A-Za-z:])[2-7][0-9A-Fa-f](?:[ :-][2-7][0-9A-Fa-f]){9,4096}+(?![0-9A-Za-z])"
)
# Patterns that begin with one literal byte are searched much faster than others.
_HAS_HEX_PAIRS = (
    lazy_re.compile(rb"6[0-9A-Fa-f][ :-][2-7][0-9A-Fa-f][ :-][2-7][0-9A-Fa-f][ :-]"),
    lazy_re.compile(rb"7[0-9A-Fa-f][ :-][2-7][0-9A-Fa-f][ :-][2-7][0-9A-Fa-f][ :-]"),
)
_CHARACTER = rb"(?>[bBuULc]?(?:'[^'\\\n]'|\"[^\"\\\n]\"))"
_CHARACTERS = lazy_re.compile(
    _CHARACTER
    + rb"(?:[ \t]{0,4}[,+.][ \t]{0,4}(?:\r?\n[ \t]{0,60})?"
    + _CHARACTER
    + rb"){5,4096}+"
)
_HAS_CHARACTERS = (
    lazy_re.compile(rb"'[^'\\\n]'[ ]?[,+.][ ]?[a-z]?'[^'\\\n]'"),
    lazy_re.compile(rb"\"[^\"\\\n]\"[ ]?[,+.][ ]?\"[^\"\\\n]\""),
)
_CALL_NAMES = (
    rb"(?i:(?:[A-Za-z_$][\w$]{0,30}(?:\.|::)){0,3}"
    rb"(?:fromcharcodes?|fromcodepoint|chrw?|n?char|unichr|uchr|rune|unicodescalar|character"
    rb"|character\.tostring|convertfromutf32|tochar|code-char|int_?to_?utf8|string\.char|from_u32|pack)[$!]?)"
)
_CODES = (
    rb"(?:[\"'][CcUW]\*?[\"'],[ ]?)?" + _NUMBER + rb"(?:[ \t]{0,4},\s{0,20}"
    + _NUMBER + rb"){0,4096}+[ \t]{0,4}"
)  # fmt: skip
_CALL = (
    rb"(?>" + _CALL_NAMES + rb"\([ \t]{0,4}(?:c\(" + _CODES + rb"\)|" + _CODES + rb")\)"
    rb"|[\[(](?i:char|rune|byte)[\])][ \t]{0,2}(?:\(" + _NUMBER + rb"\)|" + _NUMBER + rb")"
    rb"|(?<![\w.])" + _NUMBER + rb"(?:\.(?i:chr|tochar\(\))|(?:u8)?[ ]as[ ]char))"
)  # fmt: skip
_JOIN = (
    rb"(?>[ \t]{0,8}(?:\+|\.{1,2}|&|\|\||,|<>|~|-join)?[ \t]{0,8}"
    rb"(?:\\?\r?\n[ \t]{0,80})?(?:[+.&]|\|\|)?[ \t]{0,8})"
)
_CALLS = lazy_re.compile(_CALL + rb"(?:" + _JOIN + _CALL + rb"){0,4096}+")
# What begins such a call in lower case, by a part that most texts do not have.
_CALL_MARKS = (
    (b"chr", (b"chr(", b"chrw(", b"chr$(", b".chr")),
    (b"char", (b"char(", b"charcode(", b"charcodes(", b"char]", b"(char)", b"tochar()",
               b"as char", b"character(", b"character.tostring(", b"tochar(", b"code-char ")),
    (b"codepoint(", (b"codepoint(",)),
    (b"rune(", (b"rune(",)),
    (b"fromutf32(", (b"fromutf32(",)),
    (b"scalar(", (b"scalar(",)),
    (b"utf8(", (b"utf8(",)),
    (b"from_u32(", (b"from_u32(",)),
)  # fmt: skip
_NAME_BYTES = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$.:"
)
_LONGEST_NAME = 100
_NUMBERS = lazy_re.compile(_NUMBER)
_ITEMS = lazy_re.compile(
    rb"("
    + _NUMBER
    + rb")(?:\.0(?![0-9]))?(?:[ ]?([\^+-])[ ]?([0-9]{1,3})(?=[ \t]{0,8}(?:[,;\])}\n]|\Z)))?"
)
_PLAIN_ITEMS = lazy_re.compile(rb"(" + _NUMBER + rb")(?:(?!)(.)(.))?")
_CASTS = lazy_re.compile(rb"u?int8|u8")
_OPENING = lazy_re.compile(rb"[\[({]\s{0,40}\Z")
_CLOSING = lazy_re.compile(rb"\s{0,40},?\s{0,40}[\])}]")
_TEXT = frozenset((9, 10, 13, *range(32, 127)))


def find(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the spans of lists of codes, and the text in quotes.

    Line ends inside of a list follow its text, so that the number of lines stays.
    """
    if any(pattern.search(data) for pattern in _LETTER_CODES):
        yield from _lists(data)
    if any(pattern.search(data) for pattern in _HAS_HEX_PAIRS):
        for match in _HEX_PAIRS.finditer(data):
            codes = [int(pair, 16) for pair in re.split(rb"[ :-]", match[0])]
            if all(code in _TEXT for code in codes):
                yield *match.span(), bytes(codes)
    if any(pattern.search(data) for pattern in _HAS_CHARACTERS):
        for match in _CHARACTERS.finditer(data):
            text = b"".join(re.findall(rb"['\"]([^\\\n])['\"]", match[0]))
            yield _quoted(data, *match.span(), text)
    lowered = data.lower()
    for part, marks in _CALL_MARKS:
        if part not in lowered:
            continue
        for mark in marks:
            if mark in lowered:
                yield from _calls(data, lowered, mark)


def _lists(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    for match in _LIST.finditer(data):
        start, end = match.span()
        numbers = _items(data, start, end)
        codes = [_value(number) for number in numbers]
        if all(code in _TEXT for code in codes):
            yield _quoted(data, start, end, bytes(codes))
            continue
        for first, last in _printable_runs(codes):
            run_start, run_end = numbers[first].start(), numbers[last].end()
            text = bytes(codes[first : last + 1])
            yield run_start, run_end, _with_line_ends(data, run_start, run_end, text)


def _items(data: bytes, start: int, end: int) -> list[re.Match[bytes]]:
    """Return the codes of a list, each with the number that is added to it."""
    if b"8" in data[start:end] and _CASTS.search(data, start, end):
        # The digit of a type is no code; the blanks keep the offsets.
        text = _CASTS.sub(lambda match: b" " * len(match[0]), data[start:end])
        data = b" " * start + text + data[end : end + 10]
    # Where no comma separates the codes, a sign between two of them does.
    pattern = _ITEMS if b"," in data[start:end] else _PLAIN_ITEMS
    return list(pattern.finditer(data, start, end))[:_LONGEST]


def _value(item: re.Match[bytes]) -> int:
    code = _code(item[1])
    if not item[2]:
        return code
    other = int(item[3])
    if item[2] == b"^":
        return code ^ other
    return code + other if item[2] == b"+" else code - other


def _quoted(data: bytes, start: int, end: int, text: bytes) -> tuple[int, int, bytes]:
    """Return a list with its brackets as a string."""
    opening = _OPENING.search(data, max(0, start - 42), start)
    closing = _CLOSING.match(data, end)
    if opening is not None and closing is not None:
        start, end = opening.start(), closing.end()
    quoted = b'"' + text.replace(b"\n", b" ") + b'"'
    return start, end, quoted + b"\n" * data.count(b"\n", start, end)


def _with_line_ends(data: bytes, start: int, end: int, text: bytes) -> bytes:
    return text.replace(b"\n", b" ") + b"\n" * data.count(b"\n", start, end)


def _printable_runs(codes: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last index of each run of printable codes."""
    first = 0
    for index, code in enumerate((*codes, -1)):
        if code in _TEXT:
            continue
        if index - first >= SHORTEST:
            yield first, index - 1
        first = index + 1


def _calls(
    data: bytes, lowered: bytes, mark: bytes
) -> Iterator[tuple[int, int, bytes]]:
    """Yield the calls around a mark, with those that they are joined to."""
    position = lowered.find(mark)
    done = 0
    while position >= 0:
        match = _call_at(data, position, done)
        if match is not None:
            start, done = match.span()
            # A digit of a name (utf8, u32) is no code.
            text = re.sub(rb"(?i)utf8|u32|u8\b", b"", match[0])
            codes = [_code(number[0]) for number in _NUMBERS.finditer(text)]
            if codes and all(code in _TEXT for code in codes):
                yield _quoted_call(data, start, done, bytes(codes))
        position = lowered.find(mark, max(done, position + 1))


def _call_at(data: bytes, position: int, floor: int) -> re.Match[bytes] | None:
    """Return the call whose name, or whose number, holds the mark at ``position``."""
    floor = max(floor, position - _LONGEST_NAME)
    start = position
    if data[start : start + 3].lower() == b"as ":
        start = len(data[floor:start].rstrip(b" ")) + floor
    while start > floor and data[start - 1] in _NAME_BYTES:
        start -= 1
    if start > floor and data[start - 1] in b"[(":
        match = _CALLS.match(data, start - 1)
        if match is not None:
            return match
    last_dot = max(data.rfind(b".", start, position), data.rfind(b":", start, position))
    return _CALLS.match(data, start) or _CALLS.match(data, last_dot + 1 or start)


def _quoted_call(
    data: bytes, start: int, end: int, text: bytes
) -> tuple[int, int, bytes]:
    quoted = b'"' + text.replace(b"\n", b" ") + b'"'
    return start, end, quoted + b"\n" * data.count(b"\n", start, end)


def _code(number: bytes) -> int:
    prefix = number[:2].lower()
    if prefix == b"&h":
        return int(b"0x" + number[2:], 0)
    if prefix in {b"0x", b"0b", b"0o"}:
        return int(number, 0)
    is_octal = number[:1] == b"0" and len(number) > 2 and not number.strip(b"01234567")
    return int(number, 8 if is_octal else 10)

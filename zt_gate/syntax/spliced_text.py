r"""Finds short pieces that a program inserts into a text: ``ghp#{"_"}ab``, ``ghp$(echo _)ab``.

An interpolation of a literal, a constant with a short value, a format with one literal
argument and a conversion of one character all put a letter where no pattern expects
one.  Each form begins with a rare literal, so text without it costs a substring search,
and a piece counts only between two characters of a word.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    #: Start and end of a span, and what it says.
    Piece = tuple[int, int, bytes]

_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_QUOTES = b"\"'`"
_BLANKS = rb"[ \t]{0,4}"
_OPERATOR = rb"(?:\+\+?|\.\.?|[&~^]|<>|<<|\|\|)"
_LITERAL = (
    rb"(?:\\?\"([\w.+/=-]{0,80})\\?\"|\\?'([\w.+/=-]{0,80})\\?'|`([\w.+/=-]{0,80})`"
    rb"|\?([\w-])(?![\w-])|<<([0-9]{2,3})>>)"
)
_COMMAND = (
    rb"(?:echo|printf|print|Write-Output)[ \t]{1,4}"
    rb"(?:-[neE]{1,3}[ \t]{1,4}|[\"']?%[sb][\"']?[ \t]{1,4}){0,2}"
    rb"[\"']?([\w-]{1,12})(?:\\[nc])?[\"']?"
)
_NAME = rb"([A-Za-z_]\w{0,40})"
# What opens an interpolation, and what closes it.
_BRACKETS = (
    (b"#{", rb"\}"),
    (b"${{", rb"\}\}"),
    (b"${", rb"\}"),
    (b"\\(", rb"\)"),
    (b"$(", rb"\)"),
    (b"{{", rb"\}\}"),
    (b"@{[", rb"\]\}"),
    (b"<%=", rb"%>"),
    (b"{", rb"\}"),
)
_INTERPOLATIONS = tuple(
    (
        opening,
        lazy_re.compile(
            re.escape(opening) + _BLANKS + rb"(?:" + _LITERAL + rb"|" + _COMMAND
            + rb"|\$?" + _NAME + rb")" + _BLANKS + closing
        ),
    )
    for opening, closing in _BRACKETS
)  # fmt: skip
_DEFAULT = lazy_re.compile(rb"\$\{\w{1,40}:?[-=+][\"']?([\w-]{1,12})[\"']?\}")
_BACKTICKS = lazy_re.compile(rb"`" + _COMMAND + rb"`")
_PERCENT_NAME = lazy_re.compile(rb"%" + _NAME + rb"%")
_ENTITY_NAME = lazy_re.compile(rb"&" + _NAME + rb";")
_JOINED_NAME = lazy_re.compile(
    rb"[\"'](?<=[\w-][\"'])" + _BLANKS + _OPERATOR + _BLANKS + rb"\$?" + _NAME
    + _BLANKS + _OPERATOR + _BLANKS + rb"[\"'](?=[\w-])"
)  # fmt: skip
_DEFINITION = lazy_re.compile(
    rb"(?m)[ \t]{0,40}(?:(?i:export|local|set|const|let|var|my|readonly|val|def|env|arg|"
    rb"static|final|string|char)[ \t]{1,4}){0,3}[\"'$@]?" + _NAME
    + rb"[\"']?[ \t]{0,8}(?::=|\?=|=|:)[ \t]{0,8}[\"']?([\w-]{1,4})[\"']?[ \t;]{0,16}\r?$"
)  # fmt: skip
_SHORT_VALUE = lazy_re.compile(
    rb"[=:][ \t]{0,8}[\"']?[\w-]{1,4}[\"']?[ \t;]{0,16}\r?(?:\n|\Z)"
)
_ENTITY_DEFINITION = lazy_re.compile(
    rb"<!ENTITY\s{1,8}" + _NAME + rb"\s{1,8}[\"']([\w.+/=-]{1,80})[\"']"
)
_CONVERSION = lazy_re.compile(
    rb"[(\[][ \t]?(?:\"([^\"\\\n])\"|'([^'\\\n])')(?:,[ \t]?[0-9]{1,2})?[ \t]?[)\]]"
)
_CONVERTERS = lazy_re.compile(
    rb"(?:\A|[^\w.$])(?:[\w$]{1,20}(?:\.|::)){0,3}(?i:string|str|valueof|strval|text|tostring"
    rb"|to_string|tochar|print|list|seq)\Z"
)
_NO_CALL = lazy_re.compile(rb"(?:\A|[^\w.$)\]])\Z")
_METHOD = lazy_re.compile(
    rb"\.(?<=[\"'][^\"'\\\n][\"']\.|[\w-][\w-][\"']\.)(?:to_owned|to_s(?:tring)?|toString|unwrap|as_str|into|decode|concat)\b"
    rb"(?:\([\"'\w-]{0,12}\))?"
)
_METHODS = (
    b".to_s",
    b".toString",
    b".unwrap",
    b".to_owned",
    b".as_str",
    b".into",
    b".decode",
)
_RUBY_CHARACTER = lazy_re.compile(rb"\?([\w-])(?![\w-])")
_LISP_CHARACTER = lazy_re.compile(rb"#\\([\w-])(?![\w-])")
_FORMAT_REST = (
    rb"(?=[\w-]{4,200}[\"'`]" + _BLANKS
    + rb"(?:%|,|-f|\.(?:format(?:ted)?|args?)\(|\|" + _BLANKS
    + rb"format\()?" + _BLANKS + rb"[\[({]?" + _BLANKS
    + rb"(?:([0-9]{2,3})\b|\"([\w-]{1,12})\"|'([\w-]{1,12})'|\?([\w-])"
    + rb"|([\w-]{1,2})(?=[ \t]*[\n;)|])))"
)  # fmt: skip
_FORMATS = tuple(
    (mark, lazy_re.compile(re.escape(mark) + _FORMAT_REST))
    for mark in (b"%c", b"%s", b"%v", b"%1$s", b"%1$c", b"%@", b"{}", b"{0}", b"{:c}", b"{0:c}")
)  # fmt: skip
_REPLACE = lazy_re.compile(
    rb"\([ ]?[\"'/]([^\"'/\\\n]{1,8})[\"'/]g?[ ]?,[ ]?[\"'/]([\w-]{0,12})[\"'/][ ]?\)"
)
_REPLACED = lazy_re.compile(
    rb"[\"'`]\)?[ \t]{0,4}\.(?:[Rr]eplace(?:All|_all|First)?|gsub|sub|tr)!?\Z"
)
_REACH = 300
_UTF7 = lazy_re.compile(rb"\+(A[A-H][A-Za-z0-9+/]{1,200})-")
_POWERSHELL = lazy_re.compile(rb"\.(?:ps1|psm1|psd1)\Z")
_BATCH = lazy_re.compile(rb"\.(?:cmd|bat|nt)\Z")
_SHELL = lazy_re.compile(
    rb"\.(?:sh|bash|zsh|ksh|fish|bats|env|envrc|ya?ml|mk)\Z|(?:\A|/)[^./]+\Z"
)
_QUOTED_PART = lazy_re.compile(rb"'([\w-]{1,40})'|\"([\w-]{1,40})\"")
_CARET = lazy_re.compile(rb"\^(?=[A-Za-z0-9_-])")
_GRAVE = lazy_re.compile(rb"`(?=[_A-Zc-dg-mo-qsw-zi-])")
# Codes with a fixed mark: the group is the code, in this base.
_CODES: tuple[tuple[bytes, re.Pattern[bytes], int], ...] = (
    (b"^^", lazy_re.compile(rb"\^\^([2-7][0-9a-f])"), 16),
    (b"'#", lazy_re.compile(rb"'[ ]?\+?[ ]?#([0-9]{2,3})[ ]?\+?[ ]?'"), 10),
    (b"'#$", lazy_re.compile(rb"'#\$([2-7][0-9A-Fa-f])'"), 16),
    (b"<Char-", lazy_re.compile(rb"<Char-([0-9]{2,3})>"), 10),
    (b"<Char-0x", lazy_re.compile(rb"<Char-0x([2-7][0-9A-Fa-f])>"), 16),
    (b"U+", lazy_re.compile(rb"U\+0{0,4}([2-7][0-9A-Fa-f])"), 16),
    (b"<U+", lazy_re.compile(rb"<U\+0{0,4}([2-7][0-9A-Fa-f])>"), 16),
    (b":c}", lazy_re.compile(rb"\{[ ]?([0-9]{2,3}):c\}"), 10),
    (b"[format", lazy_re.compile(rb"\[format[ ]{1,4}\"?%c\"?[ ]{1,4}([0-9]{2,3})\]"), 10),
    (b"[format", lazy_re.compile(rb"\[format[ ]{1,4}\"?%c\"?[ ]{1,4}0x([2-7][0-9A-Fa-f])\]"), 16),
    (b"\\char", lazy_re.compile(rb"\\char[ ]?([0-9]{2,3})(?:[ ]|\{\}|\\relax[ ]?)?"), 10),
    (b"\\char", lazy_re.compile(rb"\\char[ ]?\"([2-7][0-9A-F])(?:[ ]|\{\})?"), 16),
    (b"\\char", lazy_re.compile(rb"\\char[ ]?'([01][0-7]{2})(?:[ ]|\{\})?"), 8),
    (b"\\symbol{", lazy_re.compile(rb"\\symbol\{([0-9]{2,3})\}"), 10),
    (b"\\o", lazy_re.compile(rb"\\o\{?([0-7]{2,3})\}?"), 8),
    (b"\\U{", lazy_re.compile(rb"\\U\{0{0,6}([2-7][0-9A-Fa-f])\}"), 16),
    (b"\\u", lazy_re.compile(rb"\\u([2-7][0-9A-Fa-f])(?![0-9A-Fa-f])"), 16),
    (b"\\'", lazy_re.compile(rb"\\'([2-7][0-9a-f])(?![\"'])"), 16),
    (b"\\0000", lazy_re.compile(rb"\\0000([2-7][0-9A-Fa-f])"), 16),
    (b"\\00", lazy_re.compile(rb"\\00([2-7][0-9A-Fa-f])"), 16),
    (b"\\", lazy_re.compile(rb"\\([89][0-9])(?![0-9])"), 10),
)  # fmt: skip
# What a program leaves out of a string.
_LEFT_OUT: tuple[tuple[bytes, re.Pattern[bytes]], ...] = (
    (b"\\&", lazy_re.compile(rb"\\&")),
    (b"\\z", lazy_re.compile(rb"\\z[ \t]{0,40}(?=[\w-])")),
    (b"\\ ", lazy_re.compile(rb"\\[ \t]{1,40}\\")),
)


def find(data: bytes, path: bytes, context: bytes = b"") -> Iterator[Piece]:
    """Yield the spans of inserted pieces, and what they say.

    ``context`` is the text that may define the names used, ``data`` by default.
    """
    constants = _Constants(context or data)
    for opening, pattern in _INTERPOLATIONS:
        if opening in data:
            yield from _interpolated(data, pattern, constants)
    for mark, code_pattern, base in _CODES:
        if mark in data:
            yield from _codes(data, code_pattern, base)
    for mark, pattern in _LEFT_OUT:
        if mark in data:
            yield from _between_words(data, pattern, lambda _: b"")
    if b"${" in data:
        yield from _between_words(data, _DEFAULT, lambda match: match[1])
    if b"`echo" in data or b"`printf" in data:
        yield from _between_words(data, _BACKTICKS, lambda match: match[1])
    if b"%" in data:
        yield from _between_words(data, _PERCENT_NAME, constants.of)
    if b"<!ENTITY" in constants.text:
        yield from _between_words(data, _ENTITY_NAME, constants.of)
    if b"+A" in data:
        yield from _between_words(data, _UTF7, _from_utf7)
    yield from _joined_names(data, constants)
    yield from _conversions(data)
    yield from _characters(data)
    yield from _formats(data)
    yield from _replaced(data)
    yield from _of_shells(data, path)


class _Constants:
    """The names of a text with short values; read where a name is first used."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._values: Mapping[bytes, bytes] | None = None

    def of(self, match: re.Match[bytes]) -> bytes | None:
        """Return the value of the name that is the last group of a match."""
        return self.value(match[match.lastindex or 0])

    def value(self, name: bytes) -> bytes | None:
        """Return the value of a name, None if it has no short one."""
        if self._values is None:
            self._values = dict(_definitions(self.text))
        return self._values.get(name)


def _definitions(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    # The short value at the end of a line is far rarer than a name at its start.
    for value in _SHORT_VALUE.finditer(text):
        floor = max(0, value.start() - _REACH)
        match = _DEFINITION.match(text, text.rfind(b"\n", floor, value.start()) + 1)
        if match:
            yield match[1], match[2]
    for match in _ENTITY_DEFINITION.finditer(text):
        yield match[1], match[2]


def _interpolated(
    data: bytes, pattern: re.Pattern[bytes], constants: _Constants
) -> Iterator[Piece]:
    for match in pattern.finditer(data):
        if not _is_between_words(data, match):
            continue
        kind = match.lastindex or 0
        text: bytes | None = match[kind]
        if kind == pattern.groups:
            text = constants.value(match[kind])
        elif kind == _BINARY_GROUP:
            text = _character(int(match[kind]))
        if text is not None:
            yield *match.span(), text


_BINARY_GROUP = 5


def _codes(data: bytes, pattern: re.Pattern[bytes], base: int) -> Iterator[Piece]:
    def decode(match: re.Match[bytes]) -> bytes | None:
        return _character(int(match[1], base))

    yield from _between_words(data, pattern, decode)


def _between_words(
    data: bytes,
    pattern: re.Pattern[bytes],
    decode: Callable[[re.Match[bytes]], bytes | None],
) -> Iterator[Piece]:
    for match in pattern.finditer(data):
        if _is_between_words(data, match):
            text = decode(match)
            if text is not None:
                yield *match.span(), text


def _joined_names(data: bytes, constants: _Constants) -> Iterator[Piece]:
    for match in _JOINED_NAME.finditer(data):
        text = constants.of(match)
        if text is not None:
            yield *match.span(), text


def _conversions(data: bytes) -> Iterator[Piece]:
    """Yield ``string("_")``, ``("_")`` and ``"_".to_s``, which are the character."""
    for match in _CONVERSION.finditer(data):
        before = data[max(0, match.start() - 80) : match.start()]
        name = _CONVERTERS.search(before)
        if name is None and not _NO_CALL.search(before):
            continue
        start = match.start()
        if name is not None:
            start -= len(name[0].lstrip(b" \t+.&(,=[{<>~|\n"))
        yield start, match.end(), b'"' + (match[1] or match[2]) + b'"'
    if any(mark in data for mark in _METHODS):
        for match in _METHOD.finditer(data):
            yield *match.span(), b""


def _characters(data: bytes) -> Iterator[Piece]:
    if b" ?" in data or b"+?" in data or b"<?" in data:
        for match in _RUBY_CHARACTER.finditer(data):
            before = data[max(0, match.start() - 5) : match.start()].rstrip(b" \t")
            after = data[match.end() : match.end() + 4].lstrip(b" \t")[:1]
            if before.endswith((b"+", b"<<")) and after in b"+<\"'\n;)":
                yield *match.span(), b'"' + match[1] + b'"'
    if b"#\\" in data:
        for match in _LISP_CHARACTER.finditer(data):
            yield *match.span(), b'"' + match[1] + b'"'


def _formats(data: bytes) -> Iterator[Piece]:
    """Yield the placeholder of a format that is followed by its one argument."""
    for mark, pattern in _FORMATS:
        if mark not in data:
            continue
        for match in pattern.finditer(data):
            if not _is_word(data, match.start() - 1):
                continue
            text: bytes | None = match[match.lastindex or 0]
            if match.lastindex == 1:
                is_character = b"c" in mark or b"{" in mark
                text = _character(int(match[1])) if is_character else match[1]
            if text is not None:
                yield *match.span(), text


def _replaced(data: bytes) -> Iterator[Piece]:
    """Yield what a replacement changes in the literal that it is called on."""
    if not any(mark in data for mark in (b"eplace(", b"sub(", b".tr(", b"eplaceAll(")):
        return
    for match in _REPLACE.finditer(data):
        floor = max(0, match.start() - _REACH)
        line_start = data.rfind(b"\n", floor, match.start()) + 1 or floor
        before = _REPLACED.search(data[line_start : match.start()])
        if before is None:
            continue
        end = line_start + before.start()
        start = data.rfind(data[end : end + 1], line_start, end) + 1
        position = data.find(match[1], start, end) if start else -1
        while position >= 0:
            yield position, position + len(match[1]), match[2]
            position = data.find(match[1], position + len(match[1]), end)


def _of_shells(data: bytes, path: bytes) -> Iterator[Piece]:
    """Yield what shells drop from a word: quotes, carets, and grave accents."""
    if b"^_" in data or _BATCH.search(path):
        yield from _between_words(data, _CARET, lambda _: b"")
    if _POWERSHELL.search(path):
        yield from _between_words(data, _GRAVE, lambda _: b"")
    if not _SHELL.search(path):
        return
    for match in _QUOTED_PART.finditer(data):
        start, end = match.span()
        is_before, is_after = _is_word(data, start - 1), _is_word(data, end)
        is_beside_quote = data[max(0, start - 1) : start] in _QUOTES or (
            data[end : end + 1] in _QUOTES
        )
        if (is_before and is_after) or ((is_before or is_after) and is_beside_quote):
            yield start, end, match[match.lastindex or 0]


def _from_utf7(match: re.Match[bytes]) -> bytes | None:
    try:
        text = binascii.a2b_base64(match[1] + b"=" * (-len(match[1]) % 4))
    except binascii.Error:
        return None
    letters = text[1::2]
    is_ascii = not text[::2].strip(b"\0") and letters.isascii()
    return letters if is_ascii and letters.decode("ascii").isprintable() else None


def _character(code: int) -> bytes | None:
    return bytes((code,)) if 32 < code < 127 else None


def _is_between_words(data: bytes, match: re.Match[bytes]) -> bool:
    return _is_word(data, match.start() - 1) and _is_word(data, match.end())


def _is_word(data: bytes, position: int) -> bool:
    return 0 <= position < len(data) and data[position] in _WORD

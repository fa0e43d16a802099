"""Finds values that are assigned to names which suggest a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock

_NAME_BYTES = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
)
# What is between a name and its value, in most languages and formats: closing
# quotes and brackets, a type, an operator, and the start of a string.
_OPERATOR = lazy_re.compile(
    rb"(?P<closing>[\"'`\])}\\]{0,4})"
    rb"(?:[ \t]{0,8}:[ \t]{0,4}(?:&?[A-Za-z][\w.<>\[\]| ]{0,30}?)[ \t]{0,4}(?==)"
    rb"|[ \t]{1,8}(?:string|str|String|\*string|varchar|NSString[ *]{0,3}|text)[ \t]{0,8}(?=[=:])"
    rb"|\[\d{0,4}\])?"
    rb"[ \t]{0,20}"
    rb"(?P<operator>:{1,3}=|=>|<-|->|\?=|\|\|=|\?\?=|[!=]==?|\+=|\.=|::|=|:|,(?=[ \t]{0,8}[\"'`])"
    rb"|\.assign\(|\.set\w{0,20}\(|\((?=[ \t]{0,8}@?[\"'`])|\)[ \t]{0,4}(?=[\"'`])"
    rb"|(?:\"|')?[ \t]{1,8}(?:value|content|is|to)[ \t]{0,8}(?:=|:|(?=[ \t]))|>(?=[^>=])"
    rb"|[ \t](?=[^\s=:(|&]))"
    rb"[ \t]{0,40}(?:!![a-z]{1,10}[ \t]{1,8}|&\w{1,40}[ \t]{1,8})?"
)
# The name is itself a value, and its own value follows beside it or some lines below:
# ``name: X`` and ``value: …`` of containers and pipelines, ``variable "x" { default = …``.
_NAME_VALUE_PAIR = lazy_re.compile(
    rb"[\"']?[,;]?[ \t\r]{0,8}\n?[ \t]{0,60}[\"']?(?:[Vv]alue|default)[\"']?"
    rb"[ \t]{0,8}(?P<operator>[:=])[ \t]{0,8}"
    rb"|[\"']?[ \t]{0,8}[:={]{1,2}[ \t\r]{0,8}\n"
    rb"(?:[ \t]{1,40}\w{1,30}[ \t]{0,20}[:=][^\n]{0,200}\n){0,4}?"
    rb"[ \t]{1,40}[Dd]efault[ \t]{0,20}(?P<below>[:=])[ \t]{0,8}"
)
# YAML: the value is the whole line below its key, perhaps as a block scalar.
_VALUE_BELOW = lazy_re.compile(
    rb"(?:[|>][-+0-9]{0,2})?[ \t]{0,8}(?:\#[^\n]{0,200})?\r?\n"
    rb"(?:[ \t]{0,60}(?:\#[^\n]{0,200})?\r?\n){0,3}[ \t]{1,60}"
    rb"(?:\"(?P<quoted>[^\"\n]{4,512})\""
    rb"|(?P<bare>[^\s\"'`,;<>(){}\[\]\#-][^\s\"'`,;<>(){}]{3,512}(?<!:)))[ \t\r]{0,8}(?:\n|\Z)"
)
# The value is the whole line below an opening: a continued line, a list, a string of several
# lines, a heredoc.
_TEXT_BELOW = lazy_re.compile(
    rb"(?:\\|\\{0,2}\"{3}|'{3}|`|<<[-~]?[ \t]?[\"']?[A-Za-z_]{2,20}[\"']?)[ \t]{0,8}\r?\n"
    rb"[ \t]{0,60}(?P<quote>[\"']?)"
    rb"(?P<value>[^\s\"'`,;<>(){}\[\]\#-][^\s\"'`,;<>(){}]{3,512})(?P=quote)[ \t\r]{0,8}(?:\n|\Z)"
)
_ITEM_BELOW = lazy_re.compile(
    rb"[\[(][ \t]{0,8}\r?\n[ \t]{0,60}(?P<quote>[\"'])(?P<value>[^\s\"'\n]{4,512})(?P=quote)"
    rb",?[ \t\r]{0,8}(?:\n[ \t]{0,60}[\])]|\n?\Z)"
)
_OPENINGS = frozenset((b"\\", b'"', b"'", b"`", b"<", b"[", b"("))
_LINE_ENDINGS = frozenset((b"|", b">", b"#", b"\r", b"\n"))
_XML_BREAK = lazy_re.compile(rb"[ \t]{0,40}\r?\n?[ \t]{0,40}")
_STRING_START = lazy_re.compile(
    rb"(?:@|\$|b|r|f|u|rb|br|L|N|new [A-Za-z]{1,20}\(|[A-Za-z.]{1,30}\()?"
    rb"(\\{0,2}\"{3}|'{3}|\\{0,3}[\"']|`)"
)
_UNQUOTED = lazy_re.compile(rb"[^\s\"'`,;<>()]{1,512}")
_LONGEST = 4096
_SHORTEST = 4
_LONGEST_NAME_PREFIX = 64


@dataclass(frozen=True, slots=True)
class Assignment:
    """A name, the operator that assigns ("" for a blank), and the value's span in bytes."""

    name: str
    operator: bytes
    start: int
    end: int
    quoted: bool


def stems_pattern(stems: tuple[str, ...]) -> re.Pattern[bytes]:
    """Compile the words that a name must contain, with what follows in it; for lower case."""
    return re.compile((r"(?:" + "|".join(stems) + r")[\w.-]{0,48}").encode())


def find_assignments(
    block: TextBlock, stems: re.Pattern[bytes]
) -> Iterator[Assignment]:
    """Yield the values assigned to names that contain one of ``stems``."""
    data = block.data
    may_have_pairs = b"alue" in data or b"efault" in data
    for stem in stems.finditer(block.lower):
        name_start, name_end = stem.span()
        match = None
        if may_have_pairs:
            match = _NAME_VALUE_PAIR.match(data, name_end)
        if match is None:
            match = _OPERATOR.match(data, name_end)
        if match is None:
            continue
        # The last group is the operator or a pair's; it is empty for a blank.
        operator = match[match.lastgroup or 0].strip()
        value = _find_value(data, match.end(), operator)
        if value is None:
            continue
        start, end, quoted = value
        if end - start >= _SHORTEST:
            name = _whole_name(data, name_start, name_end)
            yield Assignment(name, operator, start, end, quoted)


def _whole_name(data: bytes, start: int, end: int) -> str:
    """Extend the span to the left: a stem may be in the middle of a name."""
    floor = max(start - _LONGEST_NAME_PREFIX, 0)
    while start > floor and data[start - 1] in _NAME_BYTES:
        start -= 1
    return data[start:end].decode("ascii").strip("-.")


def _find_value(
    data: bytes, position: int, operator: bytes
) -> tuple[int, int, bool] | None:
    """Return the span of the value, and whether it is quoted."""
    if operator == b":" and data[position : position + 1] in _LINE_ENDINGS:
        below = _VALUE_BELOW.match(data, position)
        if below is not None:
            quoted = below["quoted"] is not None
            start, end = below.span("quoted" if quoted else "bare")
            return start, end, quoted
    if data[position : position + 1] in _OPENINGS:
        opened = _TEXT_BELOW.match(data, position) or _ITEM_BELOW.match(data, position)
        if opened is not None:
            return (*opened.span("value"), True)
    if operator == b">":
        line_break = _XML_BREAK.match(data, position)
        if line_break is not None:
            position = line_break.end()
    string_start = _STRING_START.match(data, position)
    if string_start is not None:
        span = _quoted_span(data, string_start)
        return (*span, True) if span else None
    unquoted = _UNQUOTED.match(data, position)
    return (*unquoted.span(), False) if unquoted is not None else None


def _quoted_span(data: bytes, string_start: re.Match[bytes]) -> tuple[int, int] | None:
    """Return the span up to the closing quote on the same line, None without one."""
    quote = string_start[1]
    start = string_start.end()
    line_end = data.find(b"\n", start)
    if line_end < 0:
        line_end = len(data)
    limit = min(start + _LONGEST, line_end)
    end = data.find(quote, start, limit)
    if len(quote) == 1:
        while end > start and _is_escaped(data, end):
            end = data.find(quote, end + 1, limit)
    return (start, end) if end > start else None


def _is_escaped(data: bytes, position: int) -> bool:
    """Whether exactly one backslash, not an escaped one, precedes."""
    return data[position - 1] == ord("\\") and data[position - 2] != ord("\\")

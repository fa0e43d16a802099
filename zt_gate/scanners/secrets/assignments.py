"""Values that are given to a name which says that they are secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock

_NAME = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")
# Between a name and its value, in about every language and format: closing
# quotes and brackets, a type, an operator, and what opens a string.
_OPERATOR = re.compile(
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
# The name is itself a value, and what it names stands beside it or some lines below:
# ``name: X`` and ``value: …`` of containers and pipelines, ``variable "x" { default = …``.
_PAIR = re.compile(
    rb"[\"']?[,;]?[ \t\r]{0,8}\n?[ \t]{0,60}[\"']?(?:[Vv]alue|default)[\"']?"
    rb"[ \t]{0,8}(?P<operator>[:=])[ \t]{0,8}"
    rb"|[\"']?[ \t]{0,8}[:={]{1,2}[ \t\r]{0,8}\n"
    rb"(?:[ \t]{1,40}\w{1,30}[ \t]{0,20}[:=][^\n]{0,200}\n){0,4}?"
    rb"[ \t]{1,40}[Dd]efault[ \t]{0,20}(?P<below>[:=])[ \t]{0,8}"
)
# YAML: the value stands below its key, perhaps as a block scalar, and is the whole line.
_BELOW = re.compile(
    rb"(?:[|>][-+0-9]{0,2})?[ \t]{0,8}(?:\#[^\n]{0,200})?\r?\n"
    rb"(?:[ \t]{0,60}(?:\#[^\n]{0,200})?\r?\n){0,3}[ \t]{1,60}"
    rb"(?:\"(?P<quoted>[^\"\n]{4,512})\""
    rb"|(?P<bare>[^\s\"'`,;<>(){}\[\]\#-][^\s\"'`,;<>(){}]{3,512}(?<!:)))[ \t\r]{0,8}(?:\n|\Z)"
)
_LINE_ENDS = frozenset((b"|", b">", b"#", b"\r", b"\n"))
_XML_BREAK = re.compile(rb"[ \t]{0,40}\r?\n?[ \t]{0,40}")
_OPEN = re.compile(
    rb"(?:@|\$|b|r|f|u|rb|br|L|N|new [A-Za-z]{1,20}\(|[A-Za-z.]{1,30}\()?"
    rb"(\\{0,2}\"{3}|'{3}|\\{0,3}[\"']|`)"
)
_BARE = re.compile(rb"[^\s\"'`,;<>()]{1,512}")
_REST = re.compile(rb"[^\s\"'`<>][^\n\"'`<>]{0,512}")
_LONGEST = 4096
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Assignment:
    """A name, how it is written before its value, and the value's span."""

    name: str
    operator: bytes
    start: int
    end: int
    quoted: bool


def stems_pattern(stems: tuple[str, ...]) -> re.Pattern[bytes]:
    """Compile the words that a name must hold, with the rest of the name; for lower case."""
    return re.compile((r"(?:" + "|".join(stems) + r")[\w.-]{0,48}").encode())


def find_assignments(
    block: TextBlock, stems: re.Pattern[bytes]
) -> Iterator[Assignment]:
    """Yield what is assigned to names that hold one of ``stems``."""
    data = block.data
    pairs = b"alue" in data or b"efault" in data
    for found in stems.finditer(block.lower):
        end = found.end()
        operator = (pairs and _PAIR.match(data, end)) or _OPERATOR.match(data, end)
        if not operator:
            continue
        # What assigns: "=", ":" and their like; empty for a space.
        sign = operator[operator.lastgroup or 0].strip()
        span = _value(data, operator.end(), sign)
        if span is not None and span[1] - span[0] >= _SHORTEST:
            yield Assignment(
                _name(data, *found.span()), sign, span[0], span[1], span[2]
            )


def _name(data: bytes, start: int, end: int) -> str:
    """Return the whole name: a stem may stand in its middle."""
    floor = max(start - 64, 0)
    while start > floor and data[start - 1] in _NAME:
        start -= 1
    return data[start:end].decode("ascii").strip("-.")


def _value(data: bytes, position: int, sign: bytes) -> tuple[int, int, bool] | None:
    """Return the span of the value, and whether it stands in quotes."""
    if sign == b":" and data[position : position + 1] in _LINE_ENDS:
        below = _BELOW.match(data, position)
        if below is not None:
            group = "quoted" if below["quoted"] is not None else "bare"
            return (*below.span(group), group == "quoted")
    if sign == b">":
        gap = _XML_BREAK.match(data, position)
        position = gap.end() if gap else position
    opened = _OPEN.match(data, position)
    if opened is not None:
        span = _quoted(data, opened)
        return (*span, True) if span else None
    bare = _BARE.match(data, position)
    return (*bare.span(), False) if bare is not None else None


def _quoted(data: bytes, opened: re.Match[bytes]) -> tuple[int, int] | None:
    quote = opened[1]
    start = opened.end()
    line_end = data.find(b"\n", start)
    limit = min(len(data), start + _LONGEST, line_end if line_end >= 0 else len(data))
    end = data.find(quote, start, limit)
    while (
        len(quote) == 1
        and end > start
        and data[end - 1] == 0x5C
        and data[end - 2] != 0x5C
    ):
        end = data.find(quote, end + 1, limit)
    if end <= start:
        return None
    return start, end

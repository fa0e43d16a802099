"""Text in pieces: string literals that belong together, and base64 or hex over several lines.

Pieces that stand next to each other are joined: adjacent literals, literals with a "+"
between them, the elements of an array, and lines that hold nothing but packed text.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from zt_gate import lazy_re
from zt_gate.scanners.injection import decoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LITERAL = (
    r"(?:\"(?:[^\"\\\n]|\\.){1,120}\"|'(?:[^'\\\n]|\\.){1,120}'|`[^`\\\n]{1,120}`)"
)
_BETWEEN = r"[ \t]{0,8}[+,.\\]?[ \t]{0,8}(?:\n[ \t]{0,40})?[+.&]?[ \t]{0,8}"
_RUN = lazy_re.compile(rf"{_LITERAL}(?:{_BETWEEN}{_LITERAL}){{2,400}}")
_ONE = lazy_re.compile(_LITERAL)
_PACKED_LINE = lazy_re.compile(
    r"^[ \t]{0,40}(?:#|//|\*|--|;|>)?[ \t]{0,8}([A-Za-z0-9+/=_-]{8,200})[ \t]*$",
    re.MULTILINE,
)
#: Two such lines; it begins with a line end, which makes the search fast.
_PACKED_LINES = lazy_re.compile(
    r"\n[ \t#/*;>-]{0,40}[A-Za-z0-9+/=_-]{16,200}[ \t]{0,8}\n"
    r"[ \t#/*;>-]{0,40}[A-Za-z0-9+/=_-]{8,200}[ \t]{0,8}\n"
)
_PACKED = lazy_re.compile(r"[A-Za-z0-9+/=_-]{32,}")
_MANY_LETTERS = lazy_re.compile(r"[^\W\d_]{2,}")
#: The most runs of a page, and the fewest and most characters of one.
_MAX_RUNS = 40
_MIN_JOINED = 32
_MAX_JOINED = 8000
#: The fewest words of a sentence in pieces, and the fewest quotes around three pieces.
_MIN_WORDS = 8
_LEAST_QUOTES = 6


class Joined(NamedTuple):
    """Pieces joined to one text; ``line`` is the index of the first, ``last`` of the last."""

    line: int
    last: int
    text: str
    #: Whether the text was packed.
    is_packed: bool


def joined(text: str) -> Iterator[Joined]:
    """Yield the texts whose pieces stand next to each other."""
    quotes = max(text.count(mark) for mark in "\"'`")
    for match in islice(
        _RUN.finditer(text), _MAX_RUNS if quotes >= _LEAST_QUOTES else 0
    ):
        pieces = [piece[1:-1] for piece in _ONE.findall(match[0])]
        one = _joined(pieces, is_array="," in _ONE.sub("", match[0]))
        if one is not None:
            line = text.count("\n", 0, match.start())
            last = line + match[0].count("\n")
            yield Joined(line, last, *one)
    if _PACKED_LINES.search(f"\n{text}\n"):
        yield from _packed_lines(text)


def _joined(pieces: Sequence[str], *, is_array: bool) -> tuple[str, bool] | None:
    """Return the text of some pieces, and whether it was packed."""
    whole = "".join(pieces)
    if not _MIN_JOINED <= len(whole) <= _MAX_JOINED:
        return None
    if _PACKED.fullmatch(whole):
        unpacked = _unpacked(whole)
        return (unpacked, True) if unpacked else None
    if is_array:
        whole = " ".join(piece.strip() for piece in pieces)
    if len(_MANY_LETTERS.findall(whole)) < _MIN_WORDS and whole.isascii():
        return None
    return whole.replace("\n", " "), False


def _packed_lines(text: str) -> Iterator[Joined]:
    """Yield what adjacent lines of packed text hold."""
    group: list[str] = []
    first = last = -2
    for match in _PACKED_LINE.finditer(text):
        line = text.count("\n", 0, match.start(1))
        if line != last + 1:
            yield from _group(group, first, last)
            group = []
            first = line
        group.append(match[1])
        last = line
    yield from _group(group, first, last)


def _group(group: Sequence[str], first: int, last: int) -> Iterator[Joined]:
    whole = "".join(group)
    if len(group) > 1 and _MIN_JOINED <= len(whole) <= _MAX_JOINED:
        unpacked = _unpacked(whole)
        if unpacked:
            yield Joined(first, last, unpacked, is_packed=True)


def _unpacked(whole: str) -> str:
    decoded = decoding.decode_line(whole)
    if decoded is None or not decoded.unpacked:
        return ""
    return max(decoded.unpacked, key=len).replace("\n", " ")

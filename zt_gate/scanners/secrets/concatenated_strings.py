"""Finds keys in concatenated strings: ``"ghp_" + "abc…"``, on one or several lines."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.record import replace
from zt_gate.scanners.secrets.hits import FORMAT, SecretHit

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock

    #: The spans of the pieces of one text, in order.
    Pieces = list[tuple[int, int]]

_OPERATOR = rb"(?:\+\+?|[.&~^]|<>|<<|\|\||\.\.)"
# The remainder of a line, perhaps with a comment, and the next one's indentation.
_NEWLINE = rb"[ \t]{0,40}(?:(?:#|//|--)[^\n\"'`]{0,120})?\r?\n[ \t]{0,200}"
# From the closing quote of one piece to the opening quote of the next: an operator
# or a line break; a further assignment; a call that appends.
_BETWEEN = (
    rb"(?=[\s+.&<~|\\_^;#/)\-\"'`furbFURB@$])(?:"
    rb"(?:[ \t]{0,40}" + _OPERATOR + rb")?[ \t]{0,40}[\\_`^]?"
    rb"(?:" + _NEWLINE + rb"){0,3}(?:" + _OPERATOR + rb"[ \t]{0,40})?"
    rb"|;?" + _NEWLINE + rb"(?:(?:const|let|var|my|export|local|[Ss]tring)[ \t]{1,8})?"
    rb"\$?[\w.]{1,64}[ \t]{0,8}(?:[+.:]|<<)?=[ \t]{0,8}"
    rb"|\)?\.(?:append|concat|push|add|plus)\("
    rb")[furbFURB@$&]{0,2}[\"'`]"
)
_GLUE = lazy_re.compile(rb"[\"'`](?<=[\w/+=.:-][\"'`])" + _BETWEEN + rb"(?=[\w/+=.:-])")
# The first line of a private key has spaces, and may be split there too.
_GLUE_WITH_SPACES = lazy_re.compile(
    rb"[\"'`](?<=[\w/+=.: -][\"'`])" + _BETWEEN + rb"(?=[\w/+=.: -])"
)
_COMMA = lazy_re.compile(
    rb"[\"'`](?<=[\w/+=.:-][\"'`])[ \t]{0,40},[ \t]{0,40}(?:\r?\n[ \t]{0,200})?[\"'`]"
)
# A line of a shell script or settings file that continues after a backslash (cmd: a caret).
_CONTINUATION = lazy_re.compile(rb"[\\^]\r?\n[ \t]{0,200}")
_JOIN_CALLS = (b"join(", b"oncat(", b"% (", b"%(", b".format(", b"printf(")
_CONTINUATIONS = (b"\\\n", b"\\\r\n", b"^\n", b"^\r\n")
_JOIN_CALL = lazy_re.compile(rb"join\(|oncat\(|%[ \t]{0,4}\(|\.format\(|printf\(")
# A quote within a shell word, of which only a part is quoted.
_INNER_QUOTE = lazy_re.compile(rb"[\"'](?<=[\w-]{3}[\"'])(?=[\w-]{2})")
_WORD_END = lazy_re.compile(rb"(?<![\w-])[\w-]{3,200}+\Z")
_WORD = lazy_re.compile(rb"[\w-]{2,200}")
_WORD_LENGTH = 200
_PIECE_LENGTH = 400
# The last piece may be the whole body of a private key.
_LAST_PIECE_LENGTH = 8192
_JOIN_REACH = 300
_SHORTEST_MASKED = 6
_NOTE = "The value is concatenated from several strings."


def find_split(
    block: TextBlock, find_in_bytes: Callable[[bytes], list[SecretHit]]
) -> Iterator[SecretHit]:
    """Join neighbouring strings and find the formats that are in none of them alone.

    All joined texts of a block are scanned in one go, a line each.
    """
    data = block.data
    texts = [pieces for pieces in _split_texts(data) if len(pieces) > 1]
    if not texts:
        return
    joined_texts = [
        b"".join(data[start:end] for start, end in pieces) for pieces in texts
    ]
    lengths = (len(text) + 1 for text in joined_texts)
    offsets = list(accumulate(lengths, initial=0))
    lines = b"\n".join(text.replace(b"\n", b" ") for text in joined_texts)
    for hit in find_in_bytes(lines):
        index = bisect_right(offsets, hit.start) - 1
        pieces = texts[index]
        hit_start = hit.start - offsets[index]
        hit_end = hit.end - offsets[index]
        first, start = _locate(pieces, hit_start)
        last, last_byte = _locate(pieces, max(hit_start, hit_end - 1))
        if first == last:
            continue
        end = last_byte + 1
        parts = [
            data[max(piece_start, start) : min(piece_end, end)]
            for piece_start, piece_end in pieces[first : last + 1]
        ]
        yield replace(
            hit,
            start=start,
            end=end,
            rank=FORMAT,
            value=joined_texts[index][hit_start:hit_end],
            extra=tuple(part for part in parts if len(part) >= _SHORTEST_MASKED),
            note=_NOTE,
        )


def _split_texts(data: bytes) -> Iterator[Pieces]:
    """Yield the pieces of each text that is concatenated."""
    glue = _GLUE_WITH_SPACES if b"BEGIN " in data else _GLUE
    yield from _glued_pieces(data, glue.finditer(data))
    # A substring search is faster than a pattern, and most texts hold none of these.
    if any(call in data for call in _JOIN_CALLS):
        yield from _glued_pieces(data, _commas_in_calls(data))
    if any(continuation in data for continuation in _CONTINUATIONS):
        yield from _continued_lines(data)
    yield from _partly_quoted_words(data)


def _glued_pieces(data: bytes, glues: Iterable[re.Match[bytes]]) -> Iterator[Pieces]:
    """Yield the strings that are connected by ``glues``."""
    pieces: Pieces = []
    previous_end = 0
    for glue in glues:
        start, end = glue.span()
        is_near = start - previous_end < _PIECE_LENGTH
        if pieces and is_near and data.find(b"\n", previous_end, start) < 0:
            pieces[-1] = (pieces[-1][0], start)
        else:
            if pieces:
                yield _with_last_end(data, pieces)
            floor = max(0, start - _PIECE_LENGTH, previous_end)
            quote = data[start : start + 1]
            first_start = max(floor, data.rfind(quote, floor, start) + 1)
            pieces = [(first_start, start)]
        pieces.append((end, end))
        previous_end = end
    if pieces:
        yield _with_last_end(data, pieces)


def _with_last_end(data: bytes, pieces: Pieces) -> Pieces:
    """Extend the last piece to the next quote of the kind that opened it."""
    start = pieces[-1][0]
    quote = data[start - 1 : start]
    end = data.find(quote, start, start + _LAST_PIECE_LENGTH)
    return [*pieces[:-1], (start, end if end >= 0 else start)]


def _continued_lines(data: bytes) -> Iterator[Pieces]:
    """Yield the parts of lines that continue after a backslash or caret."""
    pieces: Pieces = []
    for continuation in _CONTINUATION.finditer(data):
        start, end = continuation.span()
        if pieces and data.find(b"\n", pieces[-1][0], start) < 0:
            pieces[-1] = (pieces[-1][0], start)
        else:
            if len(pieces) > 1:
                yield pieces
            floor = max(0, start - _PIECE_LENGTH)
            line_start = max(floor, data.rfind(b"\n", floor, start) + 1)
            pieces = [(line_start, start)]
        line_end = data.find(b"\n", end, end + _PIECE_LENGTH)
        if line_end < 0:
            line_end = min(len(data), end + _PIECE_LENGTH)
        pieces.append((end, line_end))
    if len(pieces) > 1:
        yield pieces


def _partly_quoted_words(data: bytes) -> Iterator[Pieces]:
    """Yield the parts of shell words that are quoted in part (``ghp_"abc…"``)."""
    pieces: Pieces = []
    for quote in _INNER_QUOTE.finditer(data):
        position = quote.start()
        if not pieces or pieces[-1][1] != position:
            if pieces:
                yield pieces
            floor = max(0, position - _WORD_LENGTH)
            before = _WORD_END.search(data, floor, position)
            pieces = [(before.start() if before else position, position)]
        after = _WORD.match(data, position + 1)
        pieces.append((position + 1, after.end() if after else position + 1))
    if pieces:
        yield pieces


def _commas_in_calls(data: bytes) -> Iterator[re.Match[bytes]]:
    """Yield the commas between strings near a call that joins them."""
    done = 0
    for call in _JOIN_CALL.finditer(data):
        search_start = max(done, call.start() - _JOIN_REACH)
        search_end = call.end() + _JOIN_REACH
        yield from _COMMA.finditer(data, search_start, search_end)
        done = search_end


def _locate(pieces: Pieces, offset: int) -> tuple[int, int]:
    """Return the index of the piece that holds ``offset`` of the joined text, and its place."""
    for index, (start, end) in enumerate(pieces):
        length = end - start
        if offset < length:
            return index, start + offset
        offset -= length
    return len(pieces) - 1, pieces[-1][1] - 1

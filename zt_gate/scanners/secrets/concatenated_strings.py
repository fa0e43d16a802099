"""Keys that are put together from pieces: ``"ghp_" + "abc…"``, over one or several lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from zt_gate.scanners.secrets.hits import FORMAT, SecretHit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock

_OPERATOR = rb"(?:[+.&]|<<|\|\||\.\.)"
# The rest of a line, perhaps with a comment, and the next one's indentation.
_NEWLINE = rb"[ \t]{0,40}(?:(?:#|//|--)[^\n\"'`]{0,120})?\r?\n[ \t]{0,200}"
# From the quote that ends one piece to the quote that opens the next: an operator
# of some language or a line's end; a further assignment; a call that appends.
_BETWEEN = (
    rb"(?=[\s+.&<|\\_^;#/)\-\"'`furbFURB@$])(?:"
    rb"(?:[ \t]{0,40}" + _OPERATOR + rb")?[ \t]{0,40}[\\_`^]?"
    rb"(?:" + _NEWLINE + rb"){0,3}(?:" + _OPERATOR + rb"[ \t]{0,40})?"
    rb"|;?" + _NEWLINE + rb"(?:(?:const|let|var|my|export|local|[Ss]tring)[ \t]{1,8})?"
    rb"\$?[\w.]{1,64}[ \t]{0,8}(?:[+.:]|<<)?=[ \t]{0,8}"
    rb"|\)?\.(?:append|concat|push|add|plus)\("
    rb")[furbFURB@$]{0,2}[\"'`]"
)
_GLUE = re.compile(rb"[\"'`](?<=[\w/+=.:-][\"'`])" + _BETWEEN + rb"(?=[\w/+=.:-])")
# The first line of a private key has spaces, and may be cut there too.
_SPACED = re.compile(rb"[\"'`](?<=[\w/+=.: -][\"'`])" + _BETWEEN + rb"(?=[\w/+=.: -])")
_COMMA = re.compile(
    rb"[\"'`](?<=[\w/+=.:-][\"'`])[ \t]{0,40},[ \t]{0,40}(?:\r?\n[ \t]{0,200})?[\"'`]"
)
# A shell's or a settings file's line that goes on after a backslash (in cmd, a caret).
_FOLD = re.compile(rb"[\\^]\r?\n[ \t]{0,200}")
_CALLS = (b"join(", b"oncat(", b"% (", b"%(", b".format(", b"printf(")
_FOLDED = (b"\\\n", b"\\\r\n", b"^\n", b"^\r\n")
_JOIN = re.compile(rb"join\(|oncat\(|%[ \t]{0,4}\(|\.format\(|printf\(")
# A quote within a shell's word, which is quoted in part.
_WITHIN = re.compile(rb"[\"'](?<=[\w-]{3}[\"'])(?=[\w-]{2})")
_WORD_END = re.compile(rb"(?<![\w-])[\w-]{3,200}+\Z")
_WORD = re.compile(rb"[\w-]{2,200}")
_PIECE = 400
# The last piece may be the whole body of a private key.
_LAST = 8192
_AROUND = 300
_NOTE = "It is put together from pieces."


def find_split(
    block: TextBlock, look: Callable[[bytes], list[SecretHit]]
) -> Iterator[SecretHit]:
    """Join neighbouring pieces of text and find the formats that only then appear.

    All joined texts of a block are looked at in one go, a line each.
    """
    runs = [run for run in _runs(block.data) if len(run) > 1]
    if not runs:
        return
    texts = [b"".join(block.data[start:end] for start, end in run) for run in runs]
    begins = list(accumulate((len(text) + 1 for text in texts), initial=0))
    for hit in look(b"\n".join(text.replace(b"\n", b" ") for text in texts)):
        index = bisect_right(begins, hit.start) - 1
        run, offset = runs[index], begins[index]
        first, start = _place(run, hit.start - offset)
        last, end = _place(run, max(hit.start, hit.end - 1) - offset)
        if first == last:
            continue
        parts = tuple(
            block.data[max(a, start) : min(b, end + 1)]
            for a, b in run[first : last + 1]
        )
        value = texts[index][hit.start - offset : hit.end - offset]
        yield replace(
            hit,
            start=start,
            end=end + 1,
            rank=FORMAT,
            value=value,
            extra=tuple(p for p in parts if len(p) >= 6),
            note=_NOTE,
        )


def _runs(data: bytes) -> Iterator[list[tuple[int, int]]]:
    """Yield the pieces (their spans) of each text that is put together."""
    glue = _SPACED if b"BEGIN " in data else _GLUE
    yield from _glued(data, glue.finditer(data))
    # A substring is found quicker than a pattern, and most texts have none of these.
    if any(call in data for call in _CALLS):
        yield from _glued(data, _commas(data))
    if any(end in data for end in _FOLDED):
        yield from _folded(data)
    yield from _words(data)


def _glued(
    data: bytes, glues: Iterable[re.Match[bytes]]
) -> Iterator[list[tuple[int, int]]]:
    run: list[tuple[int, int]] = []
    previous = 0
    for glue in glues:
        start, end = glue.span()
        if run and start - previous < _PIECE and data.find(b"\n", previous, start) < 0:
            run[-1] = (run[-1][0], start)
        else:
            if run:
                yield _closed(data, run)
            low = max(0, start - _PIECE, previous)
            run = [
                (max(low, data.rfind(data[start : start + 1], low, start) + 1), start)
            ]
        run.append((end, end))
        previous = end
    if run:
        yield _closed(data, run)


def _closed(data: bytes, run: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give the last piece its end: the next quote of the kind that opened it."""
    start = run[-1][0]
    end = data.find(data[start - 1 : start], start, start + _LAST)
    return [*run[:-1], (start, end if end >= 0 else start)]


def _folded(data: bytes) -> Iterator[list[tuple[int, int]]]:
    run: list[tuple[int, int]] = []
    for fold in _FOLD.finditer(data):
        if not run or data.find(b"\n", run[-1][0], fold.start()) >= 0:
            if len(run) > 1:
                yield run
            low = max(0, fold.start() - _PIECE)
            run = [(max(low, data.rfind(b"\n", low, fold.start()) + 1), fold.start())]
        else:
            run[-1] = (run[-1][0], fold.start())
        high = data.find(b"\n", fold.end(), fold.end() + _PIECE)
        run.append(
            (fold.end(), high if high >= 0 else min(len(data), fold.end() + _PIECE))
        )
    if len(run) > 1:
        yield run


def _words(data: bytes) -> Iterator[list[tuple[int, int]]]:
    run: list[tuple[int, int]] = []
    for quote in _WITHIN.finditer(data):
        at = quote.start()
        if not run or run[-1][1] != at:
            if run:
                yield run
            before = _WORD_END.search(data, max(0, at - 200), at)
            run = [(before.start() if before else at, at)]
        after = _WORD.match(data, at + 1)
        run.append((at + 1, after.end() if after else at + 1))
    if run:
        yield run


def _commas(data: bytes) -> Iterator[re.Match[bytes]]:
    """Yield the commas between pieces that a ``join`` near them puts together."""
    done = 0
    for call in _JOIN.finditer(data):
        low = max(done, call.start() - _AROUND)
        yield from _COMMA.finditer(data, low, call.end() + _AROUND)
        done = call.end() + _AROUND


def _place(pieces: list[tuple[int, int]], offset: int) -> tuple[int, int]:
    """Return the index of the piece that holds ``offset`` of the joined text, and where."""
    for index, (start, end) in enumerate(pieces):
        if offset < end - start:
            return index, start + offset
        offset -= end - start
    return len(pieces) - 1, pieces[-1][1] - 1

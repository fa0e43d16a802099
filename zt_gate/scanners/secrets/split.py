"""Keys that are put together from pieces: ``"ghp_" + "abc…"``, over one or several lines."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from zt_gate.scanners.secrets.hits import FORMAT, Hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zt_gate.scanners.secrets.block import Block

# From the quote that ends one piece to the quote that opens the next: an
# operator of some language, a line's end, or nothing at all between them.
_GLUE = re.compile(
    rb"[\"'`][ \t]{0,40}(?:[+.&,]|<<|\|\||\.\.)?[ \t]{0,40}\\?(?:\r?\n[ \t]{0,200})?"
    rb"(?:[+.&]|<<|\.\.)?[ \t]{0,40}[furbFURB@$]{0,2}[\"'`]"
)
# A shell's or a settings file's line that goes on after a backslash.
_FOLD = re.compile(rb"\\\r?\n[ \t]{0,200}")
_PIECE = 400
_NOTE = "It is put together from pieces."


def find_split(block: Block, look: Callable[[bytes], list[Hit]]) -> Iterator[Hit]:
    """Join neighbouring pieces of text and find the formats that only then appear."""
    for pieces in _runs(block.data):
        joined = b"".join(block.data[start:end] for start, end in pieces)
        for hit in look(joined):
            first, start = _place(pieces, hit.start)
            last, end = _place(pieces, max(hit.start, hit.end - 1))
            if first == last:
                continue
            parts = tuple(block.data[a:b] for a, b in pieces[first : last + 1] if b - a >= 6)
            yield replace(
                hit,
                start=start,
                end=end + 1,
                rank=FORMAT,
                value=joined[hit.start : hit.end],
                extra=parts,
                note=_NOTE,
            )


def _runs(data: bytes) -> Iterator[list[tuple[int, int]]]:
    """Yield the pieces (their spans) of each text that is put together."""
    run: list[tuple[int, int]] = []
    previous = -1
    for glue in _GLUE.finditer(data):
        if b"," in glue[0] and not _joined(data, glue.start()):
            continue
        begin = data.rfind(glue[0][:1], max(0, glue.start() - _PIECE, previous), glue.start()) + 1
        if run and run[-1][1] == -1 and data.find(b"\n", previous, glue.start()) < 0:
            run[-1] = (run[-1][0], glue.start())
        else:
            if len(run) > 1:
                yield _closed(data, run)
            run = [(max(begin, 0), glue.start())]
        run.append((glue.end(), -1))
        previous = glue.end()
    if len(run) > 1:
        yield _closed(data, run)
    yield from _folded(data)


def _closed(data: bytes, run: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give the last piece its end: the next quote of the kind that opened it."""
    start = run[-1][0]
    end = data.find(data[start - 1 : start], start, start + _PIECE)
    return [*run[:-1], (start, end if end >= 0 else start)]


def _folded(data: bytes) -> Iterator[list[tuple[int, int]]]:
    run: list[tuple[int, int]] = []
    for fold in _FOLD.finditer(data):
        if not run or data.find(b"\n", run[-1][0], fold.start()) >= 0:
            if len(run) > 1:
                yield run
            low = data.rfind(b"\n", max(0, fold.start() - _PIECE), fold.start()) + 1
            run = [(low, fold.start())]
        else:
            run[-1] = (run[-1][0], fold.start())
        high = data.find(b"\n", fold.end(), fold.end() + _PIECE)
        run.append((fold.end(), high if high >= 0 else min(len(data), fold.end() + _PIECE)))
    if len(run) > 1:
        yield run


def _joined(data: bytes, position: int) -> bool:
    """Whether a comma here separates pieces that a ``join`` puts together."""
    around = data[max(0, position - 300) : position + 300]
    return b"join(" in around or b"concat(" in around.lower()


def _place(pieces: list[tuple[int, int]], offset: int) -> tuple[int, int]:
    """Return the index of the piece that holds ``offset`` of the joined text, and where."""
    for index, (start, end) in enumerate(pieces):
        if offset < end - start:
            return index, start + offset
        offset -= end - start
    return len(pieces) - 1, pieces[-1][1] - 1

r"""Finds secrets whose characters are written as codes or split by invisible ones.

``ghp\u005fab…`` is a key for the program that reads the string, and no pattern matches
it.  The lines with such characters are rewritten (``zt_gate.syntax.character_codes``),
together with the lines around them, and searched once more.  Lines without any cost a
few substring searches.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from zt_gate.record import replace
from zt_gate.scanners.secrets.text_block import TextBlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.scanners.secrets.hits import SecretHit
    from zt_gate.syntax.character_codes import Rewritten

#: Lines around a rewritten one that are searched with it: a secret may continue there.
_CONTEXT_LINES = 2
#: The same below the first line of a private key.
_KEY_LINES = 80
#: Bytes before a value that may hold its name.
_NAME_REACH = 120
_NOTE = (
    "The value is encoded with character codes or invisible characters, "
    "which does not protect it."
)


def find_escaped(
    block: TextBlock,
    hits: Sequence[SecretHit],
    search: Callable[[TextBlock], list[SecretHit]],
) -> Iterator[SecretHit]:
    """Rewrite the lines that need it and yield what ``search`` finds only there.

    ``hits`` are those in the text as it is written.
    """
    from zt_gate.syntax.character_codes import changed_spans, rewrite

    spans = changed_spans(block.data, block.path, gaps=True)
    if not spans:
        return
    regions = _regions(block, spans)
    source = b"\n\n".join(block.data[start:end] for start, end in regions)
    rewritten = rewrite(source, block.path, block.data, gaps=True)
    if rewritten is None:
        return
    found = search(_block_of(block.path, rewritten.data))
    view = _View(block, regions, rewritten)
    hit_starts = sorted((hit.start, hit.end) for hit in hits)
    for hit in found:
        located = view.locate(hit, hit_starts)
        if located is not None:
            yield located


class _View:
    """Maps hits in the rewritten text to the block."""

    def __init__(
        self,
        block: TextBlock,
        regions: Sequence[tuple[int, int]],
        rewritten: Rewritten,
    ) -> None:
        self._block = block
        self._regions = regions
        self._rewritten = rewritten
        lengths = (end - start + 2 for start, end in regions)
        self._starts = list(accumulate(lengths, initial=0))

    def locate(
        self, hit: SecretHit, original_hits: Sequence[tuple[int, int]]
    ) -> SecretHit | None:
        """Return the hit in the block; None if the text as it is written has it, too."""
        rewritten = self._rewritten
        start, end = rewritten.original(hit.start, hit.end)
        start, end = self._offset(start), self._offset(end - 1) + 1
        is_value_changed = (
            rewritten.is_changed(hit.start, hit.end) or hit.value is not None
        )
        if not is_value_changed:
            name_start = rewritten.data.rfind(b"\n", 0, hit.start) + 1
            name_start = max(name_start, hit.start - _NAME_REACH)
            if not rewritten.is_changed(name_start, hit.start):
                return None
        index = bisect_right(original_hits, (end, -1))
        nearby = original_hits[max(0, index - 8) : index]
        overlapping = [span for span in nearby if span[0] < end and start < span[1]]
        if overlapping and not is_value_changed:
            return None
        value = hit.value
        if value is None:
            value = rewritten.data[hit.start : hit.end]
        written = self._block.data[start:end]
        return replace(
            hit,
            start=start,
            end=end,
            value=value,
            extra=(*hit.extra, rewritten.data[hit.start : hit.end], written),
            note=_NOTE if is_value_changed else hit.note,
            weight=hit.weight + 1,
        )

    def _offset(self, position: int) -> int:
        """Return the offset in the block of an offset in the joined regions."""
        index = bisect_right(self._starts, position) - 1
        start, end = self._regions[index]
        return min(start + position - self._starts[index], end)


def _regions(
    block: TextBlock, spans: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the spans of whole lines around the changed ones, in order."""
    regions: list[tuple[int, int]] = []
    last_index = len(block.starts) - 1
    last_region_line = -1
    for start, end in spans:
        first = max(0, block.index(start) - _CONTEXT_LINES)
        last = min(last_index, block.index(end) + _CONTEXT_LINES)
        line_start, line_end = block.line_at(start)
        if b"KEY" in block.data[line_start:line_end]:
            last = min(last_index, last + _KEY_LINES)
        region_start, _ = block.bounds(first)
        _, region_end = block.bounds(last)
        if regions and first <= last_region_line + 1:
            regions[-1] = (regions[-1][0], max(region_end, regions[-1][1]))
        else:
            regions.append((region_start, region_end))
        last_region_line = max(last, last_region_line)
    return regions


def _block_of(path: bytes, data: bytes) -> TextBlock:
    lines = data.split(b"\n")
    starts = list(accumulate((len(line) + 1 for line in lines[:-1]), initial=0))
    return TextBlock(path, data, starts, list(range(1, len(lines) + 1)))

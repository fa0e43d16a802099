"""A span of text that a rule matched, and the choice between overlapping spans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zt_gate.model.finding import Confidence, Level
    from zt_gate.scanners.secrets.text_block import TextBlock

#: Precedence where spans overlap: the lowest number, which is the most specific kind.
FORMAT, KEY, FILE, URL, NEAR, NAMED, KEYWORD, PLUGIN, ENTROPY = range(9)

# Spans are indexed by cells of 512 bytes to find the overlapping ones.
_CELL_BITS = 9


@dataclass(frozen=True, slots=True)
class SecretHit:
    """The span of a secret in a block (bytes, end exclusive), and the rule that found it.

    ``rank`` is a precedence.  ``value`` is the secret where it is not simply the
    span (decoded, joined).  ``extra`` are further texts to mask.  ``level`` and
    ``confidence`` replace the rule's own; ``note`` is added to the message and
    never quotes the value.
    """

    rule: str
    start: int
    end: int
    rank: int
    value: bytes | None = None
    extra: tuple[bytes, ...] = ()
    level: Level | None = None
    confidence: Confidence | None = None
    note: str = ""
    #: How many bytes of the value the rule specifies: the higher one wins a tie.
    weight: int = 0

    def secret(self, block: TextBlock) -> bytes:
        """Return the secret itself."""
        if self.value is not None:
            return self.value
        return block.data[self.start : self.end]

    def overlaps(self, other: SecretHit) -> bool:
        """Whether the two spans share a byte."""
        return self.start < other.end and other.start < self.end


def merge(hits: Iterable[SecretHit]) -> list[SecretHit]:
    """Keep one hit per span: the most specific rule, then the longest.

    Two spans that only touch are both kept; a span that overlaps a more specific
    one is dropped.
    """
    kept: list[SecretHit] = []
    kept_by_cell: dict[int, list[SecretHit]] = {}
    for hit in sorted(hits, key=_specificity):
        last_byte_end = max(hit.end, hit.start + 1)
        cells = range(hit.start >> _CELL_BITS, (last_byte_end >> _CELL_BITS) + 1)
        neighbours = (other for cell in cells for other in kept_by_cell.get(cell, ()))
        if any(hit.overlaps(other) for other in neighbours):
            continue
        kept.append(hit)
        for cell in cells:
            kept_by_cell.setdefault(cell, []).append(hit)
    return sorted(kept, key=lambda hit: (hit.start, hit.end))


def _specificity(hit: SecretHit) -> tuple[int, int, int, int]:
    """Return the sort key: the most specific hit first."""
    length = hit.end - hit.start
    return hit.rank, -hit.weight, -length, hit.start

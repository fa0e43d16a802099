"""What the parts of this scanner say to each other: a span that a rule has found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zt_gate.model.finding import Confidence, Level

#: Precedence where spans overlap: the more specific rule speaks.
FORMAT, KEY, FILE, URL, NEAR, NAMED, KEYWORD, PLUGIN, ENTROPY = range(9)


@dataclass(frozen=True, slots=True)
class SecretHit:
    """One find: the span of the secret in a block, and the rule that found it.

    ``value`` is the secret where it is not simply the span (decoded, joined).
    ``level`` and ``confidence`` replace the rule's own; ``note`` is added to
    the message and never quotes the value.
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
    #: How much of the value the rule itself knows, in bytes: breaks ties.
    weight: int = 0


def merge(hits: Iterable[SecretHit]) -> list[SecretHit]:
    """Keep one hit per span: the most specific rule, then the longest.

    Two spans of which one only touches the other are both kept; a span that
    overlaps a more specific one is dropped.
    """
    kept: list[SecretHit] = []
    ordered = sorted(
        hits, key=lambda hit: (hit.rank, -hit.weight, hit.start - hit.end, hit.start)
    )
    taken: dict[int, list[SecretHit]] = {}
    for hit in ordered:
        cells = range(hit.start >> 9, (max(hit.end, hit.start + 1) >> 9) + 1)
        near = (other for cell in cells for other in taken.get(cell, ()))
        if any(hit.start < other.end and other.start < hit.end for other in near):
            continue
        kept.append(hit)
        for cell in cells:
            taken.setdefault(cell, []).append(hit)
    return sorted(kept, key=lambda hit: (hit.start, hit.end))

"""A span of text that a rule matched, and the choice between overlapping spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from zt_gate.model.finding import Confidence, Level
    from zt_gate.scanners.secrets.text_block import TextBlock

#: Precedence where spans overlap: the lowest number, which is the most specific kind.
FORMAT, KEY, FILE, URL, NEAR, NAMED, KEYWORD, PLUGIN, ENTROPY = range(9)

#: Bytes of a text that two hits share where they are one credential in two forms.
_MIN_SHARED = 16

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

    def texts(self, block: TextBlock) -> frozenset[bytes]:
        """Return the secret and its other forms."""
        span = block.data[self.start : self.end]
        return frozenset((self.secret(block), span, *self.extra))

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


def one_per_line(
    hits: Sequence[tuple[TextBlock, SecretHit]],
    badness: Callable[[SecretHit], tuple[int, ...]],
) -> Sequence[tuple[TextBlock, SecretHit]]:
    """Keep one hit per credential and line: the one with the least ``badness`` key.

    Several rules find a password in a call and in an address, or a key in clear and in
    base64.  The hit that is kept has all forms for masking.
    """
    if len(hits) < 2:
        return hits
    by_line: dict[int, list[int]] = {}
    for index, (block, hit) in enumerate(hits):
        by_line.setdefault(block.place(hit.start, hit.end).line, []).append(index)
    dropped: set[int] = set()
    kept: dict[int, SecretHit] = {}
    for indexes in by_line.values():
        if len(indexes) < 2:
            continue
        for group in _same_credential(hits, indexes):
            first = min(group, key=lambda n: (*badness(hits[n][1]), hits[n][1].rank, n))
            block, hit = hits[first]
            others = {text for n in group for text in hits[n][1].texts(hits[n][0])}
            extra = (*hit.extra, *sorted(others - hit.texts(block)))
            note = f"{hit.note} It is on this line {len(group)} times.".lstrip()
            kept[first] = replace(hit, extra=extra, note=note)
            dropped.update(n for n in group if n != first)
    return [
        (block, kept.get(index, hit))
        for index, (block, hit) in enumerate(hits)
        if index not in dropped
    ]


def _same_credential(
    hits: Sequence[tuple[TextBlock, SecretHit]], indexes: Iterable[int]
) -> list[list[int]]:
    """Return the groups of two or more hits that have a form in common.

    A short text counts only if it is the whole secret of one of them: two keys can have
    a short part in common.
    """
    groups: dict[int, list[int]] = {}
    group_of_text: dict[bytes, int] = {}
    for index in indexes:
        block, hit = hits[index]
        secret = hit.secret(block)
        texts = [text for text in hit.texts(block) if len(text) >= _MIN_SHARED]
        known = {
            group_of_text[text] for text in (secret, *texts) if text in group_of_text
        }
        number = min(known, default=index)
        members = [index]
        for other in sorted(known):
            members += groups.pop(other)
        groups[number] = sorted(members)
        for text, other in group_of_text.items():
            if other in known:
                group_of_text[text] = number
        group_of_text.update(dict.fromkeys((secret, *texts), number))
    return [group for group in groups.values() if len(group) > 1]

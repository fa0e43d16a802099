"""Divides the functions of a file into groups for the engine.

Each rule is applied to all of a text, and the time for one rule grows faster than the
text.  So functions in which the same rules can match come together, and not too many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Work of the engine in the unit of one rule on one byte: parsing a byte, and bytes that
#: take as long as a further text.
PARSING = 3
START_BYTES = 1000
#: Bytes of the pieces of one group.
GROUP_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A function or class, by bytes and by 1-based lines; ``children`` are pieces in it."""

    start: int
    end: int
    first: int
    last: int
    children: tuple[Piece, ...] = ()
    is_method: bool = False


def grouped(
    kept: Iterable[tuple[Piece, frozenset[str]]], around: int
) -> list[tuple[list[Piece], frozenset[str]]]:
    """Divide pieces into groups with few rules each, as the engine's work suggests.

    It parses a text, and applies each rule to all of it.  ``around`` are the bytes that
    every group repeats.
    """
    by_rules: dict[frozenset[str], list[Piece]] = {}
    for piece, rules in kept:
        by_rules.setdefault(rules, []).append(piece)

    def work(size: int, rules: frozenset[str]) -> int:
        return (START_BYTES + around + size) * (PARSING + len(rules))

    groups: list[tuple[list[Piece], int, frozenset[str]]] = []
    for rules, pieces_of in sorted(by_rules.items(), key=lambda item: -len(item[0])):
        size = sum(piece.end - piece.start for piece in pieces_of)
        best, least = len(groups), work(size, rules)
        for number, (_, own_size, own_rules) in enumerate(groups):
            joined = work(own_size + size, own_rules | rules)
            more = joined - work(own_size, own_rules)
            if more <= least:
                best, least = number, more
        if best == len(groups):
            groups.append((pieces_of, size, rules))
        else:
            own, own_size, own_rules = groups[best]
            groups[best] = ([*own, *pieces_of], own_size + size, own_rules | rules)
    most = max(GROUP_BYTES, 2 * around)
    return [(chunk, rules) for own, _, rules in groups for chunk in _chunks(own, most)]


def _chunks(found: Iterable[Piece], most: int) -> Iterator[list[Piece]]:
    """Divide pieces in their order: the engine's time grows faster than a text."""
    chunk: list[Piece] = []
    size = 0
    for piece in sorted(found, key=lambda piece: piece.start):
        own_size = piece.end - piece.start
        if chunk and size + own_size > most:
            yield chunk
            chunk, size = [], 0
        chunk.append(piece)
        size += own_size
    if chunk:
        yield chunk

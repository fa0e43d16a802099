"""Finds secrets that the change completes: a part of them stood there already.

The added lines alone are scanned first.  This module scans them together with the lines
around them, and the same part of the old content, and returns what only the new one has:
one more value of a Kubernetes secret, the second half of a token, a password below its
old name, or a value that a removed line kept apart.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from zt_gate.record import replace
from zt_gate.scanners.secrets.kubernetes import is_manifest_name
from zt_gate.scanners.secrets.text_block import blocks
from zt_gate.syntax.surroundings import EVERYTHING, Reach

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from zt_gate.scanners.secrets.block_scan import BlockScanner
    from zt_gate.scanners.secrets.hits import SecretHit
    from zt_gate.scanners.secrets.text_block import TextBlock, TextSpan
    from zt_gate.syntax.surroundings import Run, Surroundings

    HitInBlock = tuple[TextBlock, SecretHit]
    #: Rule and value: equal for a secret that only moved.
    _Key = tuple[str, bytes]

_REACH = Reach(lines=20, bytes=1200)
#: Bytes of a manifest that is read as a whole: its kind may be far above a value.
_LARGEST_MANIFEST = 256 * 1024


def completed_hits(
    scanner: BlockScanner, near: Surroundings, found: Iterable[HitInBlock]
) -> list[HitInBlock]:
    """Return the hits that the new side has and the old side and ``found`` have not.

    ``found`` are the hits in the added lines alone.  Raises ContentUnavailableError.
    """
    reach = _reach(near)
    known = {_key(block, hit) for block, hit in found}
    hits = list(_hits(scanner, near, near.new(reach), near.added))
    unknown = [item for item in hits if _key(*item) not in known]
    if not near.is_comparable:
        return [item for item in unknown if _touches(*item)]
    if not unknown:
        return []
    old = Counter(_key(*item) for item in _hits(scanner, near, near.old(reach), ()))
    surplus = Counter(_key(*item) for item in unknown)
    surplus.subtract(old)
    completed = []
    # Of several hits with the same value, those on added lines are the new ones.
    for block, hit in sorted(unknown, key=lambda item: not _touches(*item)):
        key = _key(block, hit)
        if surplus[key] > 0:
            surplus[key] -= 1
            completed.append((block, hit))
    return completed


def without_replaced(
    found: Iterable[HitInBlock], completed: Iterable[HitInBlock]
) -> Iterator[HitInBlock]:
    """Yield what was found in the added lines, except where a completed hit is more specific."""
    specific: dict[int, list[tuple[TextSpan, int]]] = {}
    for block, hit in completed:
        span = block.place(hit.start, hit.end)
        for number in range(span.line, min(span.end_line, span.line + 1000) + 1):
            specific.setdefault(number, []).append((span, hit.rank))
    for block, hit in found:
        span = block.place(hit.start, hit.end)
        others = specific.get(span.line, ())
        if not any(rank < hit.rank and _overlap(span, other) for other, rank in others):
            yield block, hit


def _reach(near: Surroundings) -> Reach:
    content = near.content
    may_be_manifest = is_manifest_name(near.file.path) and b"secret" in content.lower()
    if may_be_manifest and len(content) <= _LARGEST_MANIFEST:
        return EVERYTHING
    return _REACH


def _hits(
    scanner: BlockScanner,
    near: Surroundings,
    runs: Iterable[Run],
    added: Container[int],
) -> Iterator[HitInBlock]:
    lines = (line for run in runs for line in run.numbered())
    for block in blocks(near.file.path, lines):
        marked = replace(block, added=added)
        # The added lines were scanned with the plug-ins, and they look at no other lines.
        for hit in scanner.hits(marked, plugins=False):
            yield marked, hit


def _key(block: TextBlock, hit: SecretHit) -> _Key:
    return hit.rule, hit.secret(block)


def _touches(block: TextBlock, hit: SecretHit) -> bool:
    return block.first_added(hit.start, hit.end) is not None


def _overlap(one: TextSpan, other: TextSpan) -> bool:
    """Whether two spans share a character."""
    starts_before = (one.line, one.column) < (other.end_line, other.end_column)
    return starts_before and (other.line, other.column) < (one.end_line, one.end_column)

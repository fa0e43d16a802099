"""Finds in text what the change completes: a part of it stood there already.

A command that an old line begins, a call whose address or sink is old, a link in a fenced
block that a removed line opened.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from zt_gate.record import replace
from zt_gate.scanners.agent_config import added_text
from zt_gate.syntax.surroundings import Reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zt_gate.scanners.agent_config.line_hits import LineHit
    from zt_gate.scanners.agent_config.rule_index import RuleIndex
    from zt_gate.syntax.surroundings import Run, Surroundings

#: As far as the ``within`` of any rule.
_REACH = Reach(lines=40, bytes=16_000)


def find_hits(
    near: Surroundings,
    kinds: frozenset[str],
    rules: RuleIndex,
    found: Sequence[LineHit],
) -> list[LineHit]:
    """Return the hits that the new side has, and the old side and ``found`` have not.

    ``found`` are the hits in the added lines alone.  Raises ContentUnavailableError.
    """
    known = {_key(hit) for hit in found}
    new = [
        replace(hit, is_added=hit.number in near.added)
        for hit in _hits(near.new(_REACH), kinds, rules)
        if _key(hit) not in known
    ]
    if not near.is_comparable:
        return [hit for hit in new if hit.is_added]
    if not new:
        return []
    surplus = Counter(map(_key, new))
    surplus.subtract(map(_key, _hits(near.old(_REACH), kinds, rules)))
    completed = []
    # Of several equal hits, those on added lines are the new ones.
    for hit in sorted(new, key=lambda one: not one.is_added):
        if surplus[_key(hit)] > 0:
            surplus[_key(hit)] -= 1
            completed.append(hit)
    return completed


def _hits(
    runs: Iterable[Run], kinds: frozenset[str], rules: RuleIndex
) -> Iterator[LineHit]:
    for run in runs:
        yield from added_text.find_hits(list(run.numbered()), kinds, rules)


def _key(hit: LineHit) -> tuple[str, str, str]:
    return hit.rule, hit.text[hit.start : hit.end].strip(), hit.message

"""Leaves out what the change only moves, indents or aligns within its file.

A formatter aligns a table, a function moves: the same line was a finding before.  Only a
line whose words are equal and which the change removes elsewhere in the file counts as the
old place; it must have been a finding there, too.  The same words in a list of refused
options, or in a comment, were none.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from zt_gate.model.change import Hunk
from zt_gate.record import replace
from zt_gate.scanners.agent_config import added_text
from zt_gate.syntax.surroundings import EVERYTHING, Reach, surroundings
from zt_gate.syntax.text import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from zt_gate.model.change import FileChange
    from zt_gate.scanners.agent_config.line_hits import LineHit
    from zt_gate.scanners.agent_config.payload_hosts import KnownHosts
    from zt_gate.scanners.agent_config.rule_index import RuleIndex
    from zt_gate.syntax.text import TextLines

#: A larger file is read only as far around the removed lines as any rule looks.
_SMALL = 256 * 1024
_REACH = Reach(lines=40, bytes=16_000)


def without_moved(
    text: TextLines,
    kinds: frozenset[str],
    rules: RuleIndex,
    hits: Sequence[LineHit],
) -> list[LineHit]:
    """Return the hits in added lines that are not those of removed lines.

    Raises ContentUnavailableError if the old or the new content is not available.
    """
    if not any(hunk.removed.lines for hunk in text.file.hunks):
        return list(hits)
    near = surroundings(text)
    if near is None or not near.is_comparable:
        return list(hits)
    reach = EVERYTHING if len(near.content) <= _SMALL else _REACH
    removed = {
        number
        for hunk in text.file.hunks
        for number in range(hunk.old_start, hunk.old_start + hunk.removed.lines)
    }
    old = (
        hit
        for run in near.old(reach)
        for hit in added_text.find_hits(list(run.numbered()), kinds, rules)
        if hit.number in removed
    )
    # A paragraph is one line: what it runs counts, not the sentences around it.
    key = _command_key if "prose" in kinds else _key
    return _without(old, hits, key)


def without_moved_payloads(
    file: FileChange, rules: RuleIndex, hosts: KnownHosts, hits: Sequence[LineHit]
) -> list[LineHit]:
    """Return the payloads that are not those of removed lines of the old content.

    Raises ContentUnavailableError if the old content is not available.
    """
    from zt_gate.scanners.agent_config import payload_content, payloads

    removes = any(hunk.removed.lines for hunk in file.hunks)
    if not removes or file.old is None or file.of_merge:
        return list(hits)
    content = payload_content.text_of(file.old.read(MAX_BYTES))
    if content is None:
        return list(hits)
    backwards = replace(
        file,
        hunks=tuple(
            Hunk(hunk.new_start, hunk.old_start, hunk.added, hunk.removed)
            for hunk in file.hunks
        ),
    )
    return _without(payloads.find_hits(backwards, content, rules, hosts), hits, _key)


def _without(
    old_hits: Iterable[LineHit],
    hits: Iterable[LineHit],
    key: Callable[[LineHit], tuple[str, str, str]],
) -> list[LineHit]:
    """Return the hits that are more than the old ones with the same key."""
    old = Counter(map(key, old_hits))
    new = []
    for hit in hits:
        if old[key(hit)] > 0:
            old[key(hit)] -= 1
        else:
            new.append(hit)
    return new


def _command_key(hit: LineHit) -> tuple[str, str, str]:
    return hit.rule, hit.message, " ".join(hit.text[hit.start : hit.end].split())


def _key(hit: LineHit) -> tuple[str, str, str]:
    return hit.rule, hit.message, " ".join((hit.context or hit.text).split())

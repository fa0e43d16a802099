"""Which findings on old lines are the change's: those that the old content did not have.

A change that takes a sanitizer away adds neither source nor sink, and yet makes
the finding possible.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from zt_gate.scanners.code.findings import subject_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.model.change import Hunk
    from zt_gate.scanners.code.semgrep_output import Match


def newly_possible(
    matches: Iterable[Match],
    lines: Sequence[bytes],
    old_matches: Sequence[Match],
    old_lines: Sequence[bytes],
    hunks: Sequence[Hunk],
) -> list[Match]:
    """Return those of ``matches``, which touch no added line, that are not among the old ones.

    A match is an old one if the same rule matched at the same place of the same
    line before.  Where the hunks do not say which line that was (they count
    lines of bytes, and the text was decoded), the matched text and how often
    it occurs decide.
    """
    places = {(old.rule, old.line, old.column) for old in old_matches}
    known = Counter((old.rule, subject_of(old, old_lines)) for old in old_matches)
    found = []
    for match in matches:
        before = [
            number
            for number in _old_numbers(hunks, match.line)
            if _at(old_lines, number) == _at(lines, match.line)
        ]
        if before:
            old = any((match.rule, number, match.column) in places for number in before)
        else:
            what = (match.rule, subject_of(match, lines))
            known[what] -= 1
            old = known[what] >= 0
        if not old:
            found.append(match)
    return found


def _old_numbers(hunks: Iterable[Hunk], number: int) -> set[int]:
    """Return which old line an unchanged line may have been.

    Two are possible right at a hunk that only removes: git counts such a hunk
    by the line before it, others by the line behind it.
    """
    found = {number}
    shift = 0
    for hunk in hunks:
        if hunk.new_start > number:
            break
        before = shift
        shift += hunk.added.lines - hunk.removed.lines
        unsure = hunk.new_start == number and not hunk.added.lines
        found = {number - shift} | ({number - before} if unsure else set())
    return found


def _at(lines: Sequence[bytes], number: int) -> bytes | None:
    return lines[number - 1] if 0 < number <= len(lines) else None

"""Findings on unchanged lines that the change made possible.

For example, a change that removes a sanitizer adds neither a source nor a sink, but
makes the finding possible.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.code.findings import subject_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.model.change import Hunk
    from zt_gate.scanners.code.semgrep_output import Match

#: A number, a version or a date as a literal: no source, sink or sanitizer depends on it.
_VERSION = lazy_re.compile(
    rb"([\"'`])v?\d{1,8}(?:[.:-]\d{1,8}){0,5}(?:[-+.](?:alpha|beta|rc|dev|post|build|snapshot|final)?[.\d]{0,12}){0,2}\1"
    rb"|(?<![\w.\"'])\d{1,9}(?:[._]\d{1,9}){0,3}(?![\w.\"'])",
    re.IGNORECASE,
)


def newly_possible(
    matches: Iterable[Match],
    lines: Sequence[bytes],
    old_matches: Sequence[Match],
    old_lines: Sequence[bytes],
    hunks: Sequence[Hunk],
) -> list[Match]:
    """Return the matches on unchanged lines that the old content did not have.

    A match is old if the same rule matched at the same column of the same line before.
    Where the hunks do not tell the old line number (they count lines of bytes, and the
    text was decoded), the matched text and its number of occurrences decide.  A change
    of nothing but versions and numbers makes no finding possible.
    """
    # Without a hunk the new name alone made the findings possible.
    if hunks and all(map(_changes_versions_alone, hunks)):
        return []
    old_positions = {(old.rule, old.line, old.column) for old in old_matches}
    old_subjects = Counter(
        (old.rule, subject_of(old, old_lines)) for old in old_matches
    )
    new_matches = []
    for match in matches:
        text = _line(lines, match.line)
        old_numbers = [
            number
            for number in _old_numbers(hunks, match.line)
            if _line(old_lines, number) == text
        ]
        if old_numbers:
            is_old = any(
                (match.rule, number, match.column) in old_positions
                for number in old_numbers
            )
        else:
            subject = (match.rule, subject_of(match, lines))
            old_subjects[subject] -= 1
            is_old = old_subjects[subject] >= 0
        if not is_old:
            new_matches.append(match)
    return new_matches


def _changes_versions_alone(hunk: Hunk) -> bool:
    """Whether the lines of a hunk differ only in versions, dates and numbers."""
    if hunk.added.lines != hunk.removed.lines:
        return False
    return all(
        _VERSION.sub(b"0", added) == _VERSION.sub(b"0", removed)
        for added, removed in zip(hunk.added, hunk.removed, strict=True)
    )


def _old_numbers(hunks: Iterable[Hunk], number: int) -> set[int]:
    """Return the possible old numbers of an unchanged line.

    There are two directly at a hunk that only removes lines: git numbers such a hunk by
    the line before it, other programs by the line after it.
    """
    numbers = {number}
    shift = 0
    for hunk in hunks:
        if hunk.new_start > number:
            break
        previous_shift = shift
        shift += hunk.added.lines - hunk.removed.lines
        numbers = {number - shift}
        if hunk.new_start == number and not hunk.added.lines:
            numbers.add(number - previous_shift)
    return numbers


def _line(lines: Sequence[bytes], number: int) -> bytes | None:
    return lines[number - 1] if 0 < number <= len(lines) else None

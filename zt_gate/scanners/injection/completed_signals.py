"""Finds orders that the change completes: a part of them stood there already.

The added lines alone are scanned first.  This module scans them together with the lines
around them, and the same part of the old content, and yields the signals that only the
new one has: the second half of a sentence, a comment that hides what is added, an order
whose parts a removed line kept apart.  An old order that the change hides is a new signal:
people do not see it any more, and models still do.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.scanners.injection.added_pages import split_into_pages
from zt_gate.syntax.surroundings import Reach
from zt_gate.syntax.text import WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.scanners.injection.page_scan import PageScanner, PageSignal
    from zt_gate.syntax.surroundings import Run, Surroundings

_REACH = Reach(lines=15, bytes=2500)
#: A comment that hides text may begin further up; scoring looks 4000 characters back.
_REACH_OF_COMMENTS = Reach(lines=80, bytes=4000)
_HIDING_MARKS = (b"<!--", b"<details", b"style", b"hidden", b"<template")


class CompletedSignal(NamedTuple):
    """A signal, the number and the bytes of its line, and whether the change adds that line."""

    signal: PageSignal
    number: int
    line: bytes
    is_added: bool


def completed_signals(
    scanner: PageScanner,
    near: Surroundings,
    known: frozenset[tuple[str, str]],
    *,
    agent: bool,
) -> Iterator[CompletedSignal]:
    """Yield the signals that the new side has and the old side has not.

    ``known`` are rule and subject of the signals in the added lines alone.  Raises
    ContentUnavailableError.
    """
    lowered = near.content.lower()
    may_hide = any(mark in lowered for mark in _HIDING_MARKS)
    reach = _REACH_OF_COMMENTS if may_hide else _REACH
    new = [
        completed
        for completed in _signals(scanner, near, near.new(reach), agent=agent)
        if _source(completed) not in known
    ]
    if not near.is_comparable:
        yield from (completed for completed in new if completed.is_added)
        return
    if not new:
        return
    old: Counter[tuple[str, str, bool]] = Counter()
    for completed in _signals(scanner, near, near.old(reach), agent=agent):
        old[*_source(completed), False] += 1
        if completed.signal.is_hidden:
            old[*_source(completed), True] += 1
    surplus = Counter(map(_key, new))
    surplus.subtract(old)
    # Of several equal signals, those on added lines are the new ones.
    for completed in sorted(new, key=lambda one: not one.is_added):
        key = _key(completed)
        if surplus[key] > 0:
            surplus[key] -= 1
            yield completed


def _signals(
    scanner: PageScanner, near: Surroundings, runs: Iterable[Run], *, agent: bool
) -> Iterator[CompletedSignal]:
    for first, lines in runs:
        # A long line is scanned by itself, in windows; it is not a part of a sentence.
        shortened = [line if len(line) <= WINDOW else b"" for line in lines]
        for page in split_into_pages(first, shortened):
            for signal in scanner.scan(page.lines, agent=agent):
                if signal.line < page.overlap:
                    continue
                number = page.first + signal.line
                line = page.lines[signal.line]
                yield CompletedSignal(signal, number, line, number in near.added)


def _source(completed: CompletedSignal) -> tuple[str, str]:
    return completed.signal.rule, completed.signal.subject


def _key(completed: CompletedSignal) -> tuple[str, str, bool]:
    return (*_source(completed), completed.signal.is_hidden)

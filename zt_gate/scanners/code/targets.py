"""The files to scan: which, their text as UTF-8, and which of their lines were added."""

from __future__ import annotations

import os
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zt_gate.model.change import (
    MODE_EXECUTABLE,
    MODE_SYMLINK,
    ContentUnavailableError,
    FileChange,
)
from zt_gate.model.report import NotInspected
from zt_gate.scanners.code.languages import (
    Dialect,
    by_first_line,
    by_name,
    may_hide_code,
)
from zt_gate.scanners.code.source_encodings import UnreadableCodeError, as_utf8
from zt_gate.syntax.text import MAX_BYTES, added_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from zt_gate.scanners.code.rule_selection import EngineRules

# Up to here a file is read to tell "too large" from "missing".
_LOOK = 6 * MAX_BYTES
# Bytes of a packet of an MPEG transport stream.
_PACKET = 188


@dataclass(frozen=True, slots=True)
class LineRanges:
    """Line numbers as sorted runs ``(first, last)``, both inclusive, that do not touch."""

    runs: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, runs: Iterable[tuple[int, int]]) -> LineRanges:
        """Sort and join runs; empty ones are dropped."""
        joined: list[tuple[int, int]] = []
        for first, last in sorted(runs):
            if last < first:
                continue
            if joined and first <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
            else:
                joined.append((first, last))
        return cls(tuple(joined))

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.runs)

    def first_within(self, first: int, last: int) -> tuple[int, int] | None:
        """Return the first run of these lines that lies in ``first``..``last``, cut to it."""
        if first > last:
            return None
        index = max(0, bisect_right(self.runs, (first, 1 << 62)) - 1)
        for begin, end in self.runs[index : index + 2]:
            if end >= first and begin <= last:
                return max(begin, first), min(end, last)
        return None

    def within(self, first: int, last: int) -> Iterator[int]:
        """Yield these lines' numbers from ``first`` to ``last``."""
        while (run := self.first_within(first, last)) is not None:
            yield from range(run[0], run[1] + 1)
            first = run[1] + 1


@dataclass(frozen=True, slots=True)
class Target:
    """One file to scan: its path in the change, its text as UTF-8, its added lines.

    ``rules`` are those that can match in it; where there are none, nothing else
    is known of the text.
    """

    file: FileChange
    dialect: Dialect
    text: bytes
    added: LineRanges
    rules: frozenset[str]

    @property
    def path(self) -> bytes:
        """The path in the change."""
        return self.file.path

    @property
    def touched(self) -> tuple[tuple[int, int], ...]:
        """The added lines, and those on both sides of removed ones."""
        around = (
            (at.new_start - 1, at.new_start)
            for at in self.file.hunks
            if at.removed.lines
        )
        return LineRanges.of(
            (*self.added.runs, *((max(1, a), max(1, b)) for a, b in around))
        ).runs

    @property
    def touched_before(self) -> tuple[tuple[int, int], ...]:
        """The same in the old content: the removed lines, and those on both sides of added ones."""
        around = (
            (at.old_start - 1, at.old_start + at.removed.lines)
            for at in self.file.hunks
        )
        return LineRanges.of((max(1, first), last) for first, last in around).runs

    @property
    def added_lines(self) -> int:
        """How many lines were added."""
        return sum(hunk.added.lines for hunk in self.file.hunks)

    def bare(self) -> Target:
        """Return the same target without its text, which lies in the private copy."""
        return replace(self, text=b"")


def lines_of(workdir: Path, name: str) -> list[bytes]:
    """Return the lines of a private copy, without line ends."""
    with open(os.path.join(workdir, name), "rb") as file:
        return [line.removesuffix(b"\r") for line in file.read().split(b"\n")]


def dialect_of(file: FileChange) -> Dialect | None:
    """Return how the new side of ``file`` is to be scanned, None where it is no code with rules.

    The extension decides; without one, the first line.  A first line that was
    added, or that belongs to an executable file, counts under any name that is
    no known extension.
    """
    if file.is_deletion or file.is_submodule or file.is_symlink:
        return None
    if not file.hunks and not becomes_code(file):
        return None
    named = by_name(file.path)
    if named is not None:
        return named
    first = next(iter(file.hunks), None)
    if first is not None and first.new_start <= 1 and first.added.lines:
        return by_first_line(first.added.head(512))
    if file.new_mode == MODE_EXECUTABLE or may_hide_code(file.path):
        return by_first_line(_content(file)[:512])
    return None


def becomes_code(file: FileChange) -> bool:
    """Whether a new name makes code of what was another language or none."""
    was = by_name(file.old_path) if file.old_path not in {None, file.path} else None
    now = by_name(file.path)
    renamed = file.old_path not in {None, file.path} and now is not None
    return renamed and (was is None or was.language is not (now and now.language))


def prepare(file: FileChange, pack: EngineRules) -> Target | NotInspected | None:
    """Return the target that ``file`` gives, why there is none, or None where none is wanted."""
    try:
        dialect = dialect_of(file)
        if dialect is None or dialect.language.name not in pack.languages:
            return None
        if file.incomplete:
            return NotInspected(file.path, "failed", file.incomplete)
        data = _content(file)
        other = _same_name(data, dialect, pack) if dialect.extension == "ts" else ""
        if other:
            return NotInspected(file.path, "not_applicable", other)
        text = as_utf8(data, dialect.language)
        rules = pack.applicable(dialect.language.name, text)
        added = _added(file, text) if rules else LineRanges(())
        return Target(file, dialect, text if rules else b"", added, rules)
    except ContentUnavailableError as error:
        return _unavailable(file, error)
    except UnreadableCodeError as error:
        return NotInspected(file.path, "unreadable", str(error))


def old_text(target: Target) -> bytes | None:
    """Return the text before the change as UTF-8, None where it was no code of this language.

    Raises ContentUnavailableError where it is not known.
    """
    file = target.file
    if file.old_path is None or becomes_code(file) or file.old_mode == MODE_SYMLINK:
        return None
    if file.old is None:
        raise ContentUnavailableError(
            "the file before the change is needed and is not known"
        )
    try:
        return as_utf8(file.old.read(MAX_BYTES), target.dialect.language)
    except UnreadableCodeError:
        return None  # then every finding counts as new


def _same_name(data: bytes, dialect: Dialect, pack: EngineRules) -> str:
    """Return what else a ``.ts`` file is, "" where it could be TypeScript."""
    if data.lstrip().startswith((b"<?xml", b"<!DOCTYPE TS")):
        return "a Qt translation, no TypeScript"
    # ISO/IEC 13818-1: packets of 188 bytes, each of which begins with 0x47.  A
    # program can be made to look like that; then it holds the words of a rule.
    starts = data[::_PACKET]
    packets = len(starts) > 1 and not starts.strip(b"G") and b"\0" in data
    if packets and not pack.applicable(dialect.language.name, data):
        return "an MPEG transport stream, no TypeScript"
    return ""


def _content(file: FileChange) -> bytes:
    if file.new is not None:
        return file.new.read(MAX_BYTES)
    if file.status == "A" and len(file.hunks) == 1 and file.hunks[0].new_start <= 1:
        return file.hunks[0].added.head(MAX_BYTES)
    raise ContentUnavailableError("the whole file is needed and is not known")


def _added(file: FileChange, text: bytes) -> LineRanges:
    """Return the added lines, as numbers in ``text``."""
    readable = added_text(file)
    if readable.encoding != "utf-8" and readable.skipped is None:
        return LineRanges.of((line.number, line.number) for line in readable.lines())
    last = text.count(b"\n") + 1
    return LineRanges.of(
        (hunk.new_start, min(last, hunk.new_start + hunk.added.lines - 1))
        for hunk in file.hunks
    )


def _unavailable(file: FileChange, error: ContentUnavailableError) -> NotInspected:
    """Say of a blob that was not read whether it is too large or missing."""
    try:
        size = len(file.new.read(_LOOK)) if file.new is not None else 0
    except ContentUnavailableError:
        size = 0
    if size > MAX_BYTES:
        return NotInspected(
            file.path, "unreadable", f"too large to inspect: {size:,} bytes"
        )
    return NotInspected(file.path, "failed", str(error))

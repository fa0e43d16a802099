"""The files to scan: which, their text as UTF-8, and which of their lines were added."""

from __future__ import annotations

import os
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zt_gate.model.change import MODE_EXECUTABLE, ContentUnavailableError, FileChange
from zt_gate.model.report import NotInspected
from zt_gate.model.text import MAX_BYTES, added_text
from zt_gate.scanners.code.encodings import UnreadableCodeError, as_utf8
from zt_gate.scanners.code.languages import Dialect, by_first_line, by_name, may_hide_code

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

# Up to here a file is read to tell "too large" from "missing".
_LOOK = 6 * MAX_BYTES


@dataclass(frozen=True, slots=True)
class Spans:
    """Line numbers as sorted runs ``(first, last)``, both inclusive, that do not touch."""

    runs: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, runs: Iterable[tuple[int, int]]) -> Spans:
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
    """One file to scan: its path in the change, its text as UTF-8, its added lines."""

    path: bytes
    dialect: Dialect
    text: bytes
    added: Spans

    def place(self, workdir: Path, name: str) -> str:
        """Write the private copy; return its name, which is relative to ``workdir``."""
        with open(os.path.join(workdir, name), "wb") as file:
            file.write(self.text)
        return name

    def bare(self) -> Target:
        """Return the same target without its text, which lies in the private copy."""
        return replace(self, text=b"")

    def lines(self, workdir: Path, name: str) -> list[bytes]:
        """Return the lines of the private copy, without line ends."""
        with open(os.path.join(workdir, name), "rb") as file:
            return [line.removesuffix(b"\r") for line in file.read().split(b"\n")]


def dialect_of(file: FileChange) -> Dialect | None:
    """Return how the new side of ``file`` is to be scanned, None where it is no code with rules.

    The extension decides; without one, the first line.  A first line that was
    added, or that belongs to an executable file, counts under any name that is
    no known extension.
    """
    if file.is_deletion or file.is_submodule or file.is_symlink or not file.hunks:
        return None
    named = by_name(file.path)
    if named is not None:
        return named
    first = file.hunks[0]
    if first.new_start <= 1 and first.added.lines:
        return by_first_line(first.added.head(512))
    if file.new_mode == MODE_EXECUTABLE or may_hide_code(file.path):
        return by_first_line(_content(file)[:512])
    return None


def prepare(file: FileChange, languages: Container[str]) -> Target | NotInspected | None:
    """Return the target that ``file`` gives, why there is none, or None where none is wanted.

    ``languages`` are the names of those that there are rules for.
    """
    try:
        dialect = dialect_of(file)
        if dialect is None or dialect.language.name not in languages:
            return None
        if not any(hunk.added.lines for hunk in file.hunks):
            return None
        if file.incomplete:
            return NotInspected(file.path, "failed", file.incomplete)
        data = _content(file)
        if dialect.extension == "ts" and data.lstrip().startswith((b"<?xml", b"<!DOCTYPE TS")):
            return NotInspected(file.path, "not_applicable", "a Qt translation, no TypeScript")
        text = as_utf8(data, dialect.language)
        return Target(file.path, dialect, text, _added(file, text))
    except ContentUnavailableError as error:
        return _unavailable(file, error)
    except UnreadableCodeError as error:
        return NotInspected(file.path, "unreadable", str(error))


def _content(file: FileChange) -> bytes:
    if file.new is not None:
        return file.new.read(MAX_BYTES)
    if file.status == "A" and len(file.hunks) == 1 and file.hunks[0].new_start <= 1:
        return file.hunks[0].added.head(MAX_BYTES)
    raise ContentUnavailableError("the whole file is needed and is not known")


def _added(file: FileChange, text: bytes) -> Spans:
    """Return the added lines, as numbers in ``text``."""
    readable = added_text(file)
    if readable.encoding != "utf-8" and readable.skipped is None:
        return Spans.of((line.number, line.number) for line in readable.lines())
    last = text.count(b"\n") + 1
    return Spans.of(
        (hunk.new_start, min(last, hunk.new_start + hunk.added.lines - 1)) for hunk in file.hunks
    )


def _unavailable(file: FileChange, error: ContentUnavailableError) -> NotInspected:
    """Say of a blob that was not read whether it is too large or missing."""
    try:
        size = len(file.new.read(_LOOK)) if file.new is not None else 0
    except ContentUnavailableError:
        size = 0
    if size > MAX_BYTES:
        return NotInspected(file.path, "unreadable", f"too large to inspect: {size:,} bytes")
    return NotInspected(file.path, "failed", str(error))

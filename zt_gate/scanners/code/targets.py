"""Selects the files to scan: their text as UTF-8, and their added lines."""

from __future__ import annotations

import os
from bisect import bisect_right
from typing import TYPE_CHECKING

from zt_gate.model.change import (
    MODE_EXECUTABLE,
    MODE_SYMLINK,
    ContentUnavailableError,
    FileChange,
)
from zt_gate.model.report import NotInspected
from zt_gate.record import dataclass, replace
from zt_gate.scanners.code.comment_changes import comment_changes
from zt_gate.scanners.code.languages import (
    Dialect,
    by_first_line,
    by_name,
    may_hide_code,
)
from zt_gate.scanners.code.parameter_types import without_parameter_types
from zt_gate.scanners.code.source_encodings import UnreadableCodeError, as_utf8
from zt_gate.syntax.text import MAX_BYTES, added_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from zt_gate.scanners.code.rule_selection import EngineRules

# Bytes that are read to distinguish a file that is too large from a missing one.
_MAX_PROBE = 6 * MAX_BYTES
# Bytes of a packet of an MPEG transport stream.
_PACKET_SIZE = 188


@dataclass(frozen=True, slots=True)
class LineRanges:
    """Line numbers as sorted runs ``(first, last)``, both inclusive, with gaps between them."""

    runs: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, runs: Iterable[tuple[int, int]]) -> LineRanges:
        """Sort and join runs; drop empty ones."""
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
        """Return the first run that overlaps ``first``..``last``, cut to that range."""
        if first > last:
            return None
        index = max(0, bisect_right(self.runs, (first, 1 << 62)) - 1)
        for begin, end in self.runs[index : index + 2]:
            if end >= first and begin <= last:
                return max(begin, first), min(end, last)
        return None

    def within(self, first: int, last: int) -> Iterator[int]:
        """Yield these lines' numbers from ``first`` to ``last``."""
        run = self.first_within(first, last)
        while run is not None:
            run_first, run_last = run
            yield from range(run_first, run_last + 1)
            run = self.first_within(run_last + 1, last)


@dataclass(frozen=True, slots=True)
class Target:
    """One file to scan: its path in the change, its text as UTF-8, its added lines.

    ``rules`` are the ids of the rules that can match in it.  Without any, ``text`` and
    ``added`` are empty.
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
        """The added lines, and the lines on both sides of removed ones."""
        around_removed = [
            (max(1, hunk.new_start - 1), max(1, hunk.new_start))
            for hunk in self.file.hunks
            if hunk.removed.lines
        ]
        return LineRanges.of((*self.added.runs, *around_removed)).runs

    @property
    def touched_before(self) -> tuple[tuple[int, int], ...]:
        """In the old content: removed lines, and the lines on both sides of added ones."""
        runs = []
        for hunk in self.file.hunks:
            last = hunk.old_start + hunk.removed.lines
            runs.append((max(1, hunk.old_start - 1), last))
        return LineRanges.of(runs).runs

    @property
    def added_code(self) -> LineRanges:
        """The added lines without those that differ from the old one in a comment alone."""
        runs = list(self.added.runs)
        for number in comment_changes(self.file.hunks, self.dialect.language.name):
            runs = [
                part
                for first, last in runs
                for part in (
                    ((first, number - 1), (number + 1, last))
                    if first <= number <= last
                    else ((first, last),)
                )
            ]
        return LineRanges.of(runs)

    @property
    def added_lines(self) -> int:
        """The number of added lines."""
        return sum(hunk.added.lines for hunk in self.file.hunks)

    def without_text(self) -> Target:
        """Return the target without its text, to save memory."""
        return replace(self, text=b"")


def lines_of(workdir: Path, name: str) -> list[bytes]:
    """Return the lines of a private copy, without line ends."""
    with open(os.path.join(workdir, name), "rb") as file:
        return [line.removesuffix(b"\r") for line in file.read().split(b"\n")]


def dialect_of(file: FileChange) -> Dialect | None:
    """Return the dialect of the new content, None if it is not code with rules.

    A known extension decides, otherwise the first line.  The first line is tested if it
    was added, if the file is executable, or if the name has no extension.
    """
    if file.is_deletion or file.is_submodule or file.is_symlink:
        return None
    if not file.hunks and not becomes_code(file):
        return None
    dialect = by_name(file.path)
    if dialect is not None:
        return dialect
    first_hunk = next(iter(file.hunks), None)
    if first_hunk is not None and first_hunk.new_start <= 1 and first_hunk.added.lines:
        dialect = by_first_line(first_hunk.added.head(512))
    elif file.new_mode == MODE_EXECUTABLE or may_hide_code(file.path):
        dialect = by_first_line(_content(file)[:512])
    return dialect or _likely_dialect(file)


def _likely_dialect(file: FileChange) -> Dialect | None:
    """Return the dialect of a template or of a tool's file, if its content parses."""
    from zt_gate.scanners.code.languages import by_likely_name
    from zt_gate.syntax import source_languages

    language = source_languages.by_name(file.path)
    if language is None and may_hide_code(file.path):
        language = source_languages.by_modeline(_content(file)[:1024])
    dialect = by_likely_name(file.path, language)
    if dialect is None:
        return None
    data = _content(file)
    if dialect.language.name == "python":
        from zt_gate.scanners.code import python_statements

        return dialect if python_statements.statements(data) is not None else None
    from zt_gate.scanners.code import second_parser

    root = second_parser.parse(data, dialect.extension)
    return dialect if root is not None and not root.has_error else None


def becomes_code(file: FileChange) -> bool:
    """Whether a rename turns a file of another language, or none, into code."""
    if file.old_path is None or file.old_path == file.path:
        return False
    new_dialect = by_name(file.path)
    if new_dialect is None:
        return False
    old_dialect = by_name(file.old_path)
    return old_dialect is None or old_dialect.language is not new_dialect.language


def prepare(
    file: FileChange, engine_rules: EngineRules
) -> Target | NotInspected | None:
    """Return the target of ``file``, why it cannot be inspected, or None for other files."""
    try:
        dialect = dialect_of(file)
        if dialect is None:
            return None
        language = dialect.language
        if language.name not in engine_rules.languages:
            return None
        if file.incomplete:
            return NotInspected(file.path, "failed", file.incomplete)
        data = _content(file)
        if dialect.extension == "ts":
            other_format = _other_format_of_ts(data, dialect, engine_rules)
            if other_format:
                return NotInspected(file.path, "not_applicable", other_format)
        text = as_utf8(data, language, _is_added(file))
        text = without_parameter_types(text, dialect)
        rules = engine_rules.applicable(language.name, text)
        if not rules:
            return Target(file, dialect, b"", LineRanges(()), rules)
        return Target(file, dialect, text, _added(file, text), rules)
    except ContentUnavailableError as error:
        return _unavailable(file, error)
    except UnreadableCodeError as error:
        return NotInspected(file.path, "unreadable", str(error))


def old_text(target: Target) -> bytes | None:
    """Return the old content as UTF-8, None if it was not code of this language.

    Raises ContentUnavailableError if it is not available.
    """
    file = target.file
    if file.old_path is None or becomes_code(file) or file.old_mode == MODE_SYMLINK:
        return None
    if file.old is None:
        raise ContentUnavailableError(
            "the old content of the file is needed and not available"
        )
    try:
        dialect = target.dialect
        data = file.old.read(MAX_BYTES)
        text = as_utf8(data, dialect.language, lambda _number: False)
        return without_parameter_types(text, dialect)
    except UnreadableCodeError:
        return None  # every finding counts as new


def _other_format_of_ts(
    data: bytes, dialect: Dialect, engine_rules: EngineRules
) -> str:
    """Return what a ``.ts`` file is if it is not TypeScript, else ""."""
    if data.lstrip().startswith((b"<?xml", b"<!DOCTYPE TS")):
        return "a Qt translation, not TypeScript"
    # ISO/IEC 13818-1: packets of 188 bytes, each beginning with 0x47.  A program can
    # imitate that, but then it contains the words that a rule needs.
    sync_bytes = data[::_PACKET_SIZE]
    is_stream = len(sync_bytes) > 1 and not sync_bytes.strip(b"G") and b"\0" in data
    if is_stream and not engine_rules.applicable(dialect.language.name, data):
        return "an MPEG transport stream, not TypeScript"
    return ""


def _content(file: FileChange) -> bytes:
    if file.new is not None:
        return file.new.read(MAX_BYTES)
    if file.status == "A" and len(file.hunks) == 1 and file.hunks[0].new_start <= 1:
        return file.hunks[0].added.head(MAX_BYTES)
    raise ContentUnavailableError("the whole file is needed and not available")


def _is_added(file: FileChange) -> Callable[[int], bool]:
    """Return whether the change added the line of a number; a rename into code adds all."""
    if becomes_code(file):
        return lambda _number: True
    added = LineRanges.of(
        (hunk.new_start, hunk.new_start + hunk.added.lines - 1) for hunk in file.hunks
    )
    return lambda number: added.first_within(number, number) is not None


def _added(file: FileChange, text: bytes) -> LineRanges:
    """Return the added lines, numbered as in ``text``."""
    readable = added_text(file)
    if readable.encoding != "utf-8" and readable.skipped is None:
        return LineRanges.of((line.number, line.number) for line in readable.lines())
    last = text.count(b"\n") + 1
    return LineRanges.of(
        (hunk.new_start, min(last, hunk.new_start + hunk.added.lines - 1))
        for hunk in file.hunks
    )


def _unavailable(file: FileChange, error: ContentUnavailableError) -> NotInspected:
    """Return whether a blob that could not be read is too large or missing."""
    try:
        size = len(file.new.read(_MAX_PROBE)) if file.new is not None else 0
    except ContentUnavailableError:
        size = 0
    if size > MAX_BYTES:
        return NotInspected(
            file.path, "unreadable", f"too large to inspect: {size:,} bytes"
        )
    return NotInspected(file.path, "failed", str(error))

"""Other checks that are bypassed, removed, or whose failures are ignored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.errors import GateError
from zt_gate.scanners.tampering import path_kinds
from zt_gate.scanners.tampering.comparison import (
    Comparison,
    any_of,
    line_text,
    mentions_any,
)
from zt_gate.scanners.tampering.indented_blocks import CodeLines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.change import FileChange, Line
    from zt_gate.model.finding import Finding

    _Patterns = dict[str, re.Pattern[str]]

_BYPASSED = "tampering/checks-bypassed"
_IGNORED = "tampering/failure-ignored"
_REMOVED = "tampering/check-removed"
_GATE = lazy_re.compile(r"zt[-_]gate")
#: Files of the trusted side that are searched for another run of a removed check.
_MAX_FILES_READ = 60
# Every line that the patterns ignored-here and ignored-around match has one of these.
_IGNORED_WORDS = (
    b"||", b"true", b"exit", b"soft", b"no-fail", b"nonetests", b"fail-on", b"yes", b"always",
    b"\t-", b"\t@-", b": on",
)  # fmt: skip


def findings(comparison: Comparison) -> Iterator[Finding]:
    """Yield changes that weaken hooks and checks other than this gate."""
    yield from _bypassed(comparison)
    yield from _ignored(comparison)
    yield from _removed(comparison)


def _bypassed(comparison: Comparison) -> Iterator[Finding]:
    data = comparison.data(_BYPASSED)
    words = tuple(str(word).encode() for word in data["literals"])
    pattern = any_of(data["patterns"])
    matches: list[tuple[FileChange, Line]] = []
    for file in comparison.change.files:
        if file.is_deletion or not path_kinds.is_program(file.path):
            continue
        if not mentions_any(file, words):
            continue
        continued = _ContinuedCommands(comparison, file)
        for line in file.added_lines():
            text = CodeLines.of(line_text(line.data)).rows[0]
            # An edit of another line of the command is not about the bypass.
            if not pattern.search(text) and any(word in line.data for word in words):
                text = continued.command(line)
            if pattern.search(text) and not _skips_gate(file.path, text):
                matches.append((file, line))
    for file, line in comparison.without_moved(matches):
        message = "this command skips hooks or checks"
        yield comparison.on_line(_BYPASSED, file.path, line, message)


class _ContinuedCommands:
    """The commands of a file that are written on several lines, some of them old."""

    def __init__(self, comparison: Comparison, file: FileChange) -> None:
        self._comparison = comparison
        self._file = file
        self._lines: CodeLines | None = None

    def command(self, line: Line) -> str:
        """Return the whole command that a line is a part of, "" for a command of one line."""
        if self._lines is None:
            self._lines = CodeLines.of(self._comparison.new(self._file))
        rows, index = self._lines.rows, line.number - 1
        if index >= len(rows):
            return ""
        is_continued = rows[index].endswith("\\")
        if not is_continued and (not index or not rows[index - 1].endswith("\\")):
            return ""
        return self._lines.command(index)


def _skips_gate(path: bytes, text: str) -> bool:
    """Whether tampering/gate-disabled reports the line, which skips the gate itself."""
    if not path_kinds.decides_what_runs(path):
        return False
    return "SKIP" in text and _GATE.search(text) is not None


def _ignored(comparison: Comparison) -> Iterator[Finding]:
    finder = _IgnoredFailures(comparison)
    matches: list[tuple[FileChange, Line]] = []
    for file in comparison.change.files:
        if file.is_deletion or file.is_submodule:
            continue
        if path_kinds.runs_checks(file.path):
            matches += ((file, line) for line in finder.lines_of(file))
    for file, line in comparison.without_moved(matches):
        message = "the failure of this check is ignored"
        yield comparison.on_line(_IGNORED, file.path, line, message)


class _IgnoredFailures:
    """Finds added lines that ignore the failure of a check."""

    def __init__(self, comparison: Comparison) -> None:
        data = comparison.data(_IGNORED)
        self._comparison = comparison
        self._checks = lazy_re.compile(
            r"(?:^\t@?-|^|[\s;&|(\"'/=])(?:" + "|".join(data["checks"]) + r")(?!\w)",
            re.MULTILINE,
        )
        self._here = any_of(data["ignored-here"])
        self._around = any_of(data["ignored-around"])
        self._unless = any_of(data["unless"])

    def lines_of(self, file: FileChange) -> Iterator[Line]:
        """Yield the lines of one file, except runs of the gate, which have another rule."""
        if not mentions_any(file, _IGNORED_WORDS):
            return
        candidates = [line for line in file.added_lines() if self._may_ignore(line)]
        if not candidates:
            return
        text = self._comparison.new(file)
        if text is None:
            return
        lines = CodeLines.of(text)
        is_make = path_kinds.is_make(file.path)
        for line in candidates:
            index = line.number - 1
            if index < len(lines.rows) and self._ignores(lines, index, is_make=is_make):
                yield line

    def _may_ignore(self, line: Line) -> bool:
        text = line_text(line.data)
        return bool(self._here.search(text) or self._around.search(text))

    def _ignores(self, lines: CodeLines, index: int, *, is_make: bool) -> bool:
        row = lines.rows[index]
        if self._around.search(row):
            rows = [lines.rows[number] for number in lines.block(index)]
            commands = [text for text in rows if not self._unless.search(text)]
            return self._is_check("\n".join(commands))
        if not is_make:  # a dash at the start of a command only counts in makefiles
            row = row.lstrip("\t")
        if not self._here.search(row):
            return False
        command = lines.command(index)
        return self._is_check(command) and not self._unless.search(command)

    def _is_check(self, text: str) -> bool:
        return self._checks.search(text) is not None and not _GATE.search(text)


def _removed(comparison: Comparison) -> Iterator[Finding]:
    """Yield security checks that no file which runs checks names any more."""
    tools = _tools(comparison)
    lost: dict[str, bytes] = {}
    remaining: set[str] = set()
    for file in comparison.change.files:
        before, after = _tools_of(comparison, file, tools)
        remaining |= after
        for tool in before - after:
            lost.setdefault(tool, file.path)
    removed = {tool: path for tool, path in lost.items() if tool not in remaining}
    still_running = _in_other_files(comparison, {tool: tools[tool] for tool in removed})
    for tool, path in removed.items():
        if tool not in still_running:
            message = f"{tool} no longer runs here or in any other check of the project"
            yield comparison.on_file(_REMOVED, path, message, subject=tool)


def _tools(comparison: Comparison) -> _Patterns:
    """Return the patterns of the security tools by name."""
    patterns = {}
    for tool in comparison.data(_REMOVED)["tools"]:
        escaped = re.escape(tool)
        patterns[tool] = lazy_re.compile(rf"(?<![\w-]){escaped}(?!\w)", re.IGNORECASE)
    return patterns


def _tools_of(
    comparison: Comparison, file: FileChange, tools: _Patterns
) -> tuple[set[str], set[str]]:
    """Return the tools that a file may lose, and those that it runs after the change.

    A side is read only if the changed lines name a tool.
    """
    words = tuple(tool.encode() for tool in tools)
    ran_checks = file.old_path is not None and path_kinds.runs_checks(file.old_path)
    runs_checks = not file.is_deletion and path_kinds.runs_checks(file.path)
    may_lose = ran_checks and file.status != "C"
    if may_lose and runs_checks:
        may_lose = mentions_any(file, words, removed=True)
    before = _named(comparison.old(file), tools) if may_lose else set()
    after = set()
    if runs_checks and (may_lose or mentions_any(file, words)):
        after = _named(comparison.new(file), tools)
    return before, after


def _named(text: str | None, tools: _Patterns) -> set[str]:
    code = "\n".join(CodeLines.of(text).rows)
    return {tool for tool, pattern in tools.items() if pattern.search(code)}


def _in_other_files(comparison: Comparison, tools: _Patterns) -> set[str]:
    """Return which of the tools still run in a file that the change does not touch."""
    if not tools:
        return set()
    touched: set[bytes | None] = set()
    for file in comparison.change.files:
        touched.update((file.path, file.old_path))
    paths = [
        path
        for path in comparison.context.trusted_paths() or ()
        if path not in touched and path_kinds.decides_what_runs(path)
    ]
    running: set[str] = set()
    for path in paths[:_MAX_FILES_READ]:
        try:
            data = comparison.context.trusted_file(path)
        except GateError:  # such as a link: a file that cannot be read runs no check
            continue
        if data:
            running |= _named(data.decode("utf-8", "replace"), tools)
    return running

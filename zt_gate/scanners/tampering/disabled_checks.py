"""Other checks: hooks that are passed by, failures that count for nothing, checks that go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.errors import GateError
from zt_gate.scanners.tampering import path_kinds
from zt_gate.scanners.tampering.comparison import Look, either, shown, speaks
from zt_gate.scanners.tampering.indented_blocks import CodeLines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.change import FileChange, Line
    from zt_gate.model.finding import Finding

_BYPASSED = "tampering/checks-bypassed"
_IGNORED = "tampering/failure-ignored"
_REMOVED = "tampering/check-removed"
_GATE = re.compile(r"zt[-_]gate")
#: Files of the trusted side that are read to see whether a check runs there still.
_MOST_READ = 60
# One of these stands in every line that ignored-here or ignored-around speaks of.
_WORDS = (b"||", b"true", b"exit", b"soft", b"no-fail", b"nonetests", b"fail-on", b"yes", b"always",
          b"\t-", b"\t@-", b": on")  # fmt: skip


def findings(look: Look) -> Iterator[Finding]:
    """Yield what weakens hooks and checks other than this gate."""
    yield from _bypassed(look)
    yield from _ignored(look)
    yield from _removed(look)


def _bypassed(look: Look) -> Iterator[Finding]:
    data = look.data(_BYPASSED)
    literals = tuple(str(word).encode() for word in data["literals"])
    pattern = either(data["patterns"])
    found: list[tuple[FileChange, Line]] = []
    for file in look.change.files:
        if (
            file.is_deletion
            or not path_kinds.is_program(file.path)
            or not speaks(file, literals)
        ):
            continue
        shared = path_kinds.decides_what_runs(file.path)
        for line in file.added_lines():
            text = CodeLines.of(shown(line.data)).rows[0]
            # The gate's own skipping in these files is tampering/gate-disabled.
            if pattern.search(text) and not (
                shared and "SKIP" in text and _GATE.search(text)
            ):
                found.append((file, line))
    for file, line in look.arrived(found):
        message = "the hooks do not run, or not all of them, where this command does"
        yield look.on_line(_BYPASSED, file.path, line, message)


def _ignored(look: Look) -> Iterator[Finding]:
    reader = _Ignored(look)
    found: list[tuple[FileChange, Line]] = []
    for file in look.change.files:
        if (
            not file.is_deletion
            and not file.is_submodule
            and path_kinds.runs_checks(file.path)
        ):
            found += ((file, line) for line in reader.lines_of(file))
    for file, line in look.arrived(found):
        message = "the check's failure stops nothing with this"
        yield look.on_line(_IGNORED, file.path, line, message)


class _Ignored:
    """Finds the added lines that let a check fail in silence."""

    def __init__(self, look: Look) -> None:
        data = look.data(_IGNORED)
        self._look = look
        self._checks = re.compile(
            r"(?:^\t@?-|^|[\s;&|(\"'/=])(?:" + "|".join(data["checks"]) + r")(?!\w)",
            re.MULTILINE,
        )
        self._here = either(data["ignored-here"])
        self._around = either(data["ignored-around"])
        self._unless = either(data["unless"])

    def lines_of(self, file: FileChange) -> Iterator[Line]:
        """Yield them, of one file; the gate's own runs are another rule's."""
        if not speaks(file, _WORDS):
            return
        candidates = [line for line in file.added_lines() if self._may(line)]
        text = self._look.new(file) if candidates else None
        if text is None:
            return
        lines = CodeLines.of(text)
        make = path_kinds.is_make(file.path)
        for line in candidates:
            at = line.number - 1
            if at < len(lines.rows) and self._silent(lines, at, make=make):
                yield line

    def _may(self, line: Line) -> bool:
        text = shown(line.data)
        return bool(self._here.search(text) or self._around.search(text))

    def _silent(self, lines: CodeLines, at: int, *, make: bool) -> bool:
        row = lines.rows[at]
        if self._around.search(row):
            rows = [lines.rows[n] for n in lines.block(at)]
            checks = [text for text in rows if not self._unless.search(text)]
            return self._is_check("\n".join(checks))
        command = lines.command(at)
        if not make:
            row = row.lstrip("\t")
        return (
            self._here.search(row) is not None
            and self._is_check(command)
            and not self._unless.search(command)
        )

    def _is_check(self, text: str) -> bool:
        return self._checks.search(text) is not None and not _GATE.search(text)


def _removed(look: Look) -> Iterator[Finding]:
    """Yield security checks that no file which starts checks names any more."""
    tools: dict[str, re.Pattern[str]] = {}
    for tool in look.data(_REMOVED)["tools"]:
        tools[tool] = re.compile(rf"(?<![\w-]){re.escape(tool)}(?!\w)", re.IGNORECASE)
    words = tuple(tool.encode() for tool in tools)
    lost: dict[str, bytes] = {}
    kept: set[str] = set()
    for file in look.change.files:
        was = file.old_path is not None and path_kinds.runs_checks(file.old_path)
        is_now = not file.is_deletion and path_kinds.runs_checks(file.path)
        if not was and not is_now:
            continue
        gone = (
            was
            and file.status != "C"
            and (not is_now or speaks(file, words, removed=True))
        )
        came = is_now and (gone or speaks(file, words))
        before = _named(look.old(file), tools) if gone else set()
        after = _named(look.new(file), tools) if came else set()
        kept |= after
        for tool in before - after:
            lost.setdefault(tool, file.path)
    gone_for_good = {tool: path for tool, path in lost.items() if tool not in kept}
    elsewhere = _elsewhere(look, gone_for_good, tools)
    for tool, path in gone_for_good.items():
        if tool not in elsewhere:
            message = (
                f"{tool} no longer runs here, and nowhere else in the project's checks"
            )
            yield look.on_file(_REMOVED, path, message, subject=tool)


def _named(text: str | None, tools: dict[str, re.Pattern[str]]) -> set[str]:
    told = "\n".join(CodeLines.of(text).rows)
    return {tool for tool, pattern in tools.items() if pattern.search(told)}


def _elsewhere(
    look: Look, lost: dict[str, bytes], tools: dict[str, re.Pattern[str]]
) -> set[str]:
    """Return which of the lost checks still run in a file that the change leaves alone."""
    if not lost:
        return set()
    touched = {
        path for file in look.change.files for path in (file.path, file.old_path)
    }
    paths = [
        path
        for path in look.context.trusted_paths() or ()
        if path not in touched and path_kinds.decides_what_runs(path)
    ]
    wanted = {tool: tools[tool] for tool in lost}
    found: set[str] = set()
    for path in paths[:_MOST_READ]:
        try:
            data = look.context.trusted_file(path)
        except (
            GateError
        ):  # a link, say: what cannot be read runs no check, and that is told
            continue
        found |= _named(data.decode("utf-8", "replace") if data else None, wanted)
    return found

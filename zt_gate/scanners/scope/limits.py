"""How much a change touches: files, lines, deletions, binaries, permissions, copies.

All of this warns; nothing here says that the change is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.model.change import MODE_EXECUTABLE, MODE_FILE, ContentUnavailableError
from zt_gate.model.finding import Location
from zt_gate.model.report import NotInspected
from zt_gate.syntax.file_types import binary_format
from zt_gate.syntax.globs import Glob, compile_glob
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.model.change import Blob, ChangeSet, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context

_GENERATED = "scope/generated-edited"
_VENDORED = "scope/vendored-edited"
_EXECUTABLE = "scope/made-executable"
_HEAD = 2000
#: Findings of one rule; the paths beyond are counted in the last one's message.
_MOST = 20


@dataclass(slots=True)
class Missed:
    """Collects what could not be looked at."""

    items: list[NotInspected] = field(default_factory=list)


def findings(change: ChangeSet, context: Context, missed: Missed) -> Iterator[Finding]:
    """Yield what is more than the limits, and what should not change by itself."""
    sorts = _Sorts(context.rules)
    yield from _counts(change, context, sorts)
    yield from _executable(change, context.rules, missed)
    yield from _generated(change, context.rules, sorts)
    yield from _vendored(change, context.rules, sorts)


class _Sorts:
    """Which files are generated, vendored or locks, by their names."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        vendored = rules[_VENDORED].data
        groups = rules["scope/restricted-path"].data["groups"]
        self._generated = _globs(rules[_GENERATED].data["paths"])
        self._vendored = _globs(vendored["paths"])
        self._locks = _globs(vendored["locks"])
        self._records = _globs(
            (*vendored["records"], *vendored["locks"], *groups["dependencies"])
        )
        self.marks = tuple(
            str(mark).encode() for mark in rules[_GENERATED].data["marks"]
        )

    def generated(self, path: bytes) -> bool:
        """Whether a generator makes files of this name."""
        return _any(self._generated, path)

    def vendored(self, path: bytes) -> bool:
        """Whether the path lies in a folder of copies."""
        return _any(self._vendored, path)

    def record(self, path: bytes) -> bool:
        """Whether the file says which version of something is used."""
        return is_any(path, "lock") or _any(self._records, path)

    def counts(self, path: bytes) -> bool:
        """Whether a person would read the file in a review."""
        is_lock = is_any(path, "lock") or _any(self._locks, path)
        return not (is_lock or self.generated(path) or self.vendored(path))


def _globs(patterns: Sequence[str]) -> tuple[Glob, ...]:
    return tuple(map(compile_glob, patterns))


def _any(globs: Sequence[Glob], path: bytes) -> bool:
    return any(glob.matches(path) for glob in globs)


def _counts(change: ChangeSet, context: Context, sorts: _Sorts) -> Iterator[Finding]:
    scope = context.scope
    lines = deletions = binaries = 0
    for file in change.files:
        deletions += file.is_deletion
        if _is_binary(file):
            binaries += not file.is_deletion
        elif sorts.counts(file.path):
            lines += sum(hunk.added.lines + hunk.removed.lines for hunk in file.hunks)
    files = len(change.files)
    if files > scope.max_files:
        files = sum(sorts.counts(file.path) for file in change.files)
    rows = (
        ("files", files, scope.max_files, "files are touched"),
        ("lines", lines, scope.max_lines, "lines are added or removed"),
        ("deletions", deletions, scope.max_deletions, "files are deleted"),
        ("binaries", binaries, scope.max_binaries, "binary files are added or changed"),
    )
    for name, count, most, told in rows:
        if count > most:
            message = f"{count:,} {told}, more than [scope] max-{name} = {most:,}"
            rule = context.rules[f"scope/many-{name}"]
            yield rule.finding(Location("change"), message, subject=change.digest)


def _is_binary(file: FileChange) -> bool:
    """Whether the first bytes of what changed belong to no text."""
    for hunk in file.hunks[:1]:
        head = (hunk.added if hunk.added.length else hunk.removed).head(_HEAD)
        return b"\0" in head or binary_format(head) is not None
    return bool(file.incomplete)


def _executable(
    change: ChangeSet, rules: Mapping[str, Rule], missed: Missed
) -> Iterator[Finding]:
    """Yield files that were there and became executable, where something would run them.

    The bit on other text is the tampering scanner's.
    """
    found = []
    for file in change.files:
        if (file.old_mode, file.new_mode) == (MODE_FILE, MODE_EXECUTABLE):
            head = _head(file, missed)
            if head is not None and (head.startswith(b"#!") or b"\0" in head):
                found.append(file.path)
    yield from _each(found, rules[_EXECUTABLE], "the file was not executable before")


def _generated(
    change: ChangeSet, rules: Mapping[str, Rule], sorts: _Sorts
) -> Iterator[Finding]:
    """Yield edited generated files, where the change holds nothing that they could come from.

    A file whose first lines are not at hand (a patch without its blobs) counts
    as a source: what is missing is told by the scanners that must read it.
    """
    edited = []
    for file in change.files:
        if not sorts.generated(file.path):
            head = (
                None if file.is_deletion or file.is_submodule else _head(file, Missed())
            )
            if head is None or not any(mark in head.lower() for mark in sorts.marks):
                return
        if file.status == "M" and file.hunks:
            edited.append(file.path)
    yield from _each(
        edited, rules[_GENERATED], "nothing that it is made from changes with it"
    )


def _vendored(
    change: ChangeSet, rules: Mapping[str, Rule], sorts: _Sorts
) -> Iterator[Finding]:
    edited = [
        file.path
        for file in change.files
        if file.status == "M" and file.hunks and sorts.vendored(file.path)
    ]
    if edited and not any(sorts.record(file.path) for file in change.files):
        yield from _each(
            edited, rules[_VENDORED], "no record of its version changes with it"
        )


def _each(paths: Sequence[bytes], rule: Rule, told: str) -> Iterator[Finding]:
    for path in paths[:_MOST]:
        yield rule.finding(
            Location("file", path), f"{rule.title}: {told}", subject=told
        )
    if len(paths) > _MOST:
        message = f"{rule.title}: {len(paths) - _MOST} more files"
        yield rule.finding(
            Location("change"), message, subject=f"{rule.id} {len(paths)}"
        )


def _head(file: FileChange, missed: Missed) -> bytes | None:
    """Return the first bytes of the new file; None, and a note, where they are not there."""
    first = next(iter(file.hunks), None)
    if first is not None and file.status == "A":
        return first.added.head(_HEAD)
    blob: Blob | None = file.new
    try:
        if blob is None:
            raise ContentUnavailableError("the new content of the file is not known")
        return blob.read()[:_HEAD]
    except ContentUnavailableError as error:
        missed.items.append(NotInspected(file.path, "failed", str(error)))
        return None

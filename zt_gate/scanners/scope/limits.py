"""Checks the size of a change, executable bits, and generated and vendored files.

All of these rules warn: such a change is not wrong in itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.change import MODE_EXECUTABLE, MODE_FILE, ContentUnavailableError
from zt_gate.model.finding import Location
from zt_gate.model.report import NotInspected
from zt_gate.scanners.scope.generated_mark import has_mark
from zt_gate.syntax.file_types import binary_format
from zt_gate.syntax.globs import Glob, compile_glob
from zt_gate.syntax.paths import is_any
from zt_gate.syntax.text import script_head

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context

_GENERATED = "scope/generated-edited"
_VENDORED = "scope/vendored-edited"
_EXECUTABLE = "scope/made-executable"
#: Bytes at the start of a file that show its type or its generator.
_HEAD = 2000
#: Findings of one rule; the last one's message counts the other paths.
_MAX_FINDINGS = 20


def findings(
    change: ChangeSet, context: Context, not_inspected: list[NotInspected]
) -> Iterator[Finding]:
    """Yield exceeded limits, and edits of files that should not change on their own.

    Appends the files that could not be read to ``not_inspected``.
    """
    file_groups = FileGroups(context.rules)
    yield from _exceeded_limits(change, context, file_groups)
    yield from _made_executable(change, context.rules, not_inspected)
    yield from _generated(change, context.rules, file_groups)
    yield from _vendored(change, context.rules, file_groups)


class FileGroups:
    """Recognizes generated, vendored and lock files by their paths."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        generated = rules[_GENERATED].data
        vendored = rules[_VENDORED].data
        manifests = rules["scope/restricted-path"].data["groups"]["dependencies"]
        self._generated = _globs(generated["paths"])
        self._vendored = _globs(vendored["paths"])
        self._locks = _globs(vendored["locks"])
        self._version_records = _globs(
            (*vendored["records"], *vendored["locks"], *manifests)
        )
        #: Phrases at the start of generated files, in lower case.
        self.marks = tuple(str(mark).encode() for mark in generated["marks"])

    def is_generated(self, path: bytes) -> bool:
        """Whether files with this path are usually generated."""
        return _matches_any(self._generated, path)

    def is_vendored(self, path: bytes) -> bool:
        """Whether the path is in a folder of vendored code."""
        return _matches_any(self._vendored, path)

    def is_version_record(self, path: bytes) -> bool:
        """Whether the file records which version of a dependency is used."""
        return is_any(path, "lock") or _matches_any(self._version_records, path)

    def is_reviewed(self, path: bytes) -> bool:
        """Whether people read the file in a review, so that it counts towards limits."""
        is_lock = is_any(path, "lock") or _matches_any(self._locks, path)
        return not (is_lock or self.is_generated(path) or self.is_vendored(path))


def _globs(patterns: Sequence[str]) -> tuple[Glob, ...]:
    return tuple(map(compile_glob, patterns))


def _matches_any(globs: Sequence[Glob], path: bytes) -> bool:
    return any(glob.matches(path) for glob in globs)


def _exceeded_limits(
    change: ChangeSet, context: Context, file_groups: FileGroups
) -> Iterator[Finding]:
    scope = context.scope
    lines = deletions = binaries = 0
    for file in change.files:
        if file.moved_to is not None or file.through_link:
            continue  # counted at its new path, or where the file itself is
        deletions += file.is_deletion
        if _is_binary(file):
            binaries += not file.is_deletion
        elif file_groups.is_reviewed(file.path):
            lines += sum(hunk.added.lines + hunk.removed.lines for hunk in file.hunks)
    changed = [
        file for file in change.files if file.moved_to is None and not file.through_link
    ]
    files = len(changed)
    if files > scope.max_files:
        files = sum(file_groups.is_reviewed(file.path) for file in changed)
    limits = (
        ("files", files, scope.max_files, "files are changed"),
        ("lines", lines, scope.max_lines, "lines are added or removed"),
        ("deletions", deletions, scope.max_deletions, "files are deleted"),
        ("binaries", binaries, scope.max_binaries, "binary files are added or changed"),
    )
    for name, count, limit, description in limits:
        if count > limit:
            message = (
                f"{count:,} {description}; the limit is [scope] max-{name} = {limit:,}"
            )
            rule = context.rules[f"scope/many-{name}"]
            yield rule.finding(Location("change"), message, subject=change.digest)


def _is_binary(file: FileChange) -> bool:
    """Whether the first changed bytes are not text."""
    if not file.hunks:
        return bool(file.incomplete)
    first = file.hunks[0]
    body = first.added if first.added.length else first.removed
    head = body.head(_HEAD)
    return b"\0" in head or binary_format(head) is not None


def _made_executable(
    change: ChangeSet, rules: Mapping[str, Rule], not_inspected: list[NotInspected]
) -> Iterator[Finding]:
    """Yield existing scripts and binaries that became executable.

    The scanner ``tampering`` reports other files that did.
    """
    paths = []
    for file in change.files:
        if (file.old_mode, file.new_mode) != (MODE_FILE, MODE_EXECUTABLE):
            continue
        head = _head(file, not_inspected)
        if head is not None and (script_head(head) or b"\0" in head):
            paths.append(file.path)
    reason = "the file was not executable before"
    yield from _per_path(paths, rules[_EXECUTABLE], reason)


def _generated(
    change: ChangeSet, rules: Mapping[str, Rule], file_groups: FileGroups
) -> Iterator[Finding]:
    """Yield edited generated files if the change edits no possible source of them.

    A file whose start is not available (a patch without its blobs) counts as a
    source; the scanners that must read it report it as not inspected.  A lock file is
    neither: an update of what it pins changes it alone.
    """
    edited = []
    for file in change.files:
        if is_any(file.path, "lock"):
            continue
        if not file_groups.is_generated(file.path) and not _has_mark(
            file, file_groups.marks
        ):
            return
        if file.status == "M" and file.hunks:
            edited.append(file.path)
    reason = "no file that it could be generated from changes with it"
    yield from _per_path(edited, rules[_GENERATED], reason)


def _has_mark(file: FileChange, marks: Sequence[bytes]) -> bool:
    """Whether the file begins with a generator's mark."""
    if file.is_deletion or file.is_submodule:
        return False
    head = _head(file, [])
    return head is not None and has_mark(file.path, head, marks)


def _vendored(
    change: ChangeSet, rules: Mapping[str, Rule], file_groups: FileGroups
) -> Iterator[Finding]:
    edited = [
        file.path
        for file in change.files
        if file.status == "M" and file.hunks and file_groups.is_vendored(file.path)
    ]
    if not edited:
        return
    if any(file_groups.is_version_record(file.path) for file in change.files):
        return
    reason = "no file that records its version changes with it"
    yield from _per_path(edited, rules[_VENDORED], reason)


def _per_path(paths: Sequence[bytes], rule: Rule, reason: str) -> Iterator[Finding]:
    for path in paths[:_MAX_FINDINGS]:
        message = f"{rule.title}: {reason}"
        yield rule.finding(Location("file", path), message, subject=reason)
    if len(paths) > _MAX_FINDINGS:
        message = f"{rule.title}: {len(paths) - _MAX_FINDINGS} more files"
        subject = f"{rule.id} {len(paths)}"
        yield rule.finding(Location("change"), message, subject=subject)


def _head(file: FileChange, not_inspected: list[NotInspected]) -> bytes | None:
    """Return the first bytes of the new file.

    If they are not available, returns None and notes the file in ``not_inspected``.
    """
    if file.status == "A" and file.hunks:
        return file.hunks[0].added.head(_HEAD)
    try:
        if file.new is None:
            raise ContentUnavailableError("the new content of the file is not known")
        return file.new.read()[:_HEAD]
    except ContentUnavailableError as error:
        not_inspected.append(NotInspected(file.path, "failed", str(error)))
        return None

"""What a change adds: every manifest read on both sides, and the difference."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifest_formats import format_of, text_formats
from zt_gate.ecosystems.manifests import reader_for, reader_named, requirements
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    leaves_repository,
    quoted,
    resolve_path,
)
from zt_gate.model.change import ContentUnavailableError
from zt_gate.model.report import NotInspected
from zt_gate.scanners.dependencies.manifest_difference import (
    Addition,
    Difference,
    Identity,
    Manifest,
    Remark,
)
from zt_gate.scanners.dependencies.quick_check import may_add
from zt_gate.scanners.dependencies.reconcile import Sides, reconcile
from zt_gate.syntax.text import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from zt_gate.ecosystems.manifests.base import Reader
    from zt_gate.model.change import Blob, ChangeSet, FileChange
    from zt_gate.model.report import SkipKind
    from zt_gate.model.rule import Rule

_MOST_INCLUDES = 100


def difference(
    change: ChangeSet,
    trusted: Callable[[bytes], bytes | None],
    paths: Callable[[], Sequence[bytes] | None] = lambda: None,
    rules: Mapping[str, Rule] | None = None,
) -> Difference:
    """Read the manifests of a change; ``trusted`` reads a file of the trusted side.

    ``paths`` lists that side's files: with them, and with the table in
    ``rules``, imports that nothing declares are found.
    """
    result = Difference()
    manifests = result.manifests = tuple(_manifests(change, result))
    known = {
        entry.identity for manifest in manifests for entry in manifest.old if entry.name
    }
    versions = {
        (entry.identity, entry.constraint)
        for manifest in manifests
        for entry in manifest.old
    }
    imported: list[Addition] = []
    for manifest in manifests:
        # A name is known wherever in the repository it stood; an option holds
        # for its own file.  The second version of one name is only a version.
        seen = {entry.identity for entry in manifest.old}
        marks: set[tuple[Identity, str]] = set()
        for entry in manifest.new:
            mark = (entry.identity, entry.constraint)
            if mark in marks or entry.source.kind == "self":
                continue
            marks.add(mark)
            addition = Addition(entry, manifest)
            if ecosystem_named(entry.ecosystem).pin_pattern:
                if mark not in versions:
                    _pinning(addition, result)
            elif entry.identity in seen or entry.identity in known:
                if mark not in versions and entry.key:
                    result.constrained.append(addition)
            elif entry.source.kind == "import":
                imported.append(addition)
            elif entry.source.kind == "computed":
                told = NotInspected(
                    manifest.file.path, "not_applicable", entry.source.target
                )
                result.not_inspected.append(told)
            elif entry.source.kind == "include":
                _follow(entry, manifest, change, trusted, result)
            else:
                result.added.append(addition)
            seen.add(entry.identity)
    changed = frozenset(
        path
        for file in change.files
        for path in (file.path, file.old_path)
        if path is not None
    )
    # A tree is its own repository, where no other is known.
    listing = (lambda: paths() or ()) if change.kind == "tree" else paths
    reconcile(
        result, manifests, imported, Sides(changed, trusted, listing, rules or {})
    )
    return result


def _pinning(addition: Addition, result: Difference) -> None:
    from zt_gate.scanners.dependencies.unpinned_actions import unpinned

    told = unpinned(addition.dependency)
    if told:
        result.remarks.append(Remark(addition, "dependencies/unpinned-action", told))


def _manifests(change: ChangeSet, result: Difference) -> Iterator[Manifest]:
    """Read every changed manifest, and what they include under other names."""
    waiting: list[tuple[FileChange, Reader, Reader | None]] = []
    for file in change.files:
        if not may_add(file):
            continue
        reader = reader_for(file.path)
        before = reader_for(file.old_path) if file.old_path is not None else None
        if reader is not None and not file.is_submodule:
            waiting.append((file, reader, before))
        elif before is not None:  # renamed to a name that is no manifest's
            old = _read_old(file, before)
            yield Manifest(file, before, old=old)
    seen = {file.path for file, _, _ in waiting}
    files = {file.path: file for file in change.files}
    while waiting:
        file, reader, before = waiting.pop(0)
        manifest = _read(file, reader, before, result)
        if manifest is None:
            continue
        yield manifest
        for entry in (*manifest.new, *manifest.old):
            path = (
                resolve_path(file.path, entry.source.target)
                if _is_include(entry)
                else b""
            )
            if (
                path in files
                and path not in seen
                and len(seen) < _MOST_INCLUDES + len(files)
            ):
                seen.add(path)
                included = reader_named("requirements")
                waiting.append((files[path], included, included))


def _is_include(entry: Dependency) -> bool:
    return entry.source.kind == "include"


def _read(
    file: FileChange, reader: Reader, before: Reader | None, result: Difference
) -> Manifest | None:
    old = _read_old(file, before) if before is not None else ()
    if file.is_deletion:
        return Manifest(file, reader, old=old)
    try:
        if file.new is None:
            raise ContentUnavailableError("the new content of the file is not known")
        data = file.new.read(MAX_BYTES)
    except ContentUnavailableError as error:
        kind: SkipKind = "not_applicable" if reader.name in text_formats() else "failed"
        result.not_inspected.append(NotInspected(file.path, kind, str(error)))
        return None
    if file.is_symlink:
        return _linked(file, data, reader, result)
    try:
        return Manifest(file, reader, data, reader.read(file.path, data), old)
    except ManifestError as error:
        result.not_inspected.append(
            NotInspected(file.path, error.kind, f"manifest: {error}")
        )
        return None


def _read_old(file: FileChange, reader: Reader) -> tuple[Dependency, ...]:
    """Return what the old side names; nothing where it cannot be read: then all is new."""
    blob: Blob | None = file.old
    try:
        return (
            reader.read(file.old_path or file.path, blob.read(MAX_BYTES))
            if blob
            else ()
        )
    except (ContentUnavailableError, ManifestError):
        return ()


def _linked(
    file: FileChange, target: bytes, reader: Reader, result: Difference
) -> Manifest | None:
    """Take a link to another manifest of the same kind: that one is read where it changes."""
    path = resolve_path(file.path, target.decode("utf-8", "replace"))
    outside = leaves_repository(file.path, target.decode("utf-8", "replace"))
    if outside or format_of(path) != reader.name:
        reason = (
            "a manifest that is a symbolic link to something else: it was not followed"
        )
        result.not_inspected.append(NotInspected(file.path, "unreadable", reason))
    return None


def _follow(
    entry: Dependency,
    manifest: Manifest,
    change: ChangeSet,
    trusted: Callable[[bytes], bytes | None],
    result: Difference,
) -> None:
    """Read what a new ``-r`` line brings in from a file that is not part of the change."""
    path = manifest.file.path
    if leaves_repository(path, entry.source.target):
        outside = dataclasses.replace(entry, source=Source("path", entry.source.target))
        result.added.append(Addition(outside, manifest))
        return
    target = resolve_path(path, entry.source.target)
    if reader_for(target) is not None or any(
        file.path == target for file in change.files
    ):
        return  # read for itself, now or when it came
    data = trusted(target)
    if data is None:
        reason = f"includes {quoted(entry.source.target)}, which could not be read"
        result.not_inspected.append(NotInspected(path, "failed", reason))
        return
    try:
        included = requirements.read(target, data)
    except ManifestError as error:
        reason = f"includes {quoted(entry.source.target)}: {error}"
        result.not_inspected.append(NotInspected(path, "unreadable", reason))
        return
    for one in included:
        here = dataclasses.replace(
            one, line=entry.line, column=entry.column, end_column=entry.end_column
        )
        result.added.append(Addition(here, manifest))

"""Difference of a change's manifests: the entries that the new side adds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifest_formats import (
    format_of,
    is_template_path,
    lock_formats,
    text_formats,
)
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
from zt_gate.record import replace
from zt_gate.scanners.dependencies.changed_tree import tree_after
from zt_gate.scanners.dependencies.manifest_difference import (
    Addition,
    Difference,
    Identity,
    Manifest,
    ManifestFinding,
)
from zt_gate.scanners.dependencies.named_requirements import named_files
from zt_gate.scanners.dependencies.quick_check import may_add_dependency
from zt_gate.scanners.dependencies.reconcile import RepositoryContext, reconcile
from zt_gate.scanners.dependencies.references import References
from zt_gate.syntax.text import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.manifests.lock_content import LockContent
    from zt_gate.ecosystems.manifests.reader import Reader
    from zt_gate.ecosystems.project_tree import ProjectTree
    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.model.report import SkipKind
    from zt_gate.model.rule import Rule

_MOST_INCLUDES = 100
#: No entries, and no content of a lock file.
_NOTHING: tuple[tuple[Dependency, ...], LockContent | None] = ((), None)
_TEMPLATE = (
    "template of a manifest: only the names that it holds as they are were checked"
)


def difference(
    change: ChangeSet,
    trusted: Callable[[bytes], bytes | None],
    paths: Callable[[], Sequence[bytes] | None] = lambda: None,
    rules: Mapping[str, Rule] | None = None,
) -> Difference:
    """Compare the manifests of a change; ``trusted`` reads a file of the trusted side.

    ``paths`` lists the files of the trusted side.  With them, and with the table
    in ``rules``, imports of undeclared packages are found as well.
    """
    result = Difference()
    named = named_files(change.files, trusted, paths)
    # A tree that lies outside a repository has no other files.
    listing = cache((lambda: paths() or ()) if change.kind == "tree" else paths)
    result.tree = cache(lambda: tree_after(change, trusted, listing))
    manifests = result.manifests = tuple(
        _inheriting(manifest, result.tree)
        for manifest in _manifests(change, result, named)
    )
    references = References(rules or {}, trusted, paths, change.kind == "tree")
    comparison = _Comparison(change, manifests, result, references)
    imported = comparison.compare()
    if imported:
        from zt_gate.scanners.dependencies.imported_modules import imported_names

        result.imported = imported_names(imported)
    changed_paths = frozenset(
        path
        for file in change.files
        for path in (file.path, file.old_path)
        if path is not None
    )
    context = RepositoryContext(
        changed_paths, trusted, listing, rules or {}, result.tree
    )
    reconcile(result, manifests, imported, context)
    if any(manifest.reader.name in lock_formats() for manifest in manifests):
        from zt_gate.scanners.dependencies.lock_checks import lock_findings

        result.manifest_findings += lock_findings(change, manifests, trusted)
    return result


def _inheriting(manifest: Manifest, tree: Callable[[], ProjectTree]) -> Manifest:
    """Return a manifest with the coordinates that its entries have from other files."""
    if manifest.reader.name != "maven" or not any(
        entry.source.kind == "computed" for entry in (*manifest.new, *manifest.old)
    ):
        return manifest
    from zt_gate.ecosystems.local_packages import maven

    after = tree()
    path = manifest.file.path
    new = maven.resolved_entries(after, path, manifest.new)
    old = manifest.old
    if after.base is not None:
        old = maven.resolved_entries(after.base, manifest.file.old_path or path, old)
    return replace(manifest, new=new, old=old)


class _Comparison:
    """Sorts the entries of the new side into those of the old side and those added."""

    def __init__(
        self,
        change: ChangeSet,
        manifests: Sequence[Manifest],
        result: Difference,
        references: References,
    ) -> None:
        self.references = references
        #: Whether the trusted side's workflows name the forge's actions by tag alone.
        self._uses_tags: bool | None = None
        self.change = change
        self.manifests = manifests
        self.result = result
        # What moves to a path of another kind is not known there.
        old_entries = [
            entry
            for manifest in manifests
            if manifest.file.moved_to is None
            for entry in manifest.old
        ]
        # A name is known if any manifest of the repository had it; an option
        # (an entry without a name) counts for its own file only.
        self.old_names = {entry.identity for entry in old_entries if entry.name}
        self.old_versions = {_versioned(entry) for entry in old_entries}
        self.constraints_by_identity: dict[Identity, set[str]] = {}
        for identity, constraint in self.old_versions:
            self.constraints_by_identity.setdefault(identity, set()).add(constraint)

    def compare(self) -> list[Addition]:
        """Fill the result; return the imports that no old side has."""
        imported: list[Addition] = []
        for manifest in self.manifests:
            known = {entry.identity for entry in manifest.old}
            handled: set[tuple[Identity, str]] = set()
            for entry in manifest.new:
                if _versioned(entry) in handled or entry.source.kind == "self":
                    continue
                handled.add(_versioned(entry))
                # A second version of a name is a new version, not a new name.
                is_known = entry.identity in known or entry.identity in self.old_names
                known.add(entry.identity)
                addition = Addition(entry, manifest)
                if ecosystem_named(entry.ecosystem).noun and entry.key:
                    self._check_reference(addition, is_known=is_known)
                elif is_known:
                    self._add_version(addition)
                elif entry.source.kind == "import":
                    imported.append(addition)
                else:
                    self._add(addition)
        return imported

    def _check_reference(self, addition: Addition, *, is_known: bool) -> None:
        """Check what has no registry here; in prose it is only mentioned."""
        entry = addition.dependency
        if _versioned(entry) in self.old_versions:
            return
        if addition.manifest.reader.name == "prose":
            return
        if not is_known:
            self.result.not_inspected += self.references.listing(addition)
        old_constraints = self.constraints_by_identity.get(entry.identity, ())
        findings = list(self.references.check(addition, old_constraints))
        self.result.manifest_findings += findings
        is_action = entry.ecosystem == "github" or (
            entry.section == "uses" and not findings
        )
        if is_action:
            self._check_pin(addition)

    def _check_pin(self, addition: Addition) -> None:
        from zt_gate.scanners.dependencies.unpinned_actions import unpinned_message

        message = unpinned_message(addition.dependency)
        if message and not self._is_as_everywhere(addition.dependency):
            finding = ManifestFinding(addition, "dependencies/unpinned-action", message)
            self.result.manifest_findings.append(finding)

    def _is_as_everywhere(self, entry: Dependency) -> bool:
        """Whether a tag of the forge's own action is what all other workflows use, too."""
        from zt_gate.scanners.dependencies import unpinned_actions

        if not unpinned_actions.is_version_of_forge(entry):
            return False
        if self._uses_tags is None:
            self._uses_tags = unpinned_actions.project_uses_tags(
                self.references.trusted, self.references.paths() or ()
            )
        return self._uses_tags

    def _add_version(self, addition: Addition) -> None:
        entry = addition.dependency
        if entry.key and _versioned(entry) not in self.old_versions:
            self.result.constrained.append(addition)

    def _add(self, addition: Addition) -> None:
        entry, manifest = addition.dependency, addition.manifest
        if entry.source.kind == "computed":
            skipped = NotInspected(
                manifest.file.path, "not_applicable", entry.source.target
            )
            self.result.not_inspected.append(skipped)
        elif entry.source.kind == "include":
            trusted = self.references.trusted
            _add_included(entry, manifest, self.change, trusted, self.result)
        else:
            self.result.added.append(addition)


def _versioned(entry: Dependency) -> tuple[Identity, str]:
    return entry.identity, entry.constraint


def _manifests(
    change: ChangeSet, result: Difference, named: Sequence[FileChange]
) -> Iterator[Manifest]:
    """Yield every changed manifest, and the changed files that they include.

    ``named`` are those that unchanged files include.
    """
    requirements_reader = reader_named("requirements")
    waiting: list[tuple[FileChange, Reader, Reader | None]] = [
        (file, requirements_reader, requirements_reader) for file in named
    ]
    for file in change.files:
        if file in named or not may_add_dependency(file):
            continue
        reader = reader_for(file.path)
        old_reader = reader_for(file.old_path) if file.old_path is not None else None
        if reader is not None and not file.is_submodule:
            waiting.append((file, reader, old_reader))
        elif old_reader is not None:  # renamed: the new name is no manifest's
            old, old_lock = _read_old(file, old_reader)
            yield Manifest(file, old_reader, old=old, old_lock=old_lock)
    seen = {file.path for file, _, _ in waiting}
    files = {file.path: file for file in change.files}
    most_files = _MOST_INCLUDES + len(files)
    while waiting:
        file, reader, old_reader = waiting.pop(0)
        manifest = _read(file, reader, old_reader, result)
        if manifest is None:
            continue
        yield manifest
        for path in _included_paths(manifest):
            if path in files and path not in seen and len(seen) < most_files:
                seen.add(path)
                reader = requirements_reader
                waiting.append((files[path], reader, reader))


def _included_paths(manifest: Manifest) -> Iterator[bytes]:
    for entry in (*manifest.new, *manifest.old):
        if entry.source.kind == "include":
            yield resolve_path(manifest.file.path, entry.source.target)


def _read(
    file: FileChange, reader: Reader, old_reader: Reader | None, result: Difference
) -> Manifest | None:
    """Read both sides of a manifest; None, with a note in ``result``, if that fails."""
    old, old_lock = _read_old(file, old_reader) if old_reader is not None else _NOTHING
    if file.is_deletion:
        return Manifest(file, reader, old=old, old_lock=old_lock)
    try:
        if file.new is None:
            raise ContentUnavailableError(
                "the new content of the file is not available"
            )
        data = file.new.read(MAX_BYTES)
    except ContentUnavailableError as error:
        kind: SkipKind = "not_applicable" if reader.name in text_formats() else "failed"
        result.not_inspected.append(NotInspected(file.path, kind, str(error)))
        return None
    if file.is_symlink:
        _check_symlink(file, data, reader, result)
        return None
    try:
        new, lock = _content(reader, file.path, data)
        return Manifest(file, reader, data, new, old, lock, old_lock)
    except ManifestError as error:
        entries = _of_template(reader, file.path, data, error)
        if entries is None:
            skipped = NotInspected(file.path, error.kind, f"manifest: {error}")
            result.not_inspected.append(skipped)
            return None
        skipped = NotInspected(file.path, "not_applicable", _TEMPLATE)
        result.not_inspected.append(skipped)
        return Manifest(file, reader, data, entries, old)


def _of_template(
    reader: Reader, path: bytes, data: bytes, error: ManifestError
) -> tuple[Dependency, ...] | None:
    """Return the literal entries of a template of a manifest, None for any other file."""
    from zt_gate.ecosystems.manifests import templates

    is_named_so = is_template_path(path)
    if not is_named_so and not templates.is_template(data, error):
        return None
    try:
        return templates.read(reader, path, data)
    except ManifestError:
        return () if is_named_so else None


def _content(
    reader: Reader, path: bytes, data: bytes
) -> tuple[tuple[Dependency, ...], LockContent | None]:
    """Return the entries, and the whole content of a lock file; raises ManifestError."""
    if reader.lock is None:
        return reader.read(path, data), None
    lock = reader.lock(path, data)
    return lock.dependencies, lock


def _read_old(
    file: FileChange, reader: Reader
) -> tuple[tuple[Dependency, ...], LockContent | None]:
    """Return what ``_content`` does of the old side.

    Without entries if it cannot be read, so that all are new.
    """
    if file.old is None:
        return _NOTHING
    path = file.old_path or file.path
    try:
        data = file.old.read(MAX_BYTES)
    except ContentUnavailableError:
        return _NOTHING
    try:
        return _content(reader, path, data)
    except ManifestError as error:
        return _of_template(reader, path, data, error) or (), None


def _check_symlink(
    file: FileChange, target: bytes, reader: Reader, result: Difference
) -> None:
    """Report a link that points to anything but another manifest of the same format.

    That manifest is read itself when it changes.
    """
    target_path = target.decode("utf-8", "replace")
    path = resolve_path(file.path, target_path)
    if leaves_repository(file.path, target_path) or format_of(path) != reader.name:
        reason = (
            "symbolic link to something other than a manifest of this format: not read"
        )
        result.not_inspected.append(NotInspected(file.path, "unreadable", reason))


def _add_included(
    entry: Dependency,
    manifest: Manifest,
    change: ChangeSet,
    trusted: Callable[[bytes], bytes | None],
    result: Difference,
) -> None:
    """Add the entries of a file that a new ``-r`` line includes and the change does not touch."""
    path = manifest.file.path
    if leaves_repository(path, entry.source.target):
        outside = replace(entry, source=Source("path", entry.source.target))
        result.added.append(Addition(outside, manifest))
        return
    target = resolve_path(path, entry.source.target)
    is_changed = any(file.path == target for file in change.files)
    if is_changed or reader_for(target) is not None:
        return  # read on its own, in this change or an earlier one
    data = trusted(target)
    if data is None:
        reason = f"included file {quoted(entry.source.target)} could not be read"
        result.not_inspected.append(NotInspected(path, "failed", reason))
        return
    try:
        included = requirements.read(target, data)
    except ManifestError as error:
        reason = f"included file {quoted(entry.source.target)}: {error}"
        result.not_inspected.append(NotInspected(path, "unreadable", reason))
        return
    for included_entry in included:
        moved = replace(
            included_entry,
            line=entry.line,
            column=entry.column,
            end_column=entry.end_column,
        )
        result.added.append(Addition(moved, manifest))

"""Disagreement between a lock file and its manifest, if one change touches both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifest_formats import lock_formats, manifests_beside_locks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.scanners.dependencies.manifest_difference import Manifest


def mismatches(
    manifests: Sequence[Manifest],
) -> Iterator[tuple[Manifest, Dependency, str]]:
    """Yield the entries that one of the two files adds and the other lacks.

    Each comes with the file that adds it, and a message.
    """
    changed = {
        manifest.file.path: manifest
        for manifest in manifests
        if not manifest.file.is_deletion
    }
    for lock in changed.values():
        manifest = _manifest_of(lock, changed)
        if manifest is not None:
            yield from _missing_in_lock(manifest, lock)
            yield from _missing_in_manifest(manifest, lock)


def _manifest_of(lock: Manifest, changed: Mapping[bytes, Manifest]) -> Manifest | None:
    """Return the changed manifest beside a lock file, None for any other file."""
    folder, slash, name = lock.file.path.rpartition(b"/")
    manifest_name = manifests_beside_locks().get(name.lower())
    if manifest_name is None or lock.reader.name not in lock_formats():
        return None
    wanted = (folder + slash).lower() + manifest_name
    for path, manifest in changed.items():
        if path.lower() == wanted:
            return manifest
    return None


def _file_name(manifest: Manifest) -> str:
    return manifest.file.path.rpartition(b"/")[2].decode("ascii", "replace")


def _missing_in_lock(
    manifest: Manifest, lock: Manifest
) -> Iterator[tuple[Manifest, Dependency, str]]:
    # A project's own name appears in its lock file as a path.
    own = [entry for entry in manifest.new if entry.source.kind == "self"]
    known = {entry.key for entry in (*manifest.old, *own)}
    for locked in lock.new:
        known |= {locked.key, locked.name}
    if lock.reader.provided_names is not None:
        known |= lock.reader.provided_names(lock.data)
    for entry in manifest.new:
        sections = ecosystem_named(entry.ecosystem).locked_sections
        is_lockable = (
            entry.section.startswith(sections) and entry.source.kind == "registry"
        )
        if entry.key and is_lockable and entry.key not in known:
            message = (
                f"{entry.name} is added here"
                f" but is missing in the changed {_file_name(lock)}"
            )
            yield manifest, entry, message


def _names_of_other_projects(lock: Manifest) -> set[str]:
    """Return the names that other projects of the lock file request: their manifests decide."""
    requirements = lock.lock.requirements if lock.lock is not None else ()
    own = {one.name for one in requirements if not one.project}
    return {one.name for one in requirements if one.project} - own


def _missing_in_manifest(
    manifest: Manifest, lock: Manifest
) -> Iterator[tuple[Manifest, Dependency, str]]:
    known = {entry.key for entry in lock.old if entry.direct}
    known |= {entry.key for entry in manifest.new}
    known |= _names_of_other_projects(lock)
    for entry in lock.new:
        if entry.direct and entry.key not in known:
            message = (
                f"{entry.name} is locked as a direct dependency"
                f" but is missing in {_file_name(manifest)}"
            )
            yield lock, entry, message

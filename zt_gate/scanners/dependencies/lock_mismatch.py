"""Lock files and manifests that disagree, where one change touches both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifest_formats import lock_formats, manifests_beside_locks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.scanners.dependencies.manifest_difference import Manifest


def mismatches(
    manifests: Sequence[Manifest],
) -> Iterator[tuple[Manifest, Dependency, str]]:
    """Yield what one side adds and the other lacks: its manifest, the entry, and a sentence."""
    changed = {
        manifest.file.path: manifest
        for manifest in manifests
        if not manifest.file.is_deletion
    }
    for path, lock in changed.items():
        folder, slash, name = path.rpartition(b"/")
        wanted = manifests_beside_locks().get(name.lower())
        if wanted is None or lock.reader.name not in lock_formats():
            continue
        beside = next(
            (
                one
                for one in changed
                if one.lower() == (folder + slash).lower() + wanted
            ),
            None,
        )
        if beside is None:
            continue
        manifest = changed[beside]
        shown = name.decode("ascii", "replace")
        yield from _missing_in_lock(manifest, lock, shown)
        yield from _missing_in_manifest(
            manifest, lock, beside.rpartition(b"/")[2].decode("ascii", "replace")
        )


def _missing_in_lock(
    manifest: Manifest, lock: Manifest, name: str
) -> Iterator[tuple[Manifest, Dependency, str]]:
    # What a project calls itself is a path in its lock.
    before = {entry.key for entry in (*manifest.old, *_own(manifest))}
    locked = {entry.key for entry in lock.new} | {entry.name for entry in lock.new}
    if lock.reader.provided_names is not None:
        locked |= lock.reader.provided_names(lock.data)
    for entry in manifest.new:
        sections = ecosystem_named(entry.ecosystem).locked_sections
        is_locked = (
            entry.section.startswith(sections) and entry.source.kind == "registry"
        )
        if entry.key and is_locked and entry.key not in before | locked:
            yield (
                manifest,
                entry,
                f"{entry.name} is added here and is not in the changed {name}",
            )


def _own(manifest: Manifest) -> list[Dependency]:
    return [entry for entry in manifest.new if entry.source.kind == "self"]


def _missing_in_manifest(
    manifest: Manifest, lock: Manifest, name: str
) -> Iterator[tuple[Manifest, Dependency, str]]:
    before = {entry.key for entry in lock.old if entry.direct}
    named = {entry.key for entry in manifest.new}
    for entry in lock.new:
        if entry.direct and entry.key not in before | named:
            yield (
                lock,
                entry,
                f"{entry.name} is locked as a direct dependency and is not in {name}",
            )

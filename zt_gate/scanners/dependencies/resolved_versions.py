"""The exact versions in all lock files and pins of a repository, for ``--audit all``.

They are read from the new side of changed files and the trusted side of all
others, to find what became known about a package after it was added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifest_formats import format_of, with_role
from zt_gate.ecosystems.manifests import reader_named
from zt_gate.ecosystems.manifests.base import ManifestError
from zt_gate.ecosystems.version_constraints import pinned_version
from zt_gate.errors import GateError
from zt_gate.model.change import MODE_FILE, FileChange
from zt_gate.model.report import NotInspected
from zt_gate.scanners.dependencies.manifest_difference import Addition, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    #: Ecosystem, key and version.
    Pinned = tuple[str, str, str]

_MOST_FILES = 1000


def resolved_packages(
    changed: Sequence[Manifest],
    changed_paths: frozenset[bytes],
    trusted: Callable[[bytes], bytes | None],
    paths: Callable[[], Sequence[bytes] | None],
) -> tuple[list[Addition], list[NotInspected]]:
    """Return one entry for each package and version, and what could not be read.

    ``changed_paths`` holds all paths of the change: their trusted side is not read.
    """
    not_inspected: list[NotInspected] = []
    unchanged = _unchanged_manifests(changed_paths, trusted, paths, not_inspected)
    resolved, count = pinned_packages((*changed, *unchanged))
    if count:
        reason = (
            f"--audit all: {count} declared packages"
            " have no exact version in a lock file"
        )
        not_inspected.append(NotInspected(None, "not_applicable", reason))
    return resolved, not_inspected


def pinned_packages(manifests: Iterable[Manifest]) -> tuple[list[Addition], int]:
    """Return one entry for each package and version, and how many have no version."""
    resolved: dict[Pinned, Addition] = {}
    unpinned: dict[tuple[str, str], None] = {}
    for manifest in manifests:
        if not _has_versions(manifest.reader.name):
            continue
        for entry in manifest.new:
            if not entry.key or entry.source.kind not in {"registry", "index"}:
                continue
            version = pinned_version(entry.ecosystem, entry.constraint)
            if version:
                pinned = (entry.ecosystem, entry.key, version)
                resolved.setdefault(pinned, Addition(entry, manifest))
            else:
                unpinned[entry.ecosystem, entry.key] = None
    resolved_names = {(ecosystem, key) for ecosystem, key, _ in resolved}
    count = sum(name not in resolved_names for name in unpinned)
    return list(resolved.values()), count


def _unchanged_manifests(
    changed_paths: frozenset[bytes],
    trusted: Callable[[bytes], bytes | None],
    paths: Callable[[], Sequence[bytes] | None],
    not_inspected: list[NotInspected],
) -> Iterator[Manifest]:
    """Yield the manifests that the change does not touch."""
    all_paths = paths()
    if all_paths is None:
        reason = "--audit all: the files of the repository are not known"
        not_inspected.append(NotInspected(None, "failed", reason))
        return
    manifest_paths = sorted(
        path
        for path in set(all_paths) - changed_paths
        if _has_versions(format_of(path))
    )
    if len(manifest_paths) > _MOST_FILES:
        reason = (
            f"--audit all: the repository has {len(manifest_paths)} manifests,"
            f" only the first {_MOST_FILES} were read"
        )
        not_inspected.append(NotInspected(None, "failed", reason))
    for path in manifest_paths[:_MOST_FILES]:
        reader = reader_named(format_of(path) or "")
        try:
            data = trusted(path)
            entries = reader.read(path, data) if data is not None else ()
        except (ManifestError, GateError) as error:
            skipped = NotInspected(path, "failed", f"--audit all: {error}")
            not_inspected.append(skipped)
            continue
        file = FileChange(path, "M", MODE_FILE, MODE_FILE, path)
        yield Manifest(file, reader, data or b"", entries)


def _has_versions(format_name: str | None) -> bool:
    return format_name in with_role("declares", "versions", "lock")

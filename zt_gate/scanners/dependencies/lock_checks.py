"""Findings about the lock files of a change, from the files alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifest_formats import lock_formats
from zt_gate.ecosystems.manifests.base import Dependency, Source
from zt_gate.model.change import ContentUnavailableError
from zt_gate.scanners.dependencies.lock_fit import fit_problems
from zt_gate.scanners.dependencies.lock_integrity import integrity_problems
from zt_gate.scanners.dependencies.manifest_difference import Addition, ManifestFinding
from zt_gate.syntax.text import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.ecosystems.manifests.base import Place
    from zt_gate.model.change import Blob, ChangeSet
    from zt_gate.scanners.dependencies.lock_integrity import IntegrityProblem
    from zt_gate.scanners.dependencies.manifest_difference import Manifest

_INTEGRITY = "dependencies/lock-integrity"
_MISMATCH = "dependencies/lock-mismatch"
_GRADLE = "gradle_verification"


def lock_findings(
    change: ChangeSet,
    manifests: Sequence[Manifest],
    trusted: Callable[[bytes], bytes | None],
) -> Iterator[ManifestFinding]:
    """Yield what is wrong with the changed lock files."""
    locks = [item for item in manifests if item.reader.name in lock_formats()]
    if not locks:
        return
    sides = _Sides(change, trusted)
    for lock in locks:
        yield from _integrity(lock)
        if not lock.file.is_deletion:
            for problem in fit_problems(lock, sides.new, sides.old):
                entry = _entry(
                    lock, problem.key, problem.name, problem.version, problem.place
                )
                yield ManifestFinding(
                    Addition(entry, lock), _MISMATCH, problem.message, problem.case
                )
    yield from _go_sums(locks, manifests, sides)


class _Sides:
    """The files before and after the change."""

    def __init__(
        self, change: ChangeSet, trusted: Callable[[bytes], bytes | None]
    ) -> None:
        self.trusted = trusted
        self.after = {file.path: file for file in change.files}
        self.before = {
            file.old_path: file for file in change.files if file.old_path is not None
        }

    def new(self, path: bytes) -> bytes | None:
        """Return a file's content after the change, None if it does not exist."""
        if path in self.after:
            return _content(self.after[path].new)
        if path in self.before and self.before[path].path != path:
            return None  # moved away
        return self.trusted(path)

    def old(self, path: bytes) -> bytes | None:
        """Return a file's content before the change, None if it did not exist."""
        if path in self.before:
            return _content(self.before[path].old)
        return None if path in self.after else self.trusted(path)


def _content(blob: Blob | None) -> bytes | None:
    if blob is None:
        return None
    try:
        return blob.read(MAX_BYTES)
    except ContentUnavailableError:
        return None


def _integrity(lock: Manifest) -> Iterator[ManifestFinding]:
    if lock.old_lock is None:
        return
    if lock.file.is_deletion or lock.lock is None:
        if lock.reader.name == _GRADLE and lock.file.is_deletion:
            message = "the checksums that Gradle compares were deleted"
            entry = _entry(lock, "", "", "", (1, 1, 1))
            yield ManifestFinding(Addition(entry, lock), _INTEGRITY, message, "none")
        return
    for problem in integrity_problems(lock.old_lock, lock.lock):
        yield _integrity_finding(lock, problem)


def _integrity_finding(lock: Manifest, problem: IntegrityProblem) -> ManifestFinding:
    file = problem.file
    if file is None:
        entry = _entry(lock, "", "", "", (1, 1, 1))
    else:
        entry = _entry(lock, file.key, file.name, file.version, file.place)
    return ManifestFinding(
        Addition(entry, lock), _INTEGRITY, problem.message, problem.case
    )


def _entry(
    lock: Manifest, key: str, name: str, version: str, place: Place
) -> Dependency:
    """Return the entry that a finding is about; of a whole file its path is the source."""
    ecosystem = next((entry.ecosystem for entry in (*lock.new, *lock.old)), "maven")
    source = (
        Source() if key else Source("path", lock.file.path.decode("ascii", "replace"))
    )
    return Dependency(ecosystem, name, key, version, source, *place, "lock")


def _go_sums(
    locks: Sequence[Manifest], manifests: Sequence[Manifest], sides: _Sides
) -> Iterator[ManifestFinding]:
    """Yield modules that a change adds to go.mod and not to the go.sum that it changes."""
    from zt_gate.scanners.dependencies.go_sums import missing_modules

    for lock in locks:
        folder, slash, name = lock.file.path.rpartition(b"/")
        if name.lower() != b"go.sum" or lock.lock is None:
            continue
        module = next(
            (
                item
                for item in manifests
                if item.file.path == folder + slash + b"go.mod"
            ),
            None,
        )
        if module is None or sides.new(folder + slash + b"go.work") is not None:
            continue
        for entry in missing_modules(module, lock.lock):
            message = (
                f"{entry.name} {entry.constraint} is required here,"
                " but go.sum has no checksum of it"
            )
            yield ManifestFinding(
                Addition(entry, module), _MISMATCH, message, "differs"
            )

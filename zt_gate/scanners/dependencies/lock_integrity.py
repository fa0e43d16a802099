"""Checksums that a change of a lock file replaces or removes.

A registry never changes the file of a version.  So the checksum of the same file, in the
same algorithm, is the same as before; a package manager adds the files that a version got
later, and changes to a stronger algorithm, but takes no checksum away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from zt_gate.ecosystems.manifests.base import quoted
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.ecosystems.manifests.lock_content import (
        Checksum,
        LockContent,
        LockedFile,
    )

#: What happened to a checksum: a key of the table ``cases`` in the rule's data.
Case = Literal[
    "changed", "alternative", "removed", "weaker", "unlocated", "none", "metadata"
]

#: From weak to strong; algorithms of other names are not compared.
_STRENGTH = {
    name: strength
    for strength, names in enumerate(
        (
            ("md5",),
            ("sha1", "sha1 fragment"),
            ("sha224",),
            ("sha256",),
            ("sha384",),
            ("sha512", "blake2b"),
        )
    )
    for name in names
}
#: The ecosystems whose lock file may list further accepted checksums of one file.
_WITH_ALTERNATIVES = frozenset(("maven", "pypi"))
_LONGEST = 20


@dataclass(frozen=True, slots=True)
class IntegrityProblem:
    """A checksum that the change replaces or removes; ``file`` is None for the whole lock."""

    case: Case
    message: str
    file: LockedFile | None = None


@dataclass(slots=True)
class _Version:
    """The checksums of one version, by the names of its files."""

    files: dict[str, set[Checksum]] = field(default_factory=dict)
    is_set: bool = False


def integrity_problems(
    old: LockContent, new: LockContent
) -> Iterator[IntegrityProblem]:
    """Yield what the new side of a lock file takes away from the old one."""
    removed_digests = sorted(old.digests.keys() - new.digests.keys())
    if removed_digests and not _replaced(removed_digests, new):
        named = ", ".join(removed_digests)
        if removed_digests == ["verify-metadata"]:
            message = "Gradle no longer verifies the files that describe packages"
            yield IntegrityProblem("metadata", message)
        else:
            yield IntegrityProblem("none", f"{named} was removed from the lock file")
    if old.has_checksums and new.needs_checksums:
        yield IntegrityProblem("none", "all checksums were removed from the lock file")
        return
    before, after = _by_version(old.files), _by_version(new.files)
    seen: set[tuple[tuple[str, str], str]] = set()
    for file in new.files:
        version = (file.key, file.version)
        if version not in before or (version, file.file) in seen:
            continue
        seen.add((version, file.file))
        yield from _compare(file, before[version], after[version])


def _replaced(digests: Iterable[str], new: LockContent) -> bool:
    """Return whether a newer format has the digest under another name."""
    names = {"hash": "content-hash", "content_hash": "content-hash"}
    return all(names.get(digest, digest) in new.digests for digest in digests)


def _by_version(files: Iterable[LockedFile]) -> dict[tuple[str, str], _Version]:
    versions: dict[tuple[str, str], _Version] = {}
    for file in files:
        version = versions.setdefault((file.key, file.version), _Version())
        version.files.setdefault(file.file, set()).update(file.checksums)
        version.is_set = version.is_set or file.is_set
    return versions


def _compare(
    file: LockedFile, before: _Version, after: _Version
) -> Iterator[IntegrityProblem]:
    if before.is_set or after.is_set:
        yield from _compare_sets(file, before, after)
        return
    if not any(after.files.values()):
        # Only the first file of the version says so.
        if any(before.files.values()) and file.file == next(iter(after.files)):
            yield from _removed(file)
        return
    old, new = before.files.get(file.file), after.files[file.file]
    if not old:
        return
    if not new:
        yield _problem("removed", file, "lost its checksum")
        return
    # Some tools write the checksums of all files of a version at each of them.
    elsewhere = {one for values in before.files.values() for one in values} - old
    yield from _compare_checksums(file, old, new - elsewhere if old <= new else new)


def _compare_sets(
    file: LockedFile, before: _Version, after: _Version
) -> Iterator[IntegrityProblem]:
    """Compare the checksums of all files of a version; files may be added, not exchanged."""
    old = {value for values in before.files.values() for _, value in values}
    new = {value for values in after.files.values() for _, value in values}
    if file.file != next(iter(after.files)) or not old:
        return
    if not new:
        yield from _removed(file)
    elif old.isdisjoint(new) and _algorithms(before) == _algorithms(after):
        yield _problem("changed", file, "has other checksums than before")


def _algorithms(version: _Version) -> set[str]:
    return {name for values in version.files.values() for name, _ in values}


def _removed(file: LockedFile) -> Iterator[IntegrityProblem]:
    if file.is_optional:
        return
    case: Case = "removed" if file.has_address else "unlocated"
    yield _problem(case, file, "lost its checksum")


def _compare_checksums(
    file: LockedFile, old: set[Checksum], new: set[Checksum]
) -> Iterator[IntegrityProblem]:
    old_names, new_names = {name for name, _ in old}, {name for name, _ in new}
    for algorithm in sorted(old_names & new_names):
        was = {value for name, value in old if name == algorithm}
        now = {value for name, value in new if name == algorithm}
        if not now - was:
            continue
        has_further = was <= now and file.ecosystem in _WITH_ALTERNATIVES
        case: Case = "alternative" if has_further else "changed"
        said = (
            "accepts another checksum, too" if has_further else "has another checksum"
        )
        shown = f"{_shown(algorithm, was)} before, {_shown(algorithm, now - was)} now"
        yield _problem(case, file, f"{said}: {shown}")
        return
    strongest = max((_STRENGTH.get(name, -1) for name in old_names), default=-1)
    now_strongest = max((_STRENGTH.get(name, -1) for name in new_names), default=-1)
    # A signature replaces checksums in Gradle's file.
    if -1 < now_strongest < strongest and "pgp" not in new_names:
        names = f"{_last(old_names)} before, {_last(new_names)} now"
        yield _problem("weaker", file, f"has only a weaker checksum: {names}")


def _last(names: Iterable[str]) -> str:
    return max(names, key=lambda name: _STRENGTH.get(name, -1))


def _shown(algorithm: str, values: Iterable[str]) -> str:
    value = min(values)
    text = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
    return f"{algorithm} {quoted(text)[1:-1]}"


def _problem(case: Case, file: LockedFile, said: str) -> IntegrityProblem:
    name = f"{file.name} {quoted(file.version)[1:-1]}".strip()
    shown = f" ({quoted(file.file)[1:-1]})" if file.file else ""
    return IntegrityProblem(case, f"{name}{shown} {said}", file)

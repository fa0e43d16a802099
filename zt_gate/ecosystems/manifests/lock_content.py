"""What a lock file says besides its dependencies: checksums, and what it was made from.

The readers of lock files return it together with the dependencies, so that each side of
a change is parsed once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.ecosystems.manifests.base import Dependency, Place

#: One checksum: its algorithm and its value, as they are written.
Checksum = tuple[str, str]

#: The kinds of source of a version that a registry or an index has.
FROM_REGISTRY = frozenset(("registry", "index", "foreign", "host"))

_SRI = lazy_re.compile(r"(sha\d{1,3}|md5)-([A-Za-z0-9+/=_-]{1,200})(?:\?\S*)?\Z")


@dataclass(frozen=True, slots=True)
class LockedFile:
    """The checksums that a lock file has for one file of a package's version.

    ``file`` is the name of the file, "" if the lock file does not name it.  ``place`` is
    that of the package or of the file.  ``is_set``: the checksums are those of all files
    of the version, and the lock file does not say which is whose.  ``is_optional``: the
    tool leaves the checksum out under some conditions.  ``has_address``: the lock file
    says where the file is downloaded from.
    """

    ecosystem: str
    key: str
    name: str
    version: str
    file: str
    checksums: frozenset[Checksum]
    place: Place
    is_set: bool = False
    is_optional: bool = False
    has_address: bool = True


@dataclass(frozen=True, slots=True)
class LockedRequirement:
    """What a lock file says that a manifest requests of a package.

    ``project`` is the folder of the manifest, relative to that of the lock file ("" for
    the same).  ``name`` and ``specifier`` are as written, ``section`` is the part of the
    manifest.
    """

    project: str
    section: str
    name: str
    specifier: str
    place: Place


@dataclass(frozen=True, slots=True)
class LockContent:
    """The content of a lock file.

    ``digests`` are the checksums of the manifest, by their name in the lock file.
    ``projects`` are the folders whose ``requirements`` are complete.  ``descriptors``
    are the requirements of all packages together, as yarn lists them.  ``overridden``
    are names whose requirement the settings replace ("*": all names), or which the
    repository provides itself.  ``renamed`` are
    the name that is requested, and the package of another name that is locked for it.
    """

    dependencies: tuple[Dependency, ...]
    files: tuple[LockedFile, ...] = ()
    requirements: tuple[LockedRequirement, ...] = ()
    projects: frozenset[str] = frozenset()
    descriptors: frozenset[tuple[str, str]] = frozenset()
    overridden: frozenset[str] = frozenset()
    renamed: tuple[tuple[str, Dependency], ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_checksums(self) -> bool:
        """Whether any file has a checksum."""
        return any(file.checksums for file in self.files)

    @property
    def needs_checksums(self) -> bool:
        """Whether packages of a registry are locked, and none has a checksum."""
        kinds = {entry.source.kind for entry in self.dependencies}
        return "registry" in kinds and not self.has_checksums


def locked_file(
    entry: Dependency,
    checksums: Iterable[Checksum],
    *,
    file: str = "",
    version: str | None = None,
    is_set: bool = False,
    is_optional: bool = False,
    has_address: bool = True,
) -> LockedFile:
    """Return the file of a locked package; the version is that of the entry."""
    return LockedFile(
        entry.ecosystem,
        entry.key,
        entry.name,
        entry.constraint.lstrip("=") if version is None else version,
        file,
        frozenset(checksums),
        (entry.line, entry.column, entry.end_column),
        is_set=is_set,
        is_optional=is_optional,
        has_address=has_address,
    )


def subresource_checksums(text: object) -> frozenset[Checksum]:
    """Return the checksums of an ``integrity`` (W3C): ALGORITHM-BASE64, several with blanks."""
    if not isinstance(text, str):
        return frozenset()
    matches = [_SRI.match(word) for word in text.split()]
    return frozenset((match[1], match[2]) for match in matches if match is not None)


def prefixed_checksum(text: object) -> frozenset[Checksum]:
    """Return the checksum of ALGORITHM:HEX, empty for anything else."""
    if not isinstance(text, str):
        return frozenset()
    algorithm, separator, value = text.partition(":")
    if not separator or not value or not algorithm.isalnum():
        return frozenset()
    return frozenset(((algorithm.lower(), value.lower()),))


def file_name(address: str) -> str:
    """Return the name of the file at an address or path."""
    from urllib.parse import unquote

    path = address.partition("#")[0].partition("?")[0]
    return unquote(path).replace("\\", "/").rpartition("/")[2]

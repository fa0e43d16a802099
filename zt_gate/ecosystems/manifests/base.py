"""Types and helpers of the manifest readers: dependencies with line and column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from zt_gate import lazy_re
from zt_gate.ecosystems import ecosystem_named
from zt_gate.record import dataclass
from zt_gate.syntax.document import Limits, SyntaxReadError, decode
from zt_gate.syntax.document import Text as Text  # noqa: PLC0414 - for every reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.syntax.document import Document

#: One document, or all documents of a file.
_Read = TypeVar("_Read")

#: Parts of a dotted key that a manifest in TOML may have.
_MOST_PARTS = 33

#: Line, column and end column of a span: 1-based code points, the end exclusive.
Place = tuple[int, int, int]

#: Where a dependency comes from.  ``registry``: the ecosystem's registry.
#: ``index``: another index or registry (an option, or one that the entry names).
#: ``url``, ``vcs``: that address.  ``path``: a folder or file.  ``include``:
#: another manifest that is read as part of this one.  ``import``: a module that
#: code imports (the target); the dependency scanner maps it to a package.  ``self``:
#: the project's own name.  ``foreign``: the archive of another package or version, which
#: a lock file gives a package.  ``host``: a version of the registry, whose file a lock
#: file takes from another host.  ``computed``: a value that only running the file would
#: give; the target describes it.
SourceKind = Literal[
    "registry",
    "index",
    "url",
    "vcs",
    "path",
    "include",
    "import",
    "self",
    "computed",
    "foreign",
    "host",
]

#: Why a file could not be read: ``unreadable`` blocks, ``not_applicable`` is listed.
ErrorKind = Literal["unreadable", "not_applicable"]

# One exact version, with an optional operator before it.
_EXACT = lazy_re.compile(r"(?:={2,3}\s*|=\s*|v(?=\d))?(\d[A-Za-z0-9.+!_-]{0,100})\Z")
_LONGEST_NAME = 214


class ManifestError(Exception):
    """A manifest that cannot be read the way its package manager reads it.

    ``line`` is 1-based, 0 if unknown.  ``reason`` is one plain phrase that quotes
    hostile text only through ``quoted``.  ``kind`` is ``not_applicable`` for files
    whose format is not a manifest.
    """

    def __init__(self, line: int, reason: str, kind: ErrorKind = "unreadable") -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line
        self.reason = reason
        self.kind: ErrorKind = kind


@dataclass(frozen=True, slots=True)
class Source:
    """The origin of a dependency.

    ``target`` is the URL or path as written, "" for the registry.
    """

    kind: SourceKind = "registry"
    target: str = ""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One entry of a manifest, with its line and columns.

    ``ecosystem`` is the ecosystem's name, the type in package URLs.  ``name`` is as
    written, ``key`` normalised; both are "" for entries without a package: index
    options and includes.  ``constraint`` is the version part as written.  ``line``,
    ``column`` and ``end_column`` are 1-based code points, the end exclusive, and
    mark the name (or the source) in the file; lines are counted by newline bytes,
    as git counts them.  ``section`` is the part of the manifest that holds the
    entry.  ``direct`` is False for transitive entries of a lock file.
    """

    ecosystem: str
    name: str
    key: str
    constraint: str
    source: Source
    line: int
    column: int
    end_column: int
    section: str
    direct: bool = True

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Return what makes two entries the same dependency: the name and the source."""
        return (self.ecosystem, self.key, self.source.kind, self.source.target)

    @property
    def purl(self) -> str:
        """Return the package URL, "" for an entry without a name.

        It contains the version if the constraint allows exactly one.
        """
        if not self.key:
            return ""
        from packageurl import PackageURL

        separator = ecosystem_named(self.ecosystem).separator
        namespace, _, name = self.key.rpartition(separator)
        exact_version = _EXACT.match(self.constraint.strip())
        version = exact_version[1] if exact_version else None
        return PackageURL(self.ecosystem, namespace or None, name, version).to_string()


def normalise(ecosystem: str, name: str) -> str:
    """Return the name in the form that its registry compares (PEP 503 for PyPI)."""
    return ecosystem_named(ecosystem).normalise(name)


def valid_name(ecosystem: str, name: str) -> bool:
    """Return whether ``name`` is a valid package name of the ecosystem."""
    if len(name) > _LONGEST_NAME:
        return False
    return re.match(ecosystem_named(ecosystem).name_pattern, name) is not None


def make_dependency(  # noqa: PLR0917 - in the order of Dependency's own fields
    ecosystem: str,
    name: str,
    place: Place,
    section: str,
    constraint: str = "",
    source: Source | None = None,
    *,
    direct: bool = True,
) -> Dependency:
    """Return the dependency of a name as written; raises ManifestError if it is invalid."""
    if not valid_name(ecosystem, name):
        raise ManifestError(place[0], f"{quoted(name)} is not a valid package name")
    key = normalise(ecosystem, name)
    return Dependency(
        ecosystem, name, key, constraint, source or Source(), *place, section, direct
    )


def unnamed_entry(
    ecosystem: str, source: Source, place: Place, section: str, *, direct: bool = True
) -> Dependency:
    """Return an entry without a package: an index option, an include, a computed part."""
    return Dependency(ecosystem, "", "", "", source, *place, section, direct)


def own_name(ecosystem: str, name: str, place: Place, section: str) -> Dependency:
    """Return the entry of a name that the project gives to itself."""
    key = normalise(ecosystem, name)
    return Dependency(ecosystem, name, key, "", Source("self"), *place, section)


def parse_manifest(
    read: Callable[..., _Read],
    data: bytes,
    limit: int = 1024 * 1024,
    kind: ErrorKind = "unreadable",
    **options: Any,
) -> _Read:
    """Read a file of at most ``limit`` bytes with a reader of ``zt_gate.syntax``.

    ``options`` are passed to the reader.  Raises ManifestError of ``kind`` if the
    reader raises SyntaxReadError.
    """
    try:
        return read(data, limits=Limits(size=limit, parts=_MOST_PARTS), **options)
    except SyntaxReadError as error:
        raise ManifestError(error.line, error.reason, kind) from error


def json_object(
    data: bytes, limit: int, kind: ErrorKind = "unreadable", *, relaxed: bool = False
) -> Document:
    """Read a JSON object; raises ManifestError of ``kind`` for any other content."""
    from zt_gate.syntax import json

    document = parse_manifest(json.read, data, limit, kind, relaxed=relaxed)
    if not isinstance(document.value, dict):
        raise ManifestError(1, "not a JSON object", kind)
    return document


def object_at(document: Document, key: str) -> dict[str, Any]:
    """Return the object at a key, {} if it is missing; raises ManifestError."""
    value = document.value.get(key, {})
    if not isinstance(value, dict):
        raise ManifestError(0, f"{key} is not an object")
    return value


def decode_manifest(data: bytes, limit: int, what: str) -> str:
    """Return the text of a manifest; raises ManifestError if it is too large or not UTF-8.

    ``what`` names the file in the error.
    """
    if len(data) > limit:
        raise ManifestError(0, f"{what} is larger than the limit of {limit >> 20} MB")
    try:
        return decode(data, Limits(size=limit))
    except SyntaxReadError as error:
        raise ManifestError(error.line, "not valid UTF-8") from error


def quoted(text: str) -> str:
    """Return hostile text for a message: in quotes, ASCII only, at most 60 characters."""
    shown = ascii(text[:60])
    return shown if len(text) <= 60 else f"{shown}…"


def leaves_repository(manifest: bytes, target: str) -> bool:
    """Return whether a path written in ``manifest`` points outside the repository."""
    path = target.replace("\\", "/")
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        return True
    depth = manifest.count(b"/")
    for part in path.split("/"):
        if part == "..":
            depth -= 1
        elif part not in {"", "."}:
            depth += 1
        if depth < 0:
            return True
    return False


def resolve_path(manifest: bytes, target: str) -> bytes:
    """Return a path written in ``manifest``, relative to the root of the repository."""
    parts = manifest.split(b"/")[:-1]
    for part in target.replace("\\", "/").encode("utf-8", "surrogatepass").split(b"/"):
        if part == b"..":
            parts = parts[:-1]
        elif part not in {b"", b"."}:
            parts.append(part)
    return b"/".join(parts)

"""What every reader of a manifest gives: dependencies with their places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from zt_gate.ecosystems import ecosystem_named
from zt_gate.syntax.document import Limits, SyntaxReadError, decode
from zt_gate.syntax.document import Text as Text  # noqa: PLC0414 - for every reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.syntax.document import Document

#: One document, or all documents of a file.
_Read = TypeVar("_Read")

#: Parts of a dotted key that a manifest in TOML may have.
_MOST_PARTS = 33

#: Where a dependency comes from.  ``registry``: the ecosystem's registry.
#: ``index``: another index or registry (an option, or one that the entry names).
#: ``url``, ``vcs``: that address.  ``path``: a folder or file.  ``include``:
#: another manifest that is read as part of this one.  ``import``: a module that
#: code imports (the target), of which ``imports`` finds the package.  ``self``: what
#: the project calls itself.  ``computed``: something that only running the file
#: would tell; the target says what.
SourceKind = Literal[
    "registry", "index", "url", "vcs", "path", "include", "import", "self", "computed"
]

#: Why a file could not be read: ``unreadable`` blocks, ``not_applicable`` is listed.
ErrorKind = Literal["unreadable", "not_applicable"]

# What counts as one exact version, by the sign that may stand before it.
_EXACT = re.compile(r"(?:={2,3}\s*|=\s*|v(?=\d))?(\d[A-Za-z0-9.+!_-]{0,100})\Z")
_LONGEST_NAME = 214


class ManifestError(Exception):
    """A manifest that cannot be read as its package manager would read it.

    ``line`` is 1-based, 0 where it is not known; ``reason`` is one plain phrase
    and quotes hostile text only through ``quoted``.  ``kind`` is
    ``not_applicable`` for files that are no manifests by their format.
    """

    def __init__(self, line: int, reason: str, kind: ErrorKind = "unreadable") -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line
        self.reason = reason
        self.kind: ErrorKind = kind


@dataclass(frozen=True, slots=True)
class Source:
    """Where it comes from; ``target`` is the URL or path as written, "" for the registry."""

    kind: SourceKind = "registry"
    target: str = ""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One entry of a manifest, with its place.

    ``ecosystem`` is its name, the type in package URLs.  ``name`` is as written,
    ``key`` normalised; both are "" for entries without a package: index options
    and includes.  ``constraint`` is the version part as written.  ``line``,
    ``column`` and ``end_column`` are 1-based code points, the end exclusive,
    and mark what was written for the name (or the source); lines are counted
    by newline bytes, as git counts.  ``section`` says in which part of the
    manifest it stands.  ``direct`` is False for entries of a lock file.
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
        """What makes it the same dependency: the name, and the source if it is no registry."""
        return (self.ecosystem, self.key, self.source.kind, self.source.target)

    @property
    def purl(self) -> str:
        """The package URL, with the version where exactly one is named; "" without a name."""
        if not self.key:
            return ""
        from packageurl import PackageURL

        namespace, _, name = self.key.rpartition(
            ecosystem_named(self.ecosystem).separator
        )
        exact = _EXACT.match(self.constraint.strip())
        version = exact[1] if exact else None
        return PackageURL(self.ecosystem, namespace or None, name, version).to_string()


@dataclass(frozen=True, slots=True)
class Reader:
    """One format: its name, and the function that reads it.

    ``read(path, data)`` returns everything that the file names, in its order,
    and raises ManifestError, and nothing else, whatever the bytes are.
    ``provided_names(data)``, for the lock files that have them, returns the names for
    which a locked package stands in.
    """

    name: str
    read: Callable[[bytes, bytes], tuple[Dependency, ...]]
    provided_names: Callable[[bytes], frozenset[str]] | None = None


def normalise(ecosystem: str, name: str) -> str:
    """Return the name as its registry compares it (PEP 503 for PyPI)."""
    return ecosystem_named(ecosystem).normalise(name)


def valid_name(ecosystem: str, name: str) -> bool:
    """Say whether ``name`` can be a package's name at all."""
    if len(name) > _LONGEST_NAME:
        return False
    return re.match(ecosystem_named(ecosystem).name_pattern, name) is not None


def make_dependency(  # noqa: PLR0917 - in the order of Dependency's own fields
    ecosystem: str,
    name: str,
    place: tuple[int, int, int],
    section: str,
    constraint: str = "",
    source: Source | None = None,
    *,
    direct: bool = True,
) -> Dependency:
    """Make a dependency of a name as written; raises ManifestError where it can be none."""
    if not valid_name(ecosystem, name):
        raise ManifestError(place[0], f"{quoted(name)} is not a valid package name")
    key = normalise(ecosystem, name)
    return Dependency(
        ecosystem, name, key, constraint, source or Source(), *place, section, direct
    )


def parse_manifest(
    read: Callable[..., _Read],
    data: bytes,
    limit: int = 1024 * 1024,
    kind: ErrorKind = "unreadable",
    **options: Any,
) -> _Read:
    """Read a file of at most ``limit`` bytes with a reader of ``zt_gate.syntax``.

    ``options`` are the reader's own.  Raises ManifestError of ``kind`` where the
    reader raises SyntaxReadError.
    """
    try:
        return read(data, limits=Limits(size=limit, parts=_MOST_PARTS), **options)
    except SyntaxReadError as error:
        raise ManifestError(error.line, error.reason, kind) from error


def json_object(
    data: bytes, limit: int, kind: ErrorKind = "unreadable", *, relaxed: bool = False
) -> Document:
    """Read a JSON object; raises ManifestError of ``kind`` for everything else."""
    from zt_gate.syntax import json

    document = parse_manifest(json.read, data, limit, kind, relaxed=relaxed)
    if not isinstance(document.value, dict):
        raise ManifestError(1, "not a JSON object", kind)
    return document


def object_at(document: Document, key: str) -> dict[str, Any]:
    """Return the object under a key, {} where it is missing; raises ManifestError."""
    value = document.value.get(key, {})
    if not isinstance(value, dict):
        raise ManifestError(0, f"{key} is not an object")
    return value


def decode_manifest(data: bytes, limit: int, what: str) -> str:
    """Return the text of a manifest; raises ManifestError where it is too large or no UTF-8."""
    if len(data) > limit:
        raise ManifestError(0, f"{what} is larger than the limit of {limit >> 20} MB")
    try:
        return decode(data, Limits(size=limit))
    except SyntaxReadError as error:
        raise ManifestError(error.line, "not valid UTF-8") from error


def quoted(text: str) -> str:
    """Return hostile text so that it can stand in a sentence: ASCII, short, in quotes."""
    shown = ascii(text[:60])
    return shown if len(text) <= 60 else f"{shown}…"


def without_credentials(url: str) -> str:
    """Return a URL without the user and password in it, for messages."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def leaves_repository(manifest: bytes, target: str) -> bool:
    """Say whether a path written in ``manifest`` points out of the repository."""
    path = target.replace("\\", "/")
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        return True
    depth = manifest.count(b"/")
    for part in path.split("/"):
        depth += -1 if part == ".." else 0 if part in {"", "."} else 1
        if depth < 0:
            return True
    return False


def resolve_path(manifest: bytes, target: str) -> bytes:
    """Return the path, from the root of the repository, of ``target`` written in ``manifest``."""
    parts = manifest.split(b"/")[:-1]
    for part in target.replace("\\", "/").encode("utf-8", "surrogatepass").split(b"/"):
        if part == b"..":
            parts = parts[:-1]
        elif part not in {b"", b"."}:
            parts.append(part)
    return b"/".join(parts)

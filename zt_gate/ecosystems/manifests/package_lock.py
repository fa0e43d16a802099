"""package-lock.json and npm-shrinkwrap.json, versions 1 to 3.

``packages`` (versions 2 and 3) has one entry per folder; ``dependencies`` (versions 1
and 2) nests them.  Packages that the root project declares are direct.  A ``resolved``
URL outside npm's registry is the source of its package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    json_object,
    make_dependency,
    object_at,
    quoted,
)
from zt_gate.ecosystems.manifests.lock_content import (
    FROM_REGISTRY,
    LockContent,
    LockedFile,
    LockedRequirement,
    locked_file,
    subresource_checksums,
)
from zt_gate.ecosystems.manifests.npm_spec import locked_source
from zt_gate.ecosystems.manifests.package_json import declared, declared_names
from zt_gate.syntax import json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Place
    from zt_gate.syntax.document import Document

_LIMIT = 10 * 1024 * 1024
_MODULES = "node_modules/"
#: The key under which an entry's table keeps the name of its folder; no field of npm's.
_ALIAS = "\0alias"


#: A package and the table that describes it.
_Entry = tuple[Dependency, dict[str, Any]]


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read both forms; each version of a package gives one entry."""
    return lock(path, data).dependencies


def lock(path: bytes, data: bytes) -> LockContent:  # noqa: ARG001 - part of the reader signature
    """Read the packages, their checksums, and what the projects request."""
    document = json_object(data, _LIMIT)
    entries = [*_packages(document), *_nested(document)]
    dependencies: dict[tuple[object, str], Dependency] = {}
    for dependency, _ in entries:
        key = (dependency.identity, dependency.constraint)
        dependencies.setdefault(key, dependency)
    requirements = tuple(_requirements(document))
    return LockContent(
        tuple(dependencies.values()),
        tuple(_files(entries)),
        requirements,
        frozenset(_projects(document)),
        overridden=frozenset(_linked(document)),
        renamed=tuple(_renamed(entries, data)),
    )


def _linked(document: Document) -> Iterator[str]:
    """Yield the names of the workspace's members, which are links to their folders."""
    for folder, table in object_at(document, "packages").items():
        if _MODULES in folder and isinstance(table, dict) and table.get("link"):
            yield folder.rpartition(_MODULES)[2]


def _renamed(entries: list[_Entry], data: bytes) -> Iterator[tuple[str, Dependency]]:
    """Yield packages under a name for which no package of the lock file requests them."""
    for dependency, table in entries:
        name = table.get("name")
        if not isinstance(name, str) or dependency.section != "packages":
            continue
        if dependency.source.kind in FROM_REGISTRY:
            alias = table.get(_ALIAS, name)
            if alias != name and f"npm:{name}".encode() not in data:
                yield alias, dependency


def _files(entries: list[_Entry]) -> Iterator[LockedFile]:
    """Yield the archives; a package inside another one's archive has none of its own."""
    for dependency, table in entries:
        is_archive = dependency.source.kind in FROM_REGISTRY
        if is_archive and not table.get("inBundle") and not table.get("bundled"):
            checksums = subresource_checksums(table.get("integrity"))
            has_address = bool(table.get("resolved"))
            yield locked_file(dependency, checksums, has_address=has_address)


def _projects(document: Document) -> Iterator[str]:
    """Yield the folders of the project and of its workspace's members."""
    for folder, table in object_at(document, "packages").items():
        if "node_modules" not in folder.split("/") and isinstance(table, dict):
            yield folder


def _requirements(document: Document) -> Iterator[LockedRequirement]:
    packages = object_at(document, "packages")
    projects = set(_projects(document))
    for names, start, end in json.keys(document, 2):
        if names[0] == "packages" and names[1] in projects:
            place = document.text.place(start, end)
            for section, name, specifier in declared(packages[names[1]]):
                yield LockedRequirement(names[1], section, name, specifier, place)


def _packages(document: Document) -> Iterator[_Entry]:
    packages = object_at(document, "packages")
    direct = declared_names(packages.get(""))
    addresses = _requested_addresses(document)
    seen: set[str] = set()
    for names, start, end in json.keys(document, 2):
        if names[0] != "packages":
            continue
        place = document.text.place(start, end)
        folder = names[1]
        if folder in seen:
            raise ManifestError(place[0], f"{quoted(folder)} appears twice")
        seen.add(folder)
        table = packages.get(folder)
        if _MODULES not in folder or not isinstance(table, dict) or table.get("link"):
            continue  # the project itself, or a workspace member
        alias = folder.rpartition(_MODULES)[2]
        name = str(table.get("name") or alias)
        table = {**table, _ALIAS: alias}
        is_top_level = folder == _MODULES + alias
        dependency = _dependency(
            name,
            table,
            place,
            "packages",
            direct=is_top_level and alias in direct,
            addresses=addresses,
        )
        yield dependency, table


def _nested(document: Document) -> Iterator[_Entry]:
    """Yield the packages of version 1; nested ones have the place of their top entry."""
    if "packages" in document.value:
        return  # npm itself reads dependencies only in a file without packages
    tables = object_at(document, "dependencies")
    for names, start, end in json.keys(document, 2):
        if names[0] == "dependencies":
            place = document.text.place(start, end)
            yield from _walk(names[1], tables.get(names[1]), place)


def _walk(name: str, table: object, place: Place) -> Iterator[_Entry]:
    """Yield a package of the nested form and the packages below it."""
    if not isinstance(table, dict):
        raise ManifestError(place[0], f"{quoted(name)} is not an object")
    version = str(table.get("version", ""))
    if version.startswith("npm:"):
        name, _, version = version[4:].rpartition("@")
        table = {**table, "version": version}
    yield _dependency(name, table, place, "dependencies", direct=False), table
    nested = table.get("dependencies", {})
    if isinstance(nested, dict):
        for nested_name, nested_table in nested.items():
            yield from _walk(nested_name, nested_table, place)


def _requested_addresses(document: Document) -> frozenset[str]:
    """Return the addresses that packages request, without the parts after ``#``."""
    addresses: set[str] = set()
    for table in object_at(document, "packages").values():
        for _, _, specifier in declared(table):
            if "://" in specifier:
                addresses.add(specifier.partition("#")[0])
    return frozenset(addresses)


def _dependency(
    name: str,
    table: dict[str, Any],
    place: Place,
    section: str,
    *,
    direct: bool,
    addresses: frozenset[str] | None = None,
) -> Dependency:
    version = str(table.get("version", ""))
    resolved = str(table.get("resolved") or "")
    address = resolved.partition("#")[0]
    is_requested = addresses is None or address in addresses
    source = locked_source(
        resolved or version, name, version, is_requested=is_requested
    )
    return make_dependency("npm", name, place, section, version, source, direct=direct)

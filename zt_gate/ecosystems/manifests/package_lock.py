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
from zt_gate.ecosystems.manifests.npm_spec import locked_source
from zt_gate.ecosystems.manifests.package_json import declared_names
from zt_gate.syntax import json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Place
    from zt_gate.syntax.document import Document

_LIMIT = 10 * 1024 * 1024
_MODULES = "node_modules/"


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read both forms; each version of a package gives one entry."""
    document = json_object(data, _LIMIT)
    dependencies: dict[tuple[object, str], Dependency] = {}
    for dependency in (*_packages(document), *_nested(document)):
        key = (dependency.identity, dependency.constraint)
        dependencies.setdefault(key, dependency)
    return tuple(dependencies.values())


def _packages(document: Document) -> Iterator[Dependency]:
    packages = object_at(document, "packages")
    direct = declared_names(packages.get(""))
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
        is_top_level = folder == _MODULES + alias
        yield _dependency(
            name, table, place, "packages", direct=is_top_level and alias in direct
        )


def _nested(document: Document) -> Iterator[Dependency]:
    """Yield the packages of version 1; nested ones have the place of their top entry."""
    if "packages" in document.value:
        return  # npm itself reads dependencies only in a file without packages
    tables = object_at(document, "dependencies")
    for names, start, end in json.keys(document, 2):
        if names[0] == "dependencies":
            place = document.text.place(start, end)
            yield from _walk(names[1], tables.get(names[1]), place)


def _walk(name: str, table: object, place: Place) -> Iterator[Dependency]:
    """Yield a package of the nested form and the packages below it."""
    if not isinstance(table, dict):
        raise ManifestError(place[0], f"{quoted(name)} is not an object")
    version = str(table.get("version", ""))
    if version.startswith("npm:"):
        name, _, version = version[4:].rpartition("@")
        table = {**table, "version": version}
    yield _dependency(name, table, place, "dependencies", direct=False)
    nested = table.get("dependencies", {})
    if isinstance(nested, dict):
        for nested_name, nested_table in nested.items():
            yield from _walk(nested_name, nested_table, place)


def _dependency(
    name: str,
    table: dict[str, Any],
    place: Place,
    section: str,
    *,
    direct: bool,
) -> Dependency:
    version = str(table.get("version", ""))
    resolved = str(table.get("resolved") or "")
    source = locked_source(resolved or version, name, version)
    return make_dependency("npm", name, place, section, version, source, direct=direct)

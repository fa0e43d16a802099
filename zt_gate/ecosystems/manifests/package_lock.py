"""package-lock.json and npm-shrinkwrap.json, versions 1 to 3.

``packages`` (2 and 3) has one entry per folder; ``dependencies`` (1 and 2)
nests them.  What the root asks for is direct.  A ``resolved`` that is not the
registry is a source of its own.
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
from zt_gate.ecosystems.manifests.npm_spec import archive_source
from zt_gate.ecosystems.manifests.package_json import declared_names
from zt_gate.syntax import json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document

_LIMIT = 10 * 1024 * 1024
_MODULES = "node_modules/"


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read both forms; each version of a package counts once."""
    document = json_object(data, _LIMIT)
    found: dict[tuple[object, str], Dependency] = {}
    for one in (*_packages(document), *_nested(document)):
        found.setdefault((one.identity, one.constraint), one)
    return tuple(found.values())


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
            continue  # the project itself, or a workspace of it
        alias = folder.rpartition(_MODULES)[2]
        name = str(table.get("name") or alias)
        top = folder == _MODULES + alias and alias in direct
        yield _entry(name, table, place, "packages", direct=top)


def _nested(document: Document) -> Iterator[Dependency]:
    """Yield what only the old form has; its nested parts at the place of their top."""
    if "packages" in document.value:
        return  # npm itself reads dependencies only where there are no packages
    tables = object_at(document, "dependencies")
    for names, start, end in json.keys(document, 2):
        if names[0] == "dependencies":
            place = document.text.place(start, end)
            yield from _walk(names[1], tables.get(names[1]), place, 0)


def _walk(
    name: str, table: object, place: tuple[int, int, int], depth: int
) -> Iterator[Dependency]:
    if not isinstance(table, dict):
        raise ManifestError(place[0], f"{quoted(name)} is not an object")
    version = str(table.get("version", ""))
    if version.startswith("npm:"):
        name, _, version = version[4:].rpartition("@")
        table = {**table, "version": version}
    yield _entry(name, table, place, "dependencies", direct=False)
    inner = table.get("dependencies", {})
    for below in inner if isinstance(inner, dict) else {}:
        yield from _walk(below, inner[below], place, depth + 1)


def _entry(
    name: str,
    table: dict[str, Any],
    place: tuple[int, int, int],
    section: str,
    *,
    direct: bool,
) -> Dependency:
    version, resolved = str(table.get("version", "")), str(table.get("resolved") or "")
    source = archive_source(resolved or version)
    return make_dependency("npm", name, place, section, version, source, direct=direct)

"""Project files of .NET: PackageReference, PackageVersion, packages.config, .nuspec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    make_dependency,
    parse_manifest,
    unnamed_entry,
)
from zt_gate.syntax import xml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.ecosystems.manifests.base import Place
    from zt_gate.syntax.document import Node

_LIMIT = 4 * 1024 * 1024
_ITEMS = frozenset(
    ("packagereference", "packageversion", "globalpackagereference", "dotnetclitoolreference",
     "packagedownload")
)  # fmt: skip
_SOURCE_PROPERTIES = frozenset(("restoresources", "restoreadditionalprojectsources"))


# Suffixes that other programs use as well, for files that are no XML.
_SHARED_SUFFIXES = (b".props", b".targets", b".proj")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read every element that names a package or a package source."""
    if path.lower().endswith(_SHARED_SUFFIXES) and b"<Project" not in data:
        return ()
    dependencies: list[Dependency] = []
    document = parse_manifest(xml.read, data, _LIMIT)
    for names, key, element in xml.elements(document):
        place = document.text.place(element.start, key.end)
        dependencies += _entries(names, element, place)
    return tuple(dependencies)


def _entries(
    path: tuple[str, ...], element: Node, place: Place
) -> Iterator[Dependency]:
    kind = path[-1].lower()
    attributes = _attributes(element)
    if kind == "package" and len(path) == 2 and path[0].lower() == "packages":
        name, version = attributes.get("id", ""), attributes.get("version", "")
        if name:
            yield make_dependency("nuget", name, place, kind, version)
    elif kind == "dependency" and path[0].lower() == "package":  # .nuspec
        name, version = attributes.get("id", ""), attributes.get("version", "")
        if name and "$" not in name:
            yield make_dependency("nuget", name, place, kind, version)
    elif kind in _SOURCE_PROPERTIES:
        yield from _package_sources(element.value, place, kind)
    elif kind == "project" and len(path) == 1:
        sdk, _, version = attributes.get("sdk", "").partition("/")
        if version:
            yield make_dependency("nuget", sdk, place, "sdk", version)
    elif kind in _ITEMS:
        yield from _items(element, attributes, place, kind)


def _attributes(element: Node) -> dict[str, str]:
    """Return the attributes of an element by their names in lower case."""
    return {
        key.value[1:].lower(): value.value
        for key, value in element.entries()
        if key.value.startswith("@")
    }


def _items(
    element: Node, attributes: Mapping[str, str], place: Place, kind: str
) -> Iterator[Dependency]:
    version = attributes.get("version", "")
    if not version:
        version_element = element.get("Version")
        version = "" if version_element is None else version_element.value
    names = attributes.get("include") or attributes.get("update") or ""
    for item in names.split(";"):
        name = item.strip()
        if name and "$(" in name:
            target = f"a package whose name is computed (line {place[0]})"
            yield unnamed_entry("nuget", Source("computed", target), place, kind)
        elif name:
            yield make_dependency("nuget", name, place, kind, version)


def _package_sources(urls: str, place: Place, kind: str) -> Iterator[Dependency]:
    from zt_gate.ecosystems.manifests import hosts

    for item in urls.split(";"):
        url = item.strip()
        if "://" in url and not hosts.is_default_registry("nuget", hosts.origin(url)):
            yield unnamed_entry("nuget", Source("index", url), place, kind)

"""Project files of .NET: PackageReference, PackageVersion, and packages.config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    make_dependency,
    parse_manifest,
)
from zt_gate.syntax import xml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Node

_LIMIT = 4 * 1024 * 1024
_ITEMS = frozenset(
    ("packagereference", "packageversion", "globalpackagereference", "dotnetclitoolreference",
     "packagedownload")
)  # fmt: skip


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every item that names a package."""
    found: list[Dependency] = []
    document = parse_manifest(xml.read, data, _LIMIT)
    for names, key, one in xml.elements(document):
        found += _element(names, one, document.text.place(one.start, key.end))
    return tuple(found)


def _element(
    path: tuple[str, ...], one: Node, place: tuple[int, int, int]
) -> Iterator[Dependency]:
    kind = path[-1].lower()
    attributes = {
        key.value[1:].lower(): value.value
        for key, value in one.entries()
        if key.value.startswith("@")
    }
    if kind == "package" and len(path) == 2 and path[0].lower() == "packages":
        name, version = attributes.get("id", ""), attributes.get("version", "")
        if name:
            yield make_dependency("nuget", name, place, kind, version)
        return
    if kind in {"restoresources", "restoreadditionalprojectsources"}:
        for url in one.value.split(";"):
            if "://" in url:
                yield from _source(url.strip(), place, kind)
        return
    if kind == "project" and len(path) == 1:
        sdk, _, version = attributes.get("sdk", "").partition("/")
        if version:
            yield make_dependency("nuget", sdk, place, "sdk", version)
        return
    if kind not in _ITEMS:
        return
    inner = one.get("Version")
    version = attributes.get("version") or ("" if inner is None else inner.value)
    for name in (attributes.get("include") or attributes.get("update") or "").split(
        ";"
    ):
        if name.strip() and "$(" in name:
            told = f"a package whose name is computed (line {place[0]})"
            yield Dependency(
                "nuget", "", "", "", Source("computed", told), *place, kind
            )
        elif name.strip():
            yield make_dependency("nuget", name.strip(), place, kind, version)


def _source(url: str, place: tuple[int, int, int], kind: str) -> Iterator[Dependency]:
    from zt_gate.ecosystems.manifests import hosts

    if not hosts.is_default_registry("nuget", hosts.origin(url)):
        yield Dependency("nuget", "", "", "", Source("index", url), *place, kind)

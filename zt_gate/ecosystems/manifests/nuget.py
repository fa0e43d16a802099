"""Project files of .NET: PackageReference, PackageVersion, and packages.config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import xml_text
from zt_gate.ecosystems.manifests.base import Dependency, Source, entry

if TYPE_CHECKING:
    from collections.abc import Iterator

_ITEMS = frozenset(
    ("packagereference", "packageversion", "globalpackagereference", "dotnetclitoolreference",
     "packagedownload")
)  # fmt: skip


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read every item that names a package."""
    found: list[Dependency] = []
    for one in xml_text.elements(data, "project file"):
        found += _element(one)
    return tuple(found)


def _element(one: xml_text.Element) -> Iterator[Dependency]:
    kind = one.path[-1].lower()
    attributes = {name.lower(): value for name, value in one.attributes.items()}
    place = (one.line, one.column, one.column + len(one.path[-1]) + 1)
    if kind == "package" and len(one.path) == 2 and one.path[0].lower() == "packages":
        name, version = attributes.get("id", ""), attributes.get("version", "")
        if name:
            yield entry("nuget", name, place, kind, version)
        return
    if kind in {"restoresources", "restoreadditionalprojectsources"}:
        for url in one.text.split(";"):
            if "://" in url:
                yield from _source(url.strip(), place, kind)
        return
    if kind == "project" and len(one.path) == 1:
        sdk, _, version = attributes.get("sdk", "").partition("/")
        if version:
            yield entry("nuget", sdk, place, "sdk", version)
        return
    if kind not in _ITEMS:
        return
    version = attributes.get("version") or one.children.get("Version", ("", 0, 0))[0]
    for name in (attributes.get("include") or attributes.get("update") or "").split(";"):
        if name.strip() and "$(" in name:
            told = f"a package whose name is computed (line {one.line})"
            yield Dependency("nuget", "", "", "", Source("computed", told), *place, kind)
        elif name.strip():
            yield entry("nuget", name.strip(), place, kind, version)


def _source(url: str, place: tuple[int, int, int], kind: str) -> Iterator[Dependency]:
    from zt_gate.ecosystems.manifests import hosts

    if not hosts.is_other("nuget", hosts.origin(url)):
        yield Dependency("nuget", "", "", "", Source("index", url), *place, kind)

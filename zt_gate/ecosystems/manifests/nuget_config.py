"""NuGet.config: the package sources that a project configures.

The file names no package.  A source that a change adds there is another source of code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Place,
    Source,
    parse_manifest,
    unnamed_entry,
)
from zt_gate.record import dataclass
from zt_gate.syntax import xml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document, Node

_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PackageSource:
    """One source: its key, and its address or folder with the place of the element."""

    key: str
    address: str
    place: Place


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Return an index entry for each source with an address, a path for each folder."""
    document = parse_manifest(xml.read, data, _LIMIT)
    return tuple(
        unnamed_entry(
            "nuget",
            Source("index" if "://" in item.address else "path", item.address),
            item.place,
            "packageSources",
        )
        for item in package_sources(document)
    )


def package_sources(document: Document) -> Iterator[PackageSource]:
    """Yield the sources of a file in their order."""
    for names, key, element in xml.elements(document):
        if [name.lower() for name in names][-2:] != ["packagesources", "add"]:
            continue
        address = attribute(element, "value").strip()
        if address:
            place = document.text.place(element.start, key.end)
            yield PackageSource(attribute(element, "key"), address, place)


def attribute(element: Node, name: str) -> str:
    """Return an attribute of an element, in any case of its name; "" without one."""
    for key, value in element.entries():
        if key.value.lower() == f"@{name}":
            return value.value
    return ""

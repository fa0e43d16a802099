"""bun.lock: JSON with trailing commas, holding workspaces and the packages by folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    json_object,
    make_dependency,
    object_at,
    quoted,
)
from zt_gate.ecosystems.manifests.npm_spec import (
    locked_source,
    parse_spec,
    split_version,
)
from zt_gate.ecosystems.manifests.package_json import declared_names
from zt_gate.syntax import json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document

_LIMIT = 10 * 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the packages; the first item of each is NAME@VERSION."""
    document = json_object(data, _LIMIT, relaxed=True)
    direct: set[str] = set()
    for workspace in object_at(document, "workspaces").values():
        direct |= declared_names(workspace)
    return tuple(_dependencies(document, direct))


def _dependencies(document: Document, direct: set[str]) -> Iterator[Dependency]:
    packages = object_at(document, "packages")
    for names, start, end in json.keys(document, 2):
        if names[0] != "packages":
            continue
        place = document.text.place(start, end)
        folder = names[1]
        value = packages.get(folder)
        items = value if isinstance(value, list) else []
        descriptor = items[0] if items else None
        if not isinstance(descriptor, str):
            raise ManifestError(place[0], f"{quoted(folder)} has no name and version")
        name, version = split_version(descriptor)
        resolved = items[1] if len(items) > 1 else ""
        if isinstance(resolved, str) and "://" in resolved:
            source = locked_source(resolved, name, version)
        else:
            _, version, source = parse_spec(name, version)
        yield make_dependency(
            "npm", name, place, "packages", version, source, direct=folder in direct
        )

"""bun.lock: JSON with trailing commas; packages by folder, workspaces with what they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.scanners.dependencies.manifests import json_text
from zt_gate.scanners.dependencies.manifests.base import (
    Dependency,
    ManifestError,
    Text,
    entry,
    quoted,
)
from zt_gate.scanners.dependencies.manifests.package_json import archive_source, spec

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 10 * 1024 * 1024
_ROOT = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read the packages; the first item of each is NAME@VERSION."""
    text = json_text.relaxed(data, _LIMIT, "bun.lock")
    document = json_text.parsed(text.content)
    packages, workspaces = document.get("packages", {}), document.get("workspaces", {})
    if not isinstance(packages, dict) or not isinstance(workspaces, dict):
        raise ManifestError(0, "packages and workspaces are no objects")
    direct = {
        name
        for workspace in workspaces.values()
        for key in _ROOT
        if isinstance(workspace, dict) and isinstance(workspace.get(key), dict)
        for name in workspace[key]
    }
    return tuple(_entries(text, packages, direct))


def _entries(text: Text, packages: dict[str, object], direct: set[str]) -> Iterator[Dependency]:
    for names, place in json_text.keys(text, 2):
        if names[0] != "packages":
            continue
        folder = names[1]
        value = packages.get(folder)
        first = value[0] if isinstance(value, list) and value else None
        if not isinstance(first, str):
            raise ManifestError(place[0], f"{quoted(folder)} has no name and version")
        at = first.find("@", 1)
        name, version = (first, "") if at < 0 else (first[:at], first[at + 1 :])
        resolved = value[1] if isinstance(value, list) and len(value) > 1 else ""
        if isinstance(resolved, str) and "://" in resolved:
            source = archive_source(resolved)
        else:
            version, source = spec(name, version)[1:]
        yield entry("npm", name, place, "packages", version, source, direct=folder in direct)

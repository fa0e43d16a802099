"""bun.lock: JSON with trailing commas, holding workspaces and the packages by folder."""

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
from zt_gate.ecosystems.manifests.npm_spec import (
    locked_source,
    parse_spec,
    split_version,
)
from zt_gate.ecosystems.manifests.package_json import declared, declared_names
from zt_gate.syntax import json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document

_LIMIT = 10 * 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the packages; the first item of each is NAME@VERSION."""
    return lock(path, data).dependencies


def lock(path: bytes, data: bytes) -> LockContent:  # noqa: ARG001 - part of the reader signature
    """Read the packages, their checksums, and what the workspaces request."""
    document = json_object(data, _LIMIT, relaxed=True)
    direct: set[str] = set()
    workspaces = object_at(document, "workspaces")
    for workspace in workspaces.values():
        direct |= declared_names(workspace)
    packages = list(_packages(document, direct))
    return LockContent(
        tuple(dependency for _, dependency, _ in packages),
        tuple(_files(packages)),
        tuple(_requirements(document)),
        frozenset(workspaces),
        overridden=frozenset(object_at(document, "overrides")),
        renamed=tuple(_renamed(packages, data)),
    )


def _renamed(
    packages: list[tuple[str, Dependency, list[Any]]], data: bytes
) -> Iterator[tuple[str, Dependency]]:
    """Yield packages under a name for which no package of the lock file requests them."""
    for folder, dependency, _ in packages:
        parts = folder.split("/")
        is_scoped = len(parts) > 1 and parts[-2].startswith("@")
        alias = "/".join(parts[-2:]) if is_scoped else parts[-1]
        is_archive = dependency.source.kind in FROM_REGISTRY
        is_requested = f"npm:{dependency.name}".encode() in data
        if is_archive and alias != dependency.name and not is_requested:
            yield alias, dependency


def _files(packages: list[tuple[str, Dependency, list[Any]]]) -> Iterator[LockedFile]:
    for _, dependency, items in packages:
        if dependency.source.kind in FROM_REGISTRY:
            last = items[-1] if len(items) > 3 else ""
            yield locked_file(dependency, subresource_checksums(last))


def _requirements(document: Document) -> Iterator[LockedRequirement]:
    workspaces = object_at(document, "workspaces")
    for names, start, end in json.keys(document, 2):
        if names[0] == "workspaces":
            place = document.text.place(start, end)
            for section, name, specifier in declared(workspaces[names[1]]):
                yield LockedRequirement(names[1], section, name, specifier, place)


def _packages(
    document: Document, direct: set[str]
) -> Iterator[tuple[str, Dependency, list[Any]]]:
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
        dependency = make_dependency(
            "npm", name, place, "packages", version, source, direct=folder in direct
        )
        yield folder, dependency, items

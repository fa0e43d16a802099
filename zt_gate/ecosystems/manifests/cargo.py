"""Cargo.toml: dependencies of every kind and target, patches and the workspace's table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    make_dependency,
    parse_manifest,
    quoted,
)
from zt_gate.syntax import toml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Place

_SECTIONS = (
    "dependencies",
    "dev-dependencies",
    "build-dependencies",
    "dev_dependencies",
    "build_dependencies",
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every table of dependencies."""
    document = parse_manifest(toml.read, data)
    dependencies: list[Dependency] = []
    for keys, table in _tables(document.value):
        section = ".".join(keys)
        if not isinstance(table, dict):
            raise ManifestError(0, f"{quoted(section)} is not a table")
        for name, value in table.items():
            place = document.key_place((*keys, name))
            dependency = _dependency(section, place, name, value)
            if dependency is not None:
                dependencies.append(dependency)
    return tuple(dependencies)


def _tables(data: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the path and value of each table of dependencies."""
    for name in _SECTIONS:
        if name in data:
            yield (name,), data[name]
    workspace = data.get("workspace")
    if isinstance(workspace, dict) and "dependencies" in workspace:
        yield ("workspace", "dependencies"), workspace["dependencies"]
    targets = data.get("target")
    if isinstance(targets, dict):
        yield from _target_tables(targets)
    patches = data.get("patch")
    if isinstance(patches, dict):
        for registry, table in patches.items():
            yield ("patch", registry), table
    if "replace" in data:
        yield ("replace",), data["replace"]


def _target_tables(
    targets: dict[str, Any],
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for target, tables in targets.items():
        if not isinstance(tables, dict):
            continue
        for name in _SECTIONS:
            if name in tables:
                yield ("target", target, name), tables[name]


def _dependency(
    section: str, place: Place, name: str, value: object
) -> Dependency | None:
    """Return one entry of a table, None if the workspace's own table defines it."""
    if isinstance(value, str):
        return make_dependency("cargo", name.partition(":")[0], place, section, value)
    if not isinstance(value, dict):
        raise ManifestError(place[0], f"{quoted(name)} is neither a string nor a table")
    if value.get("workspace"):
        return None
    package = str(value.get("package", name)).partition(":")[0]
    version = str(value.get("version", ""))
    return make_dependency("cargo", package, place, section, version, _source(value))


def _source(table: dict[str, Any]) -> Source:
    if "git" in table:
        return Source("vcs", str(table["git"]))
    if "path" in table:
        return Source("path", str(table["path"]))
    for key in ("registry-index", "registry"):
        if key in table and table[key] != "crates-io":
            return Source("index", str(table[key]))
    return Source()

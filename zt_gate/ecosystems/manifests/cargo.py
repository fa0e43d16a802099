"""Cargo.toml: dependencies of every kind and target, patches and the workspace's."""

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

_SECTIONS = ("dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies",
             "build_dependencies")  # fmt: skip


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read every table of dependencies."""
    document = parse_manifest(toml.read, data)
    found: list[Dependency] = []
    for keys, table in _tables(document.value):
        where = ".".join(keys)
        if not isinstance(table, dict):
            raise ManifestError(0, f"{quoted(where)} is not a table")
        for name, value in table.items():
            found += _entry(where, document.key_place((*keys, name)), name, value)
    return tuple(found)


def _tables(data: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield from (((name,), data[name]) for name in _SECTIONS if name in data)
    workspace = data.get("workspace")
    if isinstance(workspace, dict) and "dependencies" in workspace:
        yield ("workspace", "dependencies"), workspace["dependencies"]
    for section in ("target", "patch"):
        tables = data.get(section)
        for key, table in tables.items() if isinstance(tables, dict) else ():
            if section == "patch":
                yield ("patch", key), table
                continue
            for name in _SECTIONS if isinstance(table, dict) else ():
                if name in table:
                    yield ("target", key, name), table[name]
    if "replace" in data:
        yield ("replace",), data["replace"]


def _entry(
    where: str, place: tuple[int, int, int], name: str, value: object
) -> Iterator[Dependency]:
    if isinstance(value, str):
        yield make_dependency("cargo", name.partition(":")[0], place, where, value)
        return
    if not isinstance(value, dict):
        raise ManifestError(place[0], f"{quoted(name)} is neither a string nor a table")
    if value.get("workspace"):
        return  # stands in the workspace's own table
    real = str(value.get("package", name)).partition(":")[0]
    source = Source()
    if "git" in value:
        source = Source("vcs", str(value["git"]))
    elif "path" in value:
        source = Source("path", str(value["path"]))
    elif "registry-index" in value:
        source = Source("index", str(value["registry-index"]))
    yield make_dependency(
        "cargo", real, place, where, str(value.get("version", "")), source
    )

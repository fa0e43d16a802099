"""``.cargo/config.toml``: the registries and sources that a project configures for Cargo.

A source can replace the public registry for every crate (``replace-with``).  Patches are
read as in Cargo.toml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests import cargo, toml_lock
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    parse_manifest,
    unnamed_entry,
)
from zt_gate.syntax import toml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import SourceKind

_KINDS: dict[str, SourceKind] = {
    "registry": "index",
    "git": "vcs",
    "local-registry": "path",
    "directory": "path",
}


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Return an entry for each registry or source, and for each patch."""
    document = parse_manifest(toml.read, data)
    entries = [
        unnamed_entry("cargo", source, document.place(keys), ".".join(keys))
        for keys, source in _sources(document.value)
    ]
    return (*entries, *cargo.read(path, data))


def index_address(written: str) -> str:
    """Return the address of a registry without the protocol that Cargo writes before it."""
    return written.removeprefix("sparse+").removeprefix("registry+")


def _sources(data: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Source]]:
    for name, table in _tables(data.get("source")):
        for key, kind in _KINDS.items():
            target = table.get(key)
            if isinstance(target, str):
                yield from _source(("source", name, key), kind, target)
    for name, table in _tables(data.get("registries")):
        index = table.get("index")
        if isinstance(index, str):
            yield from _source(("registries", name, "index"), "index", index)


def _source(
    keys: tuple[str, ...], kind: SourceKind, target: str
) -> Iterator[tuple[tuple[str, ...], Source]]:
    address = index_address(target)
    if kind != "index":
        yield keys, Source(kind, target)
    elif "://" not in address:
        yield keys, Source("path", address)
    elif toml_lock.cargo_index(address).kind == "index":
        yield keys, Source("index", address)


def _tables(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, table in value.items() if isinstance(value, dict) else ():
        if isinstance(table, dict):
            yield name, table

"""Pipfile.lock: every locked package, and the sources that it was locked from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    json_object,
    make_dependency,
    unnamed_entry,
)
from zt_gate.ecosystems.manifests.lock_content import (
    Checksum,
    LockContent,
    LockedFile,
    locked_file,
    prefixed_checksum,
)
from zt_gate.syntax import json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document

_LIMIT = 10 * 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the sources and the sections of packages."""
    return lock(path, data).dependencies


def lock(path: bytes, data: bytes) -> LockContent:  # noqa: ARG001 - part of the reader signature
    """Read the sources, the packages, their checksums, and that of the Pipfile."""
    document = json_object(data, _LIMIT)
    packages = list(_packages(document))
    dependencies = (*_indexes(document), *(entry for entry, _ in packages))
    digest = _at(document.value, "_meta", "hash", "sha256")
    digests = {"_meta.hash": digest} if isinstance(digest, str) and digest else {}
    return LockContent(dependencies, tuple(_files(packages)), digests=digests)


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _files(packages: list[tuple[Dependency, dict[str, Any]]]) -> Iterator[LockedFile]:
    for entry, table in packages:
        if entry.source.kind != "registry" or not entry.constraint:
            continue
        hashes = table.get("hashes")
        checksums: set[Checksum] = set()
        for value in hashes if isinstance(hashes, list) else ():
            checksums |= prefixed_checksum(value)
        yield locked_file(entry, checksums, is_set=True)


def _indexes(document: Document) -> Iterator[Dependency]:
    for leaf in document.leaves():
        is_source = leaf.names[:2] == ("_meta", "sources")
        if is_source and leaf.names[-1] == "url" and leaf.value:
            source = Source("index", leaf.value)
            yield unnamed_entry("pypi", source, leaf.value_place, "source")


def _packages(document: Document) -> Iterator[tuple[Dependency, dict[str, Any]]]:
    for (section, name), start, end in json.keys(document, 2):
        if section == "_meta":
            continue
        place = document.text.place(start, end)
        packages = document.value[section]
        value = packages.get(name) if isinstance(packages, dict) else None
        table = value if isinstance(value, dict) else {}
        version = str(table.get("version", ""))
        dependency = make_dependency(
            "pypi", name, place, section, version, _source(table), direct=False
        )
        yield dependency, table


def _source(table: dict[str, object]) -> Source:
    if "git" in table:
        return Source("vcs", str(table["git"]))
    if "file" in table:
        return Source("url", str(table["file"]))
    if "path" in table:
        return Source("path", str(table["path"]))
    return Source()

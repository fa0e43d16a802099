"""Pipfile.lock: every locked package, and the sources that it was locked from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    json_object,
    make_dependency,
    unnamed_entry,
)
from zt_gate.syntax import json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document

_LIMIT = 10 * 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the sources and the sections of packages."""
    document = json_object(data, _LIMIT)
    return (*_indexes(document), *_packages(document))


def _indexes(document: Document) -> Iterator[Dependency]:
    for leaf in document.leaves():
        is_source = leaf.names[:2] == ("_meta", "sources")
        if is_source and leaf.names[-1] == "url" and leaf.value:
            source = Source("index", leaf.value)
            yield unnamed_entry("pypi", source, leaf.value_place, "source")


def _packages(document: Document) -> Iterator[Dependency]:
    for (section, name), start, end in json.keys(document, 2):
        if section == "_meta":
            continue
        place = document.text.place(start, end)
        packages = document.value[section]
        value = packages.get(name) if isinstance(packages, dict) else None
        table = value if isinstance(value, dict) else {}
        version = str(table.get("version", ""))
        yield make_dependency(
            "pypi", name, place, section, version, _source(table), direct=False
        )


def _source(table: dict[str, object]) -> Source:
    if "git" in table:
        return Source("vcs", str(table["git"]))
    if "file" in table:
        return Source("url", str(table["file"]))
    if "path" in table:
        return Source("path", str(table["path"]))
    return Source()

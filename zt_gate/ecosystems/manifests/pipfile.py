"""Pipfile: packages, development packages and categories, and the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    make_dependency,
    parse_manifest,
    quoted,
    unnamed_entry,
)
from zt_gate.ecosystems.manifests.toml_requirements import table_source
from zt_gate.syntax import toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.syntax.document import Document

_SETTINGS = frozenset(("source", "requires", "scripts", "pipenv", "pipfile"))


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every table of packages; any table that is not a setting is one."""
    document = parse_manifest(toml.read, data)
    dependencies: list[Dependency] = []
    indexes: dict[str, str] = {}
    for number, table in enumerate(_tables(document.value.get("source", []))):
        url = str(table.get("url", ""))
        indexes[str(table.get("name", ""))] = url
        place = document.place(("source", number, "url"))
        dependencies.append(
            unnamed_entry("pypi", Source("index", url), place, "source")
        )
    for section, packages in document.value.items():
        if section not in _SETTINGS:
            dependencies += _packages(document, section, packages, indexes)
    return tuple(dependencies)


def _tables(value: object) -> list[dict[str, object]]:
    items = value if isinstance(value, list) else [value]
    return [table for table in items if isinstance(table, dict)]


def _packages(
    document: Document, section: str, packages: object, indexes: Mapping[str, str]
) -> Iterator[Dependency]:
    if not isinstance(packages, dict):
        raise ManifestError(0, f"{quoted(section)} is not a table")
    for name, value in packages.items():
        place = document.key_place((section, name))
        if isinstance(value, str):
            yield make_dependency("pypi", name, place, section, value)
        elif isinstance(value, dict):
            version = str(value.get("version", ""))
            source = table_source(value, indexes) or Source()
            yield make_dependency("pypi", name, place, section, version, source)
        else:
            raise ManifestError(
                place[0], f"{quoted(name)} is neither a string nor a table"
            )

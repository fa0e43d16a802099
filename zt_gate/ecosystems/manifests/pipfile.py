"""Pipfile: packages, development packages and categories, and the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import toml_text
from zt_gate.ecosystems.manifests.base import Dependency, ManifestError, Source, entry, quoted
from zt_gate.ecosystems.manifests.pyproject import table_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.ecosystems.manifests.toml_text import Document

_SETTINGS = frozenset(("source", "requires", "scripts", "pipenv", "pipfile"))


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read every table of packages; whatever is no setting is one."""
    document = toml_text.parse(data)
    found: list[Dependency] = []
    indexes: dict[str, str] = {}
    for table in _tables(document.data.get("source", [])):
        url = str(table.get("url", ""))
        indexes[str(table.get("name", ""))] = url
        place = document.place(url, "source")
        found.append(Dependency("pypi", "", "", "", Source("index", url), *place, "source"))
    for section, packages in document.data.items():
        if section not in _SETTINGS:
            found += _packages(document, section, packages, indexes)
    return tuple(found)


def _tables(value: object) -> list[dict[str, object]]:
    listed = value if isinstance(value, list) else [value]
    return [table for table in listed if isinstance(table, dict)]


def _packages(
    document: Document, section: str, packages: object, indexes: Mapping[str, str]
) -> Iterator[Dependency]:
    if not isinstance(packages, dict):
        raise ManifestError(0, f"{quoted(section)} is no table")
    for name, wanted in packages.items():
        place = document.place(name, section)
        if isinstance(wanted, str):
            yield entry("pypi", name, place, section, wanted)
        elif isinstance(wanted, dict):
            source = table_source(wanted, indexes) or Source()
            yield entry("pypi", name, place, section, str(wanted.get("version", "")), source)
        else:
            raise ManifestError(place[0], f"{quoted(name)} is neither text nor a table")

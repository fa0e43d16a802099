"""composer.lock: every locked package, and where it was taken from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests import hosts
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    json_object,
    make_dependency,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document, Leaf

_LIMIT = 10 * 1024 * 1024
_SECTIONS = ("packages", "packages-dev")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read both lists; the file does not say what is direct."""
    document = json_object(data, _LIMIT)
    tables = {section: _tables(document, section) for section in _SECTIONS}
    found: list[Dependency] = []
    for leaf in document.leaves():
        section, *rest = leaf.names
        if section in tables and rest == ["", "name"]:
            table = next(tables[section], {})
            if leaf.value is None or table.get("name") != leaf.value:
                raise ManifestError(leaf.place[0], "package with an ambiguous name")
            found.append(_entry(table, leaf, section))
    for section in _SECTIONS:
        if next(tables[section], None) is not None:
            raise ManifestError(0, f"package without a name in {section}")
    return tuple(found)


def provided_names(data: bytes) -> frozenset[str]:
    """Return the names that locked packages provide or replace: nothing else is locked for them."""
    document = json_object(data, _LIMIT)
    tables = [table for section in _SECTIONS for table in _tables(document, section)]
    named = [table.get(key) for table in tables for key in ("provide", "replace")]
    return frozenset(
        name.lower() for one in named if isinstance(one, dict) for name in one
    )


def _tables(document: Document, section: str) -> Iterator[dict[str, Any]]:
    listed = document.value.get(section) or []
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ManifestError(0, f"{section} is not a list of packages")
    return iter(listed)


def _entry(table: dict[str, Any], leaf: Leaf, section: str) -> Dependency:
    version, name = table.get("version", ""), leaf.value or ""
    if not isinstance(version, str):
        raise ManifestError(
            leaf.place[0], f"the version of {quoted(name)} is not a string"
        )
    source = _source(table)
    return make_dependency(
        "composer", name, leaf.inside, section, version, source, direct=False
    )


def _source(table: dict[str, Any]) -> Source:
    """Return where a package is from: composer notes whom it tells of an installation.

    Only a registry is told; what comes from a repository has no such address.
    """
    archive, checkout = (_address(table.get(key)) for key in ("dist", "source"))
    if archive[0] == "path":
        return Source("path", archive[1])
    told = table.get("notification-url")
    if isinstance(told, str) and told:
        host = hosts.origin(told)
        return (
            Source()
            if hosts.is_default_registry("composer", host)
            else Source("index", host or told)
        )
    if checkout[1]:
        return Source("vcs", checkout[1])
    return Source("url", archive[1]) if archive[1] else Source()


def _address(value: object) -> tuple[str, str]:
    table = value if isinstance(value, dict) else {}
    return str(table.get("type", "")), str(table.get("url", ""))

"""libs.versions.toml: Gradle's catalog of libraries and plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    make_dependency,
    parse_manifest,
    quoted,
)
from zt_gate.syntax import toml

if TYPE_CHECKING:
    from collections.abc import Mapping


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the tables libraries and plugins."""
    document = parse_manifest(toml.read, data)
    table = document.value.get("versions", {})
    versions = table if isinstance(table, dict) else {}
    dependencies: list[Dependency] = []
    for section in ("libraries", "plugins"):
        entries = document.value.get(section, {})
        if not isinstance(entries, dict):
            raise ManifestError(0, f"{section} is not a table")
        for alias, value in entries.items():
            place = document.key_place((section, alias))
            name, version = _coordinates(value, section, versions)
            if not name:
                raise ManifestError(place[0], f"{quoted(alias)} has no coordinates")
            if section == "plugins" and not _has_version(value):
                continue  # Gradle takes it from the build itself, never from a portal
            dependencies.append(make_dependency("maven", name, place, section, version))
    return tuple(dependencies)


def _has_version(value: object) -> bool:
    """Return whether a plug-in's entry has a version in any form."""
    return "version" in value if isinstance(value, dict) else ":" in str(value)


def _coordinates(
    value: object, section: str, versions: Mapping[str, Any]
) -> tuple[str, str]:
    """Return the name (GROUP:ARTIFACT) and the version of an entry, "" without one."""
    name, version = "", ""
    if isinstance(value, str) and value:
        parts = value.split(":")
        name_parts = 1 if section == "plugins" else 2
        name = ":".join(parts[:name_parts])
        version = ":".join(parts[name_parts:])
    elif isinstance(value, dict):
        name, version = _table_coordinates(value, versions)
    if section == "plugins" and name:
        name = f"{name}:{name}.gradle.plugin"
    return name, version


def _table_coordinates(
    table: Mapping[str, Any], versions: Mapping[str, Any]
) -> tuple[str, str]:
    name = str(table.get("module", "") or table.get("id", ""))
    if "group" in table and "name" in table:
        name = f"{table['group']}:{table['name']}"
    version = table.get("version", "")
    if isinstance(version, dict):
        version = versions.get(str(version.get("ref", "")), "")
    return name, version if isinstance(version, str) else ""

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
    from collections.abc import Iterator, Mapping


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the tables libraries and plugins."""
    document = parse_manifest(toml.read, data)
    versions = document.value.get("versions", {})
    found: list[Dependency] = []
    for section in ("libraries", "plugins"):
        table = document.value.get(section, {})
        if not isinstance(table, dict):
            raise ManifestError(0, f"{section} is not a table")
        for alias, value in table.items():
            place = document.key_place((section, alias))
            for name, version in _coordinates(
                value, section, versions if isinstance(versions, dict) else {}
            ):
                if not name:
                    raise ManifestError(place[0], f"{quoted(alias)} has no coordinates")
                found.append(make_dependency("maven", name, place, section, version))
    return tuple(found)


def _coordinates(
    value: object, section: str, versions: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    table: Mapping[str, Any] = value if isinstance(value, dict) else {}
    written = value if isinstance(value, str) else ""
    name, version = (
        str(table.get("module", "") or table.get("id", "")),
        table.get("version", ""),
    )
    if "group" in table and "name" in table:
        name = f"{table['group']}:{table['name']}"
    if written:
        parts = written.split(":")
        at = 1 if section == "plugins" else 2
        name, version = ":".join(parts[:at]), ":".join(parts[at:])
    if isinstance(version, dict):
        version = versions.get(str(version.get("ref", "")), "")
    if section == "plugins" and name:
        name = f"{name}:{name}.gradle.plugin"
    yield name, version if isinstance(version, str) else ""

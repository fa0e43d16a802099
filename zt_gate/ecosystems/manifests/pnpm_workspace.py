"""pnpm-workspace.yaml: catalogs, overrides, configuration dependencies and registries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import javascript_settings
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    make_dependency,
    parse_manifest,
    quoted,
)
from zt_gate.ecosystems.manifests.npm_spec import parse_spec, selected_package
from zt_gate.syntax import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Text
    from zt_gate.syntax.document import Node

_LIMIT = 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the default catalog, the named catalogs, the overrides and the registries."""
    dependencies = [*javascript_settings.read(path, data)]
    for document in parse_manifest(yaml.read_all, data, _LIMIT):
        root, text = document.root, document.text
        dependencies += catalog_entries(text, root.get("catalog"), "catalog")
        catalogs = root.get("catalogs")
        for key, value in catalogs.entries() if catalogs else ():
            dependencies += catalog_entries(text, value, f"catalogs.{key.value}")
        for section in ("overrides", "configDependencies"):
            dependencies += catalog_entries(text, root.get(section), section)
    return tuple(dependencies)


def catalog_entries(
    text: Text, node: Node | None, section: str
) -> Iterator[Dependency]:
    """Yield the entries of a table of names and versions, nothing for None."""
    for key, value in node.entries() if node is not None else ():
        place = text.place(key.start, key.end)
        if not value.is_scalar:
            raise ManifestError(
                place[0], f"{quoted(key.value)} of {section} is not a string"
            )
        name = selected_package(key.value) if section == "overrides" else key.value
        is_reference = value.value.startswith(("$", "catalog:"))
        spec = "" if is_reference else value.value
        package, constraint, source = parse_spec(name, spec)
        yield make_dependency("npm", package, place, section, constraint, source)

""".yarnrc.yml: yarn's registries, the catalogs of yarn 4, and packages it adds to others."""

from __future__ import annotations

from zt_gate.ecosystems.manifests import javascript_settings
from zt_gate.ecosystems.manifests.base import Dependency, parse_manifest
from zt_gate.ecosystems.manifests.pnpm_workspace import catalog_entries
from zt_gate.syntax import yaml

_LIMIT = 1024 * 1024
_SECTIONS = ("dependencies", "peerDependencies")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the settings, the default catalog, the named catalogs, and packageExtensions."""
    dependencies = list(javascript_settings.read(path, data))
    for document in parse_manifest(yaml.read_all, data, _LIMIT):
        text, root = document.text, document.root
        dependencies += catalog_entries(text, root.get("catalog"), "catalog")
        catalogs = root.get("catalogs")
        for key, value in catalogs.entries() if catalogs else ():
            dependencies += catalog_entries(text, value, f"catalogs.{key.value}")
        extensions = root.get("packageExtensions")
        for _, extension in extensions.entries() if extensions else ():
            for section in _SECTIONS:
                dependencies += catalog_entries(text, extension.get(section), section)
    return tuple(dependencies)

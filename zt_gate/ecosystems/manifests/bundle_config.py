"""``.bundle/config``: mirrors that a project configures for Bundler."""

from __future__ import annotations

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    parse_manifest,
    unnamed_entry,
)
from zt_gate.syntax import yaml

_LIMIT = 1024 * 1024
_PREFIX = "bundle_mirror__"
#: Settings of a mirror that are no address.
_OPTIONS = ("__fallback_timeout", "__fallback_timeout/")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Return an index entry for each mirror."""
    document = parse_manifest(yaml.read, data, _LIMIT)
    entries: list[Dependency] = []
    for key, value in document.root.entries():
        name = key.value.lower()
        is_mirror = name.startswith(_PREFIX) and not name.endswith(_OPTIONS)
        if is_mirror and value.is_scalar and value.value:
            place = document.text.place(value.start, value.end)
            source = Source("index", value.value)
            entries.append(unnamed_entry("gem", source, place, "mirror"))
    return tuple(entries)

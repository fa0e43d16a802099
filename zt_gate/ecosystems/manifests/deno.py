"""deno.json and import maps: npm packages and URLs that modules are mapped to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    json_object,
    make_dependency,
    unnamed_entry,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Place

_LIMIT = 1024 * 1024
_NPM = lazy_re.compile(r"npm:/?((?:@[^/@\s]+/)?[^/@\s]+)(?:@([^/\s]+))?")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read imports, scopes and tasks."""
    document = json_object(data, _LIMIT, relaxed=True)
    dependencies: list[Dependency] = []
    for leaf in document.leaves():
        if leaf.value is None:
            continue
        section = leaf.names[0]
        if section in {"imports", "scopes"}:
            dependencies += specifier(leaf.value, leaf.value_place, section)
        elif section == "tasks":
            dependencies += commands.in_string(leaf.value, leaf.value_place)
    return tuple(dependencies)


def specifier(value: str, place: Place, section: str) -> Iterator[Dependency]:
    """Yield the package or URL of one module specifier of Deno, nothing for ``jsr:``."""
    match = _NPM.match(value)
    if match is not None:
        yield make_dependency("npm", match[1], place, section, match[2] or "")
    elif value.startswith(("https://", "http://")):
        yield unnamed_entry("npm", Source("url", value), place, section)

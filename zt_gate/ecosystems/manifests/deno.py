"""deno.json and import maps: what is mapped to ``npm:``, ``jsr:`` or an address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    json_object,
    make_dependency,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 1024 * 1024
_NPM = re.compile(r"npm:/?((?:@[^/@\s]+/)?[^/@\s]+)(?:@([^/\s]+))?")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read imports, scopes and tasks."""
    document = json_object(data, _LIMIT, relaxed=True)
    found: list[Dependency] = []
    for leaf in document.leaves():
        if leaf.value is None:
            continue
        if leaf.names[0] in {"imports", "scopes"}:
            found += specifier(leaf.value, leaf.inside, leaf.names[0])
        elif leaf.names[0] == "tasks":
            found += commands.in_string(leaf.value, leaf.inside)
    return tuple(found)


def specifier(
    value: str, place: tuple[int, int, int], section: str
) -> Iterator[Dependency]:
    """Yield what one module specifier of Deno names: ``npm:``, ``jsr:``, or an address."""
    match = _NPM.match(value)
    if match is not None:
        yield make_dependency("npm", match[1], place, section, match[2] or "")
    elif value.startswith(("https://", "http://")):
        yield Dependency("npm", "", "", "", Source("url", value), *place, section)

""".vscode/extensions.json and workspaces: the extensions that an editor offers to install."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import references
from zt_gate.ecosystems.manifests.base import Dependency, json_object, valid_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Leaf

_LIMIT = 1024 * 1024
_KEY = "recommendations"


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the recommendations."""
    document = json_object(data, _LIMIT, "not_applicable", relaxed=True)
    return tuple(entry for leaf in document.leaves() for entry in extension(leaf, _KEY))


def extension(leaf: Leaf, key: str) -> Iterator[Dependency]:
    """Yield the extension that a value of a list with this key names: PUBLISHER.NAME@VERSION."""
    if leaf.value is None or leaf.names[-2:] != (key, ""):
        return
    name, _, version = leaf.value.partition("@")
    if valid_name("vscode", name):
        yield references.reference("vscode", name, leaf.value_place, key, version)

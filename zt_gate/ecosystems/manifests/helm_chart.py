"""Chart.yaml and helmfiles: the charts that a chart or a release is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import references
from zt_gate.ecosystems.manifests.base import Dependency, parse_manifest
from zt_gate.syntax import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Node, Text

_LIMIT = 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the dependencies of a chart, and the releases of a helmfile."""
    dependencies: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT, "not_applicable"):
        text, root = document.text, document.root
        for item in _items(root, "dependencies"):
            dependencies += _chart(text, item, "name", _scalar(item, "repository"))
        addresses = {
            _scalar(item, "name"): _scalar(item, "url")
            for item in _items(root, "repositories")
        }
        for item in _items(root, "releases"):
            alias = _scalar(item, "chart").partition("/")[0]
            dependencies += _chart(text, item, "chart", addresses.get(alias, ""))
    return tuple(dependencies)


def _chart(text: Text, item: Node, key: str, address: str) -> Iterator[Dependency]:
    node = item.get(key)
    if node is None or not node.is_scalar or not node.value:
        return
    if address.startswith(("file://", "@", "alias:")) or node.value.startswith("."):
        return  # a folder of the repository, or a repository of the user's settings
    place = text.place(node.start, node.end)
    host = address.partition("://")[2].rstrip("/")
    chart = node.value.rpartition("/")[2] if host else node.value
    name = f"{host}/{chart}" if host else chart
    yield references.reference("helm", name, place, key, _scalar(item, "version"))


def _items(root: Node, key: str) -> list[Node]:
    node = root.get(key)
    return [] if node is None else (node.items or [])


def _scalar(table: Node, key: str) -> str:
    node = table.get(key)
    return node.value if node is not None and node.is_scalar else ""

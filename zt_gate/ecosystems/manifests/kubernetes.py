"""Kubernetes objects, kustomizations and Helm values: the images that they run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import references
from zt_gate.ecosystems.manifests.base import Dependency, Text, parse_manifest
from zt_gate.syntax import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Node

_LIMIT = 1024 * 1024
_IMAGE_LINE = lazy_re.compile(
    r"^[ \t-]{0,80}image:[ \t]*[\"']?([\w./:@-]{1,300})[\"']?[ \t]*(?:#[^\n]*)?$",
    re.MULTILINE,
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every image; of a template of Helm, which is no YAML, those in one line."""
    if b"{{" in data:
        return tuple(_of_template(data))
    dependencies: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT, "not_applicable"):
        for key, value, table in document.root.walk():
            if key == "image":
                dependencies += _image(document.text, value)
            elif key == "newName":
                dependencies += _renamed(document.text, value, table)
    return tuple(dependencies)


def _of_template(data: bytes) -> Iterator[Dependency]:
    """Yield the images that lines of a template name as they are."""
    text = Text.of(data[:_LIMIT].decode("utf-8", "replace"))
    for match in _IMAGE_LINE.finditer(text.content):
        entry = references.image(match[1], text.place(*match.span(1)), "image")
        if entry is not None:
            yield entry


def _image(text: Text, value: Node) -> Iterator[Dependency]:
    """Yield an image that is one text, or a table of repository and tag."""
    if value.is_scalar:
        place = text.place(value.start, value.end)
        entry = references.image(value.value, place, "image")
        if entry is not None:
            yield entry
        return
    repository = value.get("repository")
    if repository is None or not repository.is_scalar or not repository.value:
        return
    host = _scalar(value, "registry")
    name = f"{host}/{repository.value}" if host else repository.value
    # Without a tag a chart takes its own version.
    tag = _scalar(value, "digest") or _scalar(value, "tag") or references.COMPUTED
    written = f"{name}@{tag}" if tag.startswith("sha256:") else f"{name}:{tag}"
    place = text.place(repository.start, repository.end)
    entry = references.image(written, place, "image")
    if entry is not None:
        yield entry


def _renamed(text: Text, value: Node, table: Node) -> Iterator[Dependency]:
    digest, tag = _scalar(table, "digest"), _scalar(table, "newTag")
    written = f"{value.value}@{digest}" if digest else f"{value.value}:{tag or '?'}"
    entry = references.image(written, text.place(value.start, value.end), "images")
    if value.is_scalar and entry is not None:
        yield entry


def _scalar(table: Node, key: str) -> str:
    node = table.get(key)
    return node.value if node is not None and node.is_scalar else ""

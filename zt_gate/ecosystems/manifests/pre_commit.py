""".pre-commit-config.yaml: packages that hooks install besides their own repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems import all_ecosystems
from zt_gate.ecosystems.manifests import pep508
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    make_dependency,
    parse_manifest,
    quoted,
)
from zt_gate.syntax import yaml

if TYPE_CHECKING:
    from zt_gate.ecosystems.manifests.base import Place, Text
    from zt_gate.syntax.document import Node

_LIMIT = 1024 * 1024
_SECTION = "additional_dependencies"
_NODE_LANGUAGES = ("node", "javascript", "ts")
# A hook's own repository usually sets its language; these well-known hooks run on node.
_NODE_HOOKS = (
    "eslint",
    "prettier",
    "stylelint",
    "markdownlint",
    "commitlint",
    "htmlhint",
    "tslint",
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every list called additional_dependencies."""
    dependencies: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT):
        for key, value, hook in document.root.walk():
            if key == _SECTION:
                items = value.listed()
                dependencies += [
                    _dependency(document.text, item, hook) for item in items
                ]
    return tuple(dependencies)


def _dependency(text: Text, item: Node, hook: Node) -> Dependency:
    place = text.place(item.start, item.end)
    if not item.is_scalar:
        raise ManifestError(place[0], "an additional dependency is not a string")
    language, hook_id = _scalar(hook, "language"), _scalar(hook, "id").lower()
    is_node_hook = any(word in hook_id for word in _NODE_HOOKS)
    is_node = language in _NODE_LANGUAGES or is_node_hook
    if is_node or item.value.startswith("@"):
        return _npm_dependency(item.value, place)
    for ecosystem in all_ecosystems():
        if language in ecosystem.pre_commit_languages:
            spec = item.value.removeprefix("cli:").replace("@", ":")
            name, _, version = spec.partition(":")
            return make_dependency(ecosystem.name, name, place, _SECTION, version)
    return _python_dependency(text, item)


def _scalar(table: Node, key: str) -> str:
    node = table.get(key)
    return "" if node is None else node.value


def _npm_dependency(written: str, place: Place) -> Dependency:
    from zt_gate.ecosystems.manifests.npm_spec import parse_spec, split_version

    name, version = split_version(written)
    package, constraint, source = parse_spec(name, version)
    return make_dependency("npm", package, place, _SECTION, constraint, source)


def _python_dependency(text: Text, item: Node) -> Dependency:
    place = text.place(item.start, item.end)
    try:
        name, key, constraint, source = pep508.parse(item.value, place[0])
    except ManifestError:
        reason = f"{quoted(item.value)} is not a valid requirement"
        raise ManifestError(place[0], reason) from None
    if name:
        is_quoted = item.style in {"'", '"'}
        start = item.start + (1 if is_quoted else 0)
        place = text.place(start, start + len(name))
    return Dependency("pypi", name, key, constraint, source, *place, _SECTION)

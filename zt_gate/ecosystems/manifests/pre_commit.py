""".pre-commit-config.yaml: what hooks install besides their own repository."""

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
    from zt_gate.ecosystems.manifests.base import Text
    from zt_gate.syntax.document import Node

_LIMIT = 1024 * 1024
# Languages whose additional dependencies go to an installer that is read here.
_NODE = ("node", "javascript", "ts")
# The language stands in the hook's own repository: by the names of well-known hooks.
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
    found: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT):
        for key, value, hook in document.root.walk():
            if key == "additional_dependencies":
                found += [_one(document.text, item, hook) for item in value.listed()]
    return tuple(found)


def _one(text: Text, item: Node, hook: Node) -> Dependency:
    place = text.place(item.start, item.end)
    if not item.is_scalar:
        raise ManifestError(place[0], "an additional dependency is not a string")
    language, name = hook.get("language"), hook.get("id")
    spoken = language.value if language is not None else ""
    hooked = name.value.lower() if name is not None else ""
    section = "additional_dependencies"
    is_node = spoken in _NODE or any(word in hooked for word in _NODE_HOOKS)
    if is_node or item.value.startswith("@"):
        from zt_gate.ecosystems.manifests.npm_spec import parse_spec

        at = item.value.find("@", 1)
        package = item.value if at < 0 else item.value[:at]
        real, constraint, source = parse_spec(
            package, "" if at < 0 else item.value[at + 1 :]
        )
        return make_dependency("npm", real, place, section, constraint, source)
    speaking = next(
        (one for one in all_ecosystems() if spoken in one.pre_commit_languages), None
    )
    if speaking is not None:
        package, _, version = (
            item.value.removeprefix("cli:").replace("@", ":").partition(":")
        )
        return make_dependency(speaking.name, package, place, section, version)
    try:
        parsed, key, constraint, source = pep508.parse(item.value, place[0])
    except ManifestError:
        raise ManifestError(
            place[0], f"{quoted(item.value)} is not a valid requirement"
        ) from None
    start = item.start + (1 if item.style in {"'", '"'} else 0)
    place = text.place(start, start + len(parsed)) if parsed else place
    return Dependency("pypi", parsed, key, constraint, source, *place, section)

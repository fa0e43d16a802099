"""package.yaml and package.json5: pnpm's other forms of package.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import commands, package_json
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    own_name,
    parse_manifest,
    quoted,
    valid_name,
)
from zt_gate.ecosystems.manifests.npm_spec import parse_spec
from zt_gate.syntax import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Node, Text

_LIMIT = 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the sections; package.json5 as far as it is JSON with comments."""
    if path.lower().endswith(b".json5"):
        return package_json.read_relaxed(data)
    dependencies: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT):
        for key, value in document.root.entries():
            dependencies += _entries(document.text, key, value)
    return tuple(dependencies)


def _entries(text: Text, key: Node, value: Node) -> Iterator[Dependency]:
    section = key.value
    place = text.place(key.start, key.end)
    if section == "name" and value.is_scalar and valid_name("npm", value.value):
        yield own_name("npm", value.value, place, section)
    elif section == "scripts":
        for _, command in value.entries():
            where = text.place(command.start, command.end)
            yield from commands.in_string(command.value, where)
    elif section in package_json.SECTIONS:
        for name, spec in value.entries():
            yield _dependency(text, name, spec, section)


def _dependency(text: Text, name: Node, spec: Node, section: str) -> Dependency:
    place = text.place(name.start, name.end)
    if not spec.is_scalar:
        reason = f"{section} of {quoted(name.value)} is not a string"
        raise ManifestError(place[0], reason)
    package, constraint, source = parse_spec(name.value, spec.value)
    if not valid_name("npm", package):
        raise ManifestError(place[0], f"{quoted(package)} is not a valid package name")
    return Dependency("npm", package, package, constraint, source, *place, section)

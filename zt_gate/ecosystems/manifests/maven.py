"""pom.xml: dependencies, plugins, extensions, the parent, and additional repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    make_dependency,
    parse_manifest,
    quoted,
    unnamed_entry,
)
from zt_gate.syntax import xml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.syntax.document import Node, Text

    Element = tuple[tuple[str, ...], Node]

_PARTS = frozenset(
    ("dependency", "plugin", "extension", "parent", "path", "annotationProcessorPath")
)
_REPOSITORIES = frozenset(("repository", "pluginRepository"))
_LIMIT = 4 * 1024 * 1024
_COORDINATES = ("groupId", "artifactId", "version")
_REFERENCE = lazy_re.compile(r"\$\{([^${}]{1,200})\}")
_MOST_LEVELS = 8
_LONGEST_VALUE = 1000
_PLUGINS = "org.apache.maven.plugins"


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every element with coordinates; properties of the same file are expanded.

    What the file inherits from another one is reported as computed.
    """
    return read_inheriting(data, {})


def read_inheriting(
    data: bytes, inherited: Mapping[str, str]
) -> tuple[Dependency, ...]:
    """Read a file as ``read`` does, with the properties of its parent."""
    document = parse_manifest(xml.read, data, _LIMIT)
    elements = [(names, element) for names, _, element in xml.elements(document)]
    properties = {**inherited, **_properties(elements)}
    dependencies: list[Dependency] = []
    for names, element in elements:
        if names[-1] in _REPOSITORIES and "distributionManagement" not in names:
            dependencies += _repository(document.text, names[-1], element)
        else:
            dependencies += _artifact(document.text, names[-1], element, properties)
    return tuple(dependencies)


def _properties(elements: Sequence[Element]) -> dict[str, str]:
    """Return the values of the project's properties by their names.

    A project without a group or a version has its parent's.
    """
    properties: dict[str, str] = {}
    parent: dict[str, str] = {}
    for names, element in elements:
        if names[:-1] == ("project", "properties"):
            properties[names[-1]] = element.value.strip()
        elif names == ("project", "parent"):
            parent = {name: _child_text(element, name) for name in _COORDINATES}
    for name, value in parent.items():
        properties[f"project.parent.{name}"] = properties[f"parent.{name}"] = value
    for names, element in elements:
        if names == ("project",):
            for name in _COORDINATES:
                inherited = "" if name == "artifactId" else parent.get(name, "")
                value = _child_text(element, name) or inherited
                for prefix in ("project.", "pom.", ""):
                    properties.setdefault(prefix + name, value)
    return {name: value for name, value in properties.items() if value}


def _repository(text: Text, kind: str, element: Node) -> Iterator[Dependency]:
    from zt_gate.ecosystems.manifests import hosts

    child = element.find("url")
    if child is None:
        return
    key, value = child
    url = value.value
    if url and not hosts.is_default_registry("maven", hosts.origin(url)):
        place = text.place(value.start, key.end + 1)
        yield unnamed_entry("maven", Source("index", url), place, kind)


def _artifact(
    text: Text, kind: str, element: Node, properties: dict[str, str]
) -> Iterator[Dependency]:
    child = element.find("artifactId")
    if kind not in _PARTS or child is None or not child[1].value:
        return
    artifact = child[1].value.strip()
    default_group = _PLUGINS if kind == "plugin" else ""
    group = _child_text(element, "groupId") or default_group
    version = _expanded(_child_text(element, "version"), properties)
    name = f"{_expanded(group, properties)}:{_expanded(artifact, properties)}"
    written = child[1].value
    start = child[0].end + len(">") + written.find(artifact)
    place = text.place(start, start + len(artifact))
    line = place[0]
    if "$" in name or "@" in name:
        target = f"the coordinates {quoted(name)} (line {line}) hold a property of another file"
        yield unnamed_entry("maven", Source("computed", target), place, kind)
        return
    if kind == "parent" and _is_local_parent(element):
        return
    if not group:
        raise ManifestError(line, f"{quoted(artifact)} has no groupId")
    yield make_dependency("maven", name, place, kind, version)


def _is_local_parent(parent: Node) -> bool:
    """Return whether Maven looks for the parent in the same tree, which is its default."""
    relative_path = parent.get("relativePath")
    return relative_path is None or bool(relative_path.value)


def _child_text(element: Node, name: str) -> str:
    """Return the text of a child element, "" if there is none."""
    child = element.get(name)
    return "" if child is None else child.value.strip()


def _expanded(text: str, properties: dict[str, str]) -> str:
    """Return a value with the references to known properties expanded, also nested ones."""
    for _ in range(_MOST_LEVELS):
        expanded = _REFERENCE.sub(
            lambda match: properties.get(match[1], match[0]), text
        )
        if expanded == text or len(expanded) > _LONGEST_VALUE:
            break
        text = expanded
    return text

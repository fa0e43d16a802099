"""pom.xml: dependencies, plugins, extensions, the parent, and further repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import xml_text
from zt_gate.ecosystems.manifests.base import Dependency, ManifestError, Source, entry, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTS = frozenset(
    ("dependency", "plugin", "extension", "parent", "path", "annotationProcessorPath")
)
_REPOSITORIES = frozenset(("repository", "pluginRepository"))
_PLUGINS = "org.apache.maven.plugins"


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read every element with coordinates; properties of the same file are filled in."""
    elements = xml_text.elements(data, "pom.xml")
    properties = {
        f"${{{one.path[-1]}}}": one.text
        for one in elements
        if one.path[:-1] == ("project", "properties")
    }
    for one in elements:
        if one.path == ("project",):
            for name in ("groupId", "artifactId", "version"):
                properties[f"${{project.{name}}}"] = one.children.get(name, ("", 0, 0))[0]
    return tuple(found for one in elements for found in _element(one, properties))


def _element(one: xml_text.Element, properties: dict[str, str]) -> Iterator[Dependency]:
    kind = one.path[-1]
    if kind in _REPOSITORIES and "distributionManagement" not in one.path:
        url, line, column = one.children.get("url", ("", one.line, one.column))
        from zt_gate.ecosystems.manifests import hosts

        if url and not hosts.is_other("maven", hosts.origin(url)):
            place = (line, column, column + 5)
            yield Dependency("maven", "", "", "", Source("index", url), *place, kind)
        return
    artifact, line, column = one.children.get("artifactId", ("", one.line, one.column))
    if kind not in _PARTS or not artifact:
        return
    group = one.children.get("groupId", (_PLUGINS if kind == "plugin" else "", 0, 0))[0]
    version = _filled(one.children.get("version", ("", 0, 0))[0], properties)
    name = f"{_filled(group, properties)}:{_filled(artifact, properties)}"
    begin = column + len("<artifactId>")
    place = (line, begin, begin + len(artifact))
    if "$" in name:
        told = f"the coordinates {quoted(name)} (line {line}) hold a property of another file"
        yield Dependency("maven", "", "", "", Source("computed", told), *place, kind)
        return
    relative = one.children.get("relativePath")
    if kind == "parent" and (relative is None or relative[0]):
        return  # a parent in the same tree, as is Maven's default
    if not group:
        raise ManifestError(line, f"{quoted(artifact)} has no groupId")
    yield entry("maven", name, place, kind, version)


def _filled(text: str, properties: dict[str, str]) -> str:
    for _ in range(3):
        if not text.startswith("${") or text not in properties:
            break
        text = properties[text]
    return text

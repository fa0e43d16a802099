"""pom.xml: dependencies, plugins, extensions, the parent, and further repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    make_dependency,
    parse_manifest,
    quoted,
)
from zt_gate.syntax import xml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Node, Text

_PARTS = frozenset(
    ("dependency", "plugin", "extension", "parent", "path", "annotationProcessorPath")
)
_REPOSITORIES = frozenset(("repository", "pluginRepository"))
_LIMIT = 4 * 1024 * 1024
_PLUGINS = "org.apache.maven.plugins"


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every element with coordinates; properties of the same file are filled in."""
    document = parse_manifest(xml.read, data, _LIMIT)
    elements = [(names, one) for names, _, one in xml.elements(document)]
    properties = {
        f"${{{names[-1]}}}": one.value
        for names, one in elements
        if names[:-1] == ("project", "properties")
    }
    for names, one in elements:
        if names == ("project",):
            for name in ("groupId", "artifactId", "version"):
                properties[f"${{project.{name}}}"] = _text(one, name)
    return tuple(
        found
        for names, one in elements
        for found in _element(document.text, names, one, properties)
    )


def _element(
    text: Text, names: tuple[str, ...], one: Node, properties: dict[str, str]
) -> Iterator[Dependency]:
    kind = names[-1]
    if kind in _REPOSITORIES and "distributionManagement" not in names:
        from zt_gate.ecosystems.manifests import hosts

        named = one.find("url")
        url = "" if named is None else named[1].value
        if (
            named is not None
            and url
            and not hosts.is_default_registry("maven", hosts.origin(url))
        ):
            place = text.place(named[1].start, named[0].end + 1)
            yield Dependency("maven", "", "", "", Source("index", url), *place, kind)
        return
    named = one.find("artifactId")
    if kind not in _PARTS or named is None or not named[1].value:
        return
    artifact = named[1].value
    group = _text(one, "groupId") or (_PLUGINS if kind == "plugin" else "")
    version = _filled(_text(one, "version"), properties)
    name = f"{_filled(group, properties)}:{_filled(artifact, properties)}"
    begin = named[0].end + len(">")
    place = text.place(begin, begin + len(artifact))
    line = place[0]
    if "$" in name:
        told = f"the coordinates {quoted(name)} (line {line}) hold a property of another file"
        yield Dependency("maven", "", "", "", Source("computed", told), *place, kind)
        return
    relative = one.get("relativePath")
    if kind == "parent" and (relative is None or relative.value):
        return  # a parent in the same tree, as is Maven's default
    if not group:
        raise ManifestError(line, f"{quoted(artifact)} has no groupId")
    yield make_dependency("maven", name, place, kind, version)


def _text(element: Node, name: str) -> str:
    """Return the text of the element of a name in another, "" without one."""
    found = element.get(name)
    return "" if found is None else found.value


def _filled(text: str, properties: dict[str, str]) -> str:
    for _ in range(3):
        if not text.startswith("${") or text not in properties:
            break
        text = properties[text]
    return text

"""pubspec.yaml: the packages of a Dart or Flutter project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import references
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    parse_manifest,
    unnamed_entry,
)
from zt_gate.syntax import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Node, Text

_LIMIT = 1024 * 1024
_SECTIONS = ("dependencies", "dev_dependencies", "dependency_overrides")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every section; packages of an SDK and of a folder are none."""
    dependencies: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT, "not_applicable"):
        for section in _SECTIONS:
            table = document.root.get(section)
            for key, value in table.entries() if table is not None else ():
                dependencies += _package(document.text, key, value, section)
    return tuple(dependencies)


def _package(text: Text, key: Node, value: Node, section: str) -> Iterator[Dependency]:
    place = text.place(key.start, key.end)
    if value.is_scalar:
        yield references.reference("pub", key.value, place, section, value.value)
        return
    if value.get("sdk") is not None or value.get("path") is not None:
        return
    git = value.get("git")
    if git is not None:
        url = git if git.is_scalar else git.get("url")
        ref = git.get("ref")
        address, branch = (url.value if url else ""), (ref.value if ref else "")
        entry = references.repository(address, place, section, branch)
        if entry is not None:
            yield entry
        return
    hosted, version = value.get("hosted"), value.get("version")
    if hosted is not None:
        url = hosted if hosted.is_scalar else hosted.get("url")
        source = Source("index", url.value if url else key.value)
        yield unnamed_entry("pub", source, place, section)
    constraint = version.value if version is not None else references.COMPUTED
    yield references.reference("pub", key.value, place, section, constraint)

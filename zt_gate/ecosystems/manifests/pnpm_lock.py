"""pnpm-lock.yaml: the packages, and what each importer asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    make_dependency,
    parse_manifest,
    quoted,
    valid_name,
)
from zt_gate.ecosystems.manifests.npm_spec import archive_source
from zt_gate.syntax import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Text
    from zt_gate.syntax.document import Node

_LIMIT = 10 * 1024 * 1024
_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies")
# ``/name/1.0.0_peer`` (5), ``/name@1.0.0(peer)`` (6), ``name@1.0.0`` (9).
_OLD = re.compile(r"/((?:@[^/@\s]+/)?[^/@\s]+)/([^/\s]+)\Z")
_NEW = re.compile(r"/?((?:@[^/@\s]+/)?[^/@\s]+)@(.+)\Z", re.DOTALL)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the packages of all documents."""
    found: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT):
        root, text = document.root, document.text
        direct = set(_direct(root))
        packages = root.get("packages")
        for key, value in packages.entries() if packages else ():
            found.append(_package(text, key, value, direct))
    return tuple(found)


def _direct(document: Node) -> Iterator[str]:
    importers = document.get("importers")
    tables = [value for _, value in importers.entries()] if importers else [document]
    for table in tables:
        for section in _SECTIONS:
            named = table.get(section)
            for key, _ in named.entries() if named else ():
                yield key.value


def _package(text: Text, key: Node, value: Node, direct: set[str]) -> Dependency:
    written = key.value.partition("(")[0]
    match = _NEW.match(written) or _OLD.match(written)
    place = text.place(key.start, key.end)
    resolution = value.get("resolution")
    if match is None or not valid_name("npm", match[1]):
        named = value.get("name")
        if named is None or not valid_name("npm", named.value):
            named_by_address = (
                re.match(r"[\w.-]+\.[a-z]+/", written) or "://" in written
            )
            if not named_by_address:
                raise ManifestError(
                    place[0], f"{quoted(written)} is not a valid package key"
                )
            return Dependency(
                "npm",
                "",
                "",
                "",
                Source("url", written),
                *place,
                "packages",
                direct=False,
            )
        return make_dependency("npm", named.value, place, "packages", "", _source(resolution, written),
                     direct=named.value in direct)  # fmt: skip
    name, version = match[1], match[2].partition("_")[0]
    source = _source(resolution, version)
    return make_dependency(
        "npm", name, place, "packages", version, source, direct=name in direct
    )


def _source(resolution: Node | None, version: str) -> Source:
    tarball = resolution.get("tarball") if resolution else None
    repository = resolution.get("repo") if resolution else None
    if repository is not None:
        return Source("vcs", repository.value)
    if tarball is not None:
        return archive_source(tarball.value)
    return archive_source(version)

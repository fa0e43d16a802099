"""pnpm-lock.yaml: the packages, and the direct dependencies of each importer."""

from __future__ import annotations

import re
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
    valid_name,
)
from zt_gate.ecosystems.manifests.lock_content import (
    FROM_REGISTRY,
    LockContent,
    LockedFile,
    LockedRequirement,
    locked_file,
    subresource_checksums,
)
from zt_gate.ecosystems.manifests.npm_spec import (
    archive_source,
    locked_source,
    selected_package,
)
from zt_gate.syntax import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Place, Text
    from zt_gate.syntax.document import Node

_LIMIT = 10 * 1024 * 1024
_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies")
# Keys by version of the format: ``/name/1.0.0_peer`` (5), ``/name@1.0.0(peer)`` (6),
# ``name@1.0.0`` (9).
_OLD = lazy_re.compile(r"/((?:@[^/@\s]+/)?[^/@\s]+)/([^/\s]+)\Z")
_ADDRESS = lazy_re.compile(r"[\w.-]+\.[a-z]+/")
_NEW = lazy_re.compile(r"/?((?:@[^/@\s]+/)?[^/@\s]+)@(.+)\Z", re.DOTALL)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the packages of all documents."""
    return lock(path, data).dependencies


def lock(path: bytes, data: bytes) -> LockContent:  # noqa: ARG001 - part of the reader signature
    """Read the packages, their checksums, and what the importers request."""
    dependencies: list[Dependency] = []
    files: list[LockedFile] = []
    requirements: list[LockedRequirement] = []
    projects: set[str] = set()
    overridden: set[str] = set()
    renamed: list[tuple[str, Dependency]] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT):
        root, text = document.root, document.text
        direct = set(_direct_names(root))
        packages = root.get("packages")
        for key, value in packages.entries() if packages else ():
            dependency = _package(text, key, value, direct)
            dependencies.append(dependency)
            files += _files(dependency, value)
        importers = root.get("importers")
        for key, value in importers.entries() if importers else ():
            project = "" if key.value == "." else key.value
            projects.add(project)
            requirements += _requirements(text, project, value)
            renamed += _renamed(text, value)
            overridden.update(_linked(value))
        overrides = root.get("overrides")
        for key, _ in overrides.entries() if overrides else ():
            overridden.add(selected_package(key.value))
        if root.get("pnpmfileChecksum") is not None:
            overridden.add("*")  # a hook may replace every requirement
    return LockContent(
        tuple(dependencies),
        tuple(files),
        tuple(requirements),
        frozenset(projects),
        overridden=frozenset(overridden),
        renamed=tuple(renamed),
    )


def _linked(importer: Node) -> Iterator[str]:
    """Yield the names that are members of the workspace."""
    for section in _SECTIONS:
        table = importer.get(section)
        for key, value in table.entries() if table else ():
            version = value.get("version")
            if version is not None and version.value.startswith("link:"):
                yield key.value


def _renamed(text: Text, importer: Node) -> Iterator[tuple[str, Dependency]]:
    """Yield what an importer gets under another name; the specifier of an alias says so."""
    for section in _SECTIONS:
        table = importer.get(section)
        for key, value in table.entries() if table else ():
            specifier, version = value.get("specifier"), value.get("version")
            if specifier is None or version is None:
                continue
            match = _NEW.match(version.value.partition("(")[0])
            if match is None or ":" in specifier.value or match[1] == key.value:
                continue
            if not valid_name("npm", match[1]):
                continue
            place = text.place(key.start, key.end)
            entry = make_dependency("npm", match[1], place, section, match[2])
            yield key.value, entry


def _files(dependency: Dependency, value: Node) -> Iterator[LockedFile]:
    is_archive = dependency.source.kind in FROM_REGISTRY
    if not is_archive or not dependency.constraint:
        return
    resolution = value.get("resolution")
    integrity = resolution.get("integrity") if resolution else None
    checksums = subresource_checksums(integrity.value if integrity else "")
    yield locked_file(dependency, checksums)


def _requirements(
    text: Text, project: str, importer: Node
) -> Iterator[LockedRequirement]:
    """Yield what an importer requests; since version 6 of the format it is written there."""
    for section in _SECTIONS:
        table = importer.get(section)
        for key, value in table.entries() if table else ():
            specifier = value.get("specifier")
            if specifier is not None:
                place = text.place(key.start, key.end)
                yield LockedRequirement(
                    project, section, key.value, specifier.value, place
                )


def _direct_names(document: Node) -> Iterator[str]:
    importers = document.get("importers")
    projects = [value for _, value in importers.entries()] if importers else [document]
    for project in projects:
        for section in _SECTIONS:
            table = project.get(section)
            for key, _ in table.entries() if table else ():
                yield key.value


def _package(text: Text, key: Node, value: Node, direct: set[str]) -> Dependency:
    written = key.value.partition("(")[0]
    place = text.place(key.start, key.end)
    resolution = value.get("resolution")
    match = _NEW.match(written) or _OLD.match(written)
    if match is not None and valid_name("npm", match[1]):
        name, version = match[1], match[2].partition("_")[0]
        source = _source(resolution, version, name)
    else:
        name_node = value.get("name")
        if name_node is None or not valid_name("npm", name_node.value):
            return _package_at_address(written, place)
        name, version = name_node.value, ""
        source = _source(resolution, written)
    return make_dependency(
        "npm", name, place, "packages", version, source, direct=name in direct
    )


def _package_at_address(written: str, place: Place) -> Dependency:
    """Return the entry of a package that has an address instead of a name."""
    if not _ADDRESS.match(written) and "://" not in written:
        raise ManifestError(place[0], f"{quoted(written)} is not a valid package key")
    return unnamed_entry("npm", Source("url", written), place, "packages", direct=False)


def _source(resolution: Node | None, version: str, name: str = "") -> Source:
    repository = resolution.get("repo") if resolution else None
    if repository is not None:
        return Source("vcs", repository.value)
    tarball = resolution.get("tarball") if resolution else None
    if tarball is None:
        return archive_source(version)
    return locked_source(tarball.value, name, version)

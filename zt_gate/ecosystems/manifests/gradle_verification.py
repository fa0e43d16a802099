"""gradle/verification-metadata.xml: the checksums that Gradle compares.

The file selects no package: it says only which checksum a file must have.  So it adds no
dependency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    normalise,
    parse_manifest,
    quoted,
    valid_name,
)
from zt_gate.ecosystems.manifests.lock_content import Checksum, LockContent, LockedFile
from zt_gate.syntax import xml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document, Node

_LIMIT = 10 * 1024 * 1024
#: Whether the files that describe packages are verified as well.
_VERIFIES = "verify-metadata"
_ALGORITHMS = ("md5", "sha1", "sha256", "sha512")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Return no dependency; raises ManifestError if the file cannot be read."""
    return lock(path, data).dependencies


def lock(path: bytes, data: bytes) -> LockContent:  # noqa: ARG001 - part of the reader signature
    """Read the checksums of every component, and whether Gradle verifies at all."""
    document = parse_manifest(xml.read, data, _LIMIT)
    digests = {_VERIFIES: "true"}  # unless the file says no
    files: list[LockedFile] = []
    for names, key, element in xml.elements(document):
        if names[-1] == _VERIFIES and element.value.strip() == "false":
            digests.pop(_VERIFIES, None)
        if names[-1] == "component":
            files += _component(document, key, element)
    return LockContent((), tuple(files), digests=digests)


def _component(document: Document, key: Node, element: Node) -> Iterator[LockedFile]:
    place = document.text.place(element.start, key.end)
    group, name, version = (_attribute(element, part) for part in _COORDINATES)
    coordinates = f"{group}:{name}"
    if not valid_name("maven", coordinates):
        raise ManifestError(place[0], f"{quoted(coordinates)} is not a valid component")
    for child, artifact in element.entries():
        if child.value != "artifact":
            continue
        checksums = set(_checksums(artifact))
        yield LockedFile(
            "maven",
            normalise("maven", coordinates),
            coordinates,
            version,
            _attribute(artifact, "name"),
            frozenset(checksums),
            document.text.place(artifact.start, child.end),
        )


_COORDINATES = ("group", "name", "version")


def _attribute(element: Node, name: str) -> str:
    value = element.get(f"@{name}")
    return "" if value is None else value.value


def _checksums(artifact: Node) -> Iterator[Checksum]:
    for child, checksum in artifact.entries():
        if child.value == "pgp":
            yield "pgp", _attribute(checksum, "value").lower()
        if child.value not in _ALGORITHMS:
            continue
        yield child.value, _attribute(checksum, "value").lower()
        for name, other in checksum.entries():
            if name.value == "also-trust":
                yield child.value, _attribute(other, "value").lower()

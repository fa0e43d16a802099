"""Maven's ``settings.xml`` in a project: mirrors, and the repositories of its profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Place,
    Source,
    parse_manifest,
    unnamed_entry,
)
from zt_gate.record import dataclass
from zt_gate.syntax import xml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document

_LIMIT = 1024 * 1024
_REPOSITORIES = frozenset(("mirror", "repository", "pluginRepository"))


@dataclass(frozen=True, slots=True)
class MavenRepository:
    """One repository or mirror; ``mirror_of`` is "" for a repository."""

    kind: str
    url: str
    mirror_of: str
    place: Place


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Return an index entry for each mirror and repository.

    A ``settings.xml`` outside of ``.mvn`` may be that of any program: () if it is.
    """
    is_certain = path.lower().startswith(b".mvn/") or b"/.mvn/" in path.lower()
    try:
        document = parse_manifest(xml.read, data, _LIMIT)
    except ManifestError:
        if is_certain:
            raise
        return ()
    if [key.value for key, _ in document.root.entries()] != ["settings"]:
        return ()
    return tuple(
        unnamed_entry("maven", Source("index", item.url), item.place, item.kind)
        for item in repositories(document)
    )


def repositories(document: Document) -> Iterator[MavenRepository]:
    """Yield the mirrors and repositories of a file."""
    for names, _, element in xml.elements(document):
        child = element.find("url")
        if names[-1] not in _REPOSITORIES or child is None:
            continue
        key, value = child
        mirrored = element.get("mirrorOf")
        url = value.value.strip()
        if url:
            yield MavenRepository(
                names[-1],
                url,
                "" if mirrored is None else mirrored.value.strip(),
                document.text.place(value.start, key.end + 1),
            )

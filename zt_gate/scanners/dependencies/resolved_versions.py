"""Everything that a repository resolves: the exact versions in its locks and pins.

For ``--audit all``: what became known of a package after somebody added it.  Read
from the new side of what changes and from the trusted side of everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifest_formats import format_of, with_role
from zt_gate.ecosystems.manifests import reader_named
from zt_gate.ecosystems.manifests.base import ManifestError
from zt_gate.ecosystems.version_constraints import pinned_version
from zt_gate.errors import GateError
from zt_gate.model.change import MODE_FILE, FileChange
from zt_gate.model.report import NotInspected
from zt_gate.scanners.dependencies.manifest_difference import Addition, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    #: Ecosystem, key and version.
    Pinned = tuple[str, str, str]

_MOST_FILES = 1000


def resolved(
    changed: Sequence[Manifest],
    gone: frozenset[bytes],
    trusted: Callable[[bytes], bytes | None],
    paths: Callable[[], Sequence[bytes] | None],
) -> tuple[list[Addition], list[NotInspected]]:
    """Return one entry for each package and version, and what could not be looked at.

    ``gone`` holds all paths of the change: the trusted side's files of that name
    count no more.
    """
    rest: list[NotInspected] = []
    found: dict[Pinned, Addition] = {}
    loose: dict[tuple[str, str], None] = {}
    for manifest in (*changed, *_unchanged(gone, trusted, paths, rest)):
        if manifest.reader.name not in with_role("declares", "versions", "lock"):
            continue
        for entry in manifest.new:
            if not entry.key or entry.source.kind not in {"registry", "index"}:
                continue
            version = pinned_version(entry.ecosystem, entry.constraint)
            if version:
                at = (entry.ecosystem, entry.key, version)
                found.setdefault(at, Addition(entry, manifest))
            else:
                loose[entry.ecosystem, entry.key] = None
    known = {(ecosystem, key) for ecosystem, key, _ in found}
    open_ones = [name for name in loose if name not in known]
    if open_ones:
        told = (
            f"{len(open_ones)} declared packages have no exact version in a lock file"
        )
        rest.append(NotInspected(None, "not_applicable", f"--audit all: {told}"))
    return list(found.values()), rest


def _unchanged(
    gone: frozenset[bytes],
    trusted: Callable[[bytes], bytes | None],
    paths: Callable[[], Sequence[bytes] | None],
    rest: list[NotInspected],
) -> Iterator[Manifest]:
    """Read the manifests that the change does not touch."""
    listed = paths()
    if listed is None:
        why = "--audit all: the files of the repository are not known"
        rest.append(NotInspected(None, "failed", why))
        return
    wanted = sorted(_manifests(set(listed) - gone))
    if len(wanted) > _MOST_FILES:
        why = f"--audit all reads {_MOST_FILES} manifests, and there are {len(wanted)}"
        rest.append(NotInspected(None, "failed", why))
    for path in wanted[:_MOST_FILES]:
        reader = reader_named(format_of(path) or "")
        try:
            data = trusted(path)
            new = reader.read(path, data) if data is not None else ()
        except (ManifestError, GateError) as error:
            rest.append(NotInspected(path, "failed", f"--audit all: {error}"))
            continue
        file = FileChange(path, "M", MODE_FILE, MODE_FILE, path)
        yield Manifest(file, reader, data or b"", new)


def _manifests(paths: Iterable[bytes]) -> Iterator[bytes]:
    return (
        path
        for path in paths
        if format_of(path) in with_role("declares", "versions", "lock")
    )

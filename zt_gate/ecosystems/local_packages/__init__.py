"""The packages that a repository provides itself, for each ecosystem.

A package manager takes them from the repository, so nobody is asked about their names.
There are two proofs, and one of them must hold:

- the trusted side already has a project of that name.  A change cannot have written it.
- the package manager takes the package from the tree after the change: a ``replace``,
  a workspace, an included build, a path.  A change that only gives a project the name
  of a public package is no proof, because the package manager does not look there.

Each ecosystem has a module here with ``local_entries(tree, entries)``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifest_formats import format_of, lock_formats
from zt_gate.ecosystems.manifests.base import Dependency  # noqa: TC001 - NamedTuple
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from zt_gate.ecosystems.project_tree import ProjectTree

#: Folders with copies of other projects, whose names are not the repository's own.
_VENDORED = frozenset(
    (b"vendor", b"vendored", b"_vendor", b"third_party", b"third-party", b"thirdparty",
     b"node_modules", b"bower_components", b"site-packages", b"external", b"deps")
)  # fmt: skip
_MOST_WORDS = 100
#: Manifests of one kind that are read in one run.
MOST_MANIFESTS = 20_000


class LocatedEntry(NamedTuple):
    """A dependency, and the path of the manifest that declares it."""

    path: bytes
    entry: Dependency


def local_entries(
    tree: ProjectTree, entries: Iterable[LocatedEntry]
) -> set[LocatedEntry]:
    """Return those of the entries that the repository provides itself."""
    by_ecosystem: dict[str, list[LocatedEntry]] = {}
    for item in entries:
        if item.entry.key:
            by_ecosystem.setdefault(item.entry.ecosystem, []).append(item)
    found: set[LocatedEntry] = set()
    for name, items in by_ecosystem.items():
        module = ecosystem_named(name).local_packages
        if module:
            found |= import_module(module).local_entries(tree, items)
    return found


def is_own_path(path: bytes) -> bool:
    """Return whether a manifest is the repository's own: no copy, and no data of a test."""
    folders = path.lower().split(b"/")[:-1]
    return _VENDORED.isdisjoint(folders) and not is_any(path, "test-data")


def own_manifests(
    tree: ProjectTree, paths: Iterable[bytes], words: Iterable[str]
) -> Iterator[tuple[bytes, bytes]]:
    """Yield path and content of the repository's own manifests that hold one of the words.

    The letters' case does not count.  A project whose name is not in its manifest has
    to be found in another way.
    """
    wanted = [word.lower().encode() for word in words]
    if len(wanted) > _MOST_WORDS:
        wanted = [b""]  # reading all costs less than looking for each word
    own = [path for path in paths if is_own_path(path)]
    for path in own[:MOST_MANIFESTS]:
        data = tree.read(path)
        if data is None:
            continue
        lower = data.lower()
        if any(word in lower for word in wanted):
            yield path, data


def on_base(
    tree: ProjectTree,
    entries: Sequence[LocatedEntry],
    own_keys: Callable[[ProjectTree, frozenset[str]], Iterable[tuple[bytes, str]]],
) -> set[LocatedEntry]:
    """Return the entries whose name the trusted side has as one of its own projects.

    ``own_keys`` returns path and key of each project of a tree that may have one of
    the wanted keys.  A project is not its own dependency, nor that of its lock file.
    """
    if tree.base is None or not tree.base.paths:
        return set()
    wanted = frozenset(item.entry.key for item in entries)
    paths: dict[str, set[bytes]] = {}
    for path, key in own_keys(tree.base, wanted):
        if key in wanted:
            paths.setdefault(key, set()).add(path)
    return {
        item
        for item in entries
        if any(
            not _is_of_project(item.path, path)
            for path in paths.get(item.entry.key, ())
        )
    }


def _is_of_project(path: bytes, project: bytes) -> bool:
    """Return whether a file is the manifest of a project, or the lock file beside it."""
    if path == project:
        return True
    is_beside = path.rpartition(b"/")[0] == project.rpartition(b"/")[0]
    return is_beside and format_of(path) in lock_formats()

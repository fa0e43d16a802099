"""Composer: packages of the repository, and those in the folders of ``path`` repositories.

A path repository with ``only``, ``exclude`` or ``canonical`` may leave a package to the
registry, so it is no proof.

The parts of a repository that is split for publication need each other without a path: its
root replaces them with ``self.version``.  Only names of the root's own vendor count there: the
registry gives nobody else a name of that vendor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.local_packages import (
    MOST_MANIFESTS,
    LocatedEntry,
    is_own_path,
    on_base,
    own_manifests,
)
from zt_gate.ecosystems.manifest_formats import format_of, lock_formats
from zt_gate.ecosystems.project_tree import ancestors, folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.project_tree import ProjectTree

_MANIFEST = b"composer.json"
_FILTERS = ("only", "exclude", "canonical")


def local_entries(
    tree: ProjectTree, entries: Sequence[LocatedEntry]
) -> set[LocatedEntry]:
    """Return the entries that Composer takes from folders of the repository."""
    found = on_base(tree, entries, _own_keys)
    provided: dict[bytes, set[str]] = {}
    splits = _Splits(tree)
    for item in entries:
        if item in found or format_of(item.path) in lock_formats():
            continue
        folder = folder_of(item.path)
        if folder not in provided:
            provided[folder] = _in_path_repositories(tree, folder) | splits.parts(
                folder
            )
        if item.entry.key in provided[folder]:
            found.add(item)
    return found


def _own_keys(tree: ProjectTree, wanted: frozenset[str]) -> Iterator[tuple[bytes, str]]:
    paths = tree.named(_MANIFEST)
    for path, _ in own_manifests(tree, paths, _last_parts(wanted)):
        name = _name(tree, path)
        if name:
            yield path, name


def _last_parts(wanted: frozenset[str]) -> set[str]:
    r"""Return the names without vendors: JSON may write the slash between them as ``\/``."""
    return {key.rpartition("/")[2] for key in wanted}


def _name(tree: ProjectTree, path: bytes) -> str:
    name = tree.json(path).get("name")
    return name.lower() if isinstance(name, str) else ""


def _in_path_repositories(tree: ProjectTree, folder: bytes) -> set[str]:
    """Return the names in the folders that a project's path repositories name."""
    repositories: Any = tree.json(_beside(folder, _MANIFEST)).get("repositories")
    if isinstance(repositories, dict):
        repositories = list(repositories.values())
    names: set[str] = set()
    for repository in repositories if isinstance(repositories, list) else ():
        if not isinstance(repository, dict) or repository.get("type") != "path":
            continue
        url = repository.get("url")
        if not isinstance(url, str) or any(key in repository for key in _FILTERS):
            continue
        for found in tree.matching_folders(folder, [url]):
            names.add(_name(tree, _beside(found, _MANIFEST)))
    return names - {""}


class _Splits:
    """The repositories of a tree that are published in parts, each found once."""

    def __init__(self, tree: ProjectTree) -> None:
        self.tree = tree
        self._names: dict[str, set[str]] = {}

    def parts(self, folder: bytes) -> set[str]:
        """Return the parts of the split repository that a folder is in, empty for none."""
        own = _name(self.tree, _beside(folder, _MANIFEST))
        for root in ancestors(folder):
            path = _beside(root, _MANIFEST)
            vendor = self._vendor(path)
            replaced = self.tree.json(path).get("replace") if vendor else None
            if not isinstance(replaced, dict):
                continue
            names = self._of_vendor(vendor)
            if any(replaced.get(name) == "self.version" for name in names):
                return names - {own}
        return set()

    def _vendor(self, path: bytes) -> str:
        """Return the vendor of a root with a slash; the change may not give it another."""
        base = self.tree.base
        tree = base if base is not None and path in base.paths else self.tree
        vendor, slash, _ = _name(tree, path).partition("/")
        return vendor + slash if slash else ""

    def _of_vendor(self, vendor: str) -> set[str]:
        if vendor not in self._names:
            paths = [path for path in self.tree.named(_MANIFEST) if is_own_path(path)]
            names = {_name(self.tree, path) for path in paths[:MOST_MANIFESTS]}
            self._names[vendor] = {name for name in names if name.startswith(vendor)}
        return self._names[vendor]


def _beside(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name

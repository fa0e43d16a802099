"""Composer: packages of the repository, and those in the folders of ``path`` repositories.

A path repository with ``only``, ``exclude`` or ``canonical`` may leave a package to the
registry, so it is no proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.local_packages import LocatedEntry, on_base, own_manifests
from zt_gate.ecosystems.manifest_formats import format_of, lock_formats
from zt_gate.ecosystems.project_tree import folder_of

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
    for item in entries:
        if item in found or format_of(item.path) in lock_formats():
            continue
        folder = folder_of(item.path)
        if folder not in provided:
            provided[folder] = _in_path_repositories(tree, folder)
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


def _beside(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name

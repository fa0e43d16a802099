"""Cargo: crates of the repository, and patches with a path.

A dependency with a ``path`` is read as one.  Cargo uses a patch only if its version
fits; otherwise it warns and takes the crate from the registry.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.local_packages import LocatedEntry, on_base, own_manifests
from zt_gate.ecosystems.manifest_formats import format_of
from zt_gate.ecosystems.project_tree import ancestors, folder_of, joined
from zt_gate.ecosystems.version_schemes.npm import in_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.project_tree import ProjectTree

_MANIFEST = b"cargo.toml"
_NAME = b"Cargo.toml"


def local_entries(
    tree: ProjectTree, entries: Sequence[LocatedEntry]
) -> set[LocatedEntry]:
    """Return the entries that are crates of the repository, or patched with one."""
    found = on_base(tree, entries, _own_keys)
    patches = _Patches(tree)
    return found | {item for item in entries if patches.replace(item)}


def _own_keys(tree: ProjectTree, wanted: frozenset[str]) -> Iterator[tuple[bytes, str]]:
    for path, _ in own_manifests(tree, tree.named(_MANIFEST), wanted):
        name = _table(tree.toml(path), "package").get("name")
        if isinstance(name, str):
            yield path, name


class _Patches:
    """The folders with which workspaces patch a registry."""

    def __init__(self, tree: ProjectTree) -> None:
        self.tree = tree
        self._folders: dict[bytes, dict[str, list[str]]] = {}

    def replace(self, item: LocatedEntry) -> bool:
        """Return whether the workspace's ``[patch]`` replaces an entry with a folder."""
        if format_of(item.path) != "cargo":
            return False
        for root in ancestors(folder_of(item.path)):
            targets = self._patched(root).get(item.entry.key, ())
            if any(_fits(self.tree, root, target, item) for target in targets):
                return True
            if "workspace" in self.tree.toml(_beside(root, _NAME)):
                return False  # the root of the workspace; patches above do not count
        return False

    def _patched(self, root: bytes) -> dict[str, list[str]]:
        if root not in self._folders:
            folders: dict[str, list[str]] = {}
            patches = _table(self.tree.toml(_beside(root, _NAME)), "patch")
            for registry in patches.values():
                for alias, patch in (
                    registry.items() if isinstance(registry, dict) else ()
                ):
                    if isinstance(patch, dict) and "path" in patch:
                        name = str(patch.get("package", alias))
                        folders.setdefault(name, []).append(str(patch["path"]))
            self._folders[root] = folders
        return self._folders[root]


def _fits(tree: ProjectTree, root: bytes, target: str, item: LocatedEntry) -> bool:
    """Return whether the crate in a folder has the name and a version in the range."""
    folder = joined(root, target)
    if folder is None:
        return False
    package = _table(tree.toml(_beside(folder, _NAME)), "package")
    version = package.get("version")
    if isinstance(version, dict) and version.get("workspace"):
        shared = _table(tree.toml(_beside(root, _NAME)), "workspace", "package")
        version = shared.get("version")
    if package.get("name") != item.entry.key or not isinstance(version, str):
        return False
    wanted = item.entry.constraint.strip()
    return wanted in {"", "*"} or in_range(version, _as_npm_range(wanted)) is True


def _as_npm_range(constraint: str) -> str:
    """Return a constraint of Cargo, where a bare version allows compatible ones, for npm."""
    parts = [part.strip() for part in constraint.split(",")]
    return " ".join(re.sub(r"^(?=\d)", "^", part) for part in parts)


def _table(values: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        value = values.get(name)
        if not isinstance(value, dict):
            return {}
        values = value
    return values


def _beside(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name

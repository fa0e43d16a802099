"""npm, yarn, pnpm, bun, lerna, rush and deno: the members of a workspace.

npm, yarn 1, lerna and rush link a member whose version is in the wanted range and ask
the registry for any other.  pnpm from version 9 links a plain range only where its
settings say so; with ``workspace:`` the reader has a path already.  A peer that the same
manifest takes with ``workspace:``, or that the root overrides with it, is the member too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.ecosystems.local_packages import LocatedEntry, on_base, own_manifests
from zt_gate.ecosystems.manifest_formats import format_of, lock_formats
from zt_gate.ecosystems.project_tree import ancestors, folder_of
from zt_gate.ecosystems.version_schemes.npm import in_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.project_tree import ProjectTree

_PACKAGE = b"package.json"
_PNPM = b"pnpm-workspace.yaml"
# pnpm linked members by plain ranges up to version 8.
_OLD_PNPM = lazy_re.compile(r"pnpm@[1-8](?:\.|\Z)")
_ALIAS = lazy_re.compile(r"npm:((?:@[^/@\s\"']{1,200}/)?[^/@\s\"']{1,200})")
_LINKS = lazy_re.compile(
    r"^\s*link-workspace-packages\s*=\s*(?:true|deep)\s*$", re.MULTILINE
)


def local_entries(
    tree: ProjectTree, entries: Sequence[LocatedEntry]
) -> set[LocatedEntry]:
    """Return the entries that are members of the repository's workspaces."""
    found = on_base(tree, entries, _own_keys)
    workspaces = _Workspaces(tree)
    for item in entries:
        if item not in found and workspaces.has_member(item):
            found.add(item)
    return found


def _own_keys(tree: ProjectTree, wanted: frozenset[str]) -> Iterator[tuple[bytes, str]]:
    paths = tree.named(_PACKAGE)
    for path, _ in own_manifests(tree, paths, wanted):
        name = tree.json(path).get("name")
        if isinstance(name, str):
            yield path, name
    for path in tree.named(b"deno.json", b"deno.jsonc", b"jsr.json"):
        name = tree.json(path, relaxed=True).get("name")
        if isinstance(name, str):
            yield path, name


class _Workspaces:
    """The workspaces of a tree, each found once."""

    def __init__(self, tree: ProjectTree) -> None:
        self.tree = tree
        self._members: dict[bytes, dict[bytes, dict[str, Any]]] = {}
        self._named: dict[bytes, dict[str, dict[str, Any]]] = {}
        self._aliased: dict[bytes, frozenset[str]] = {}

    def has_member(self, item: LocatedEntry) -> bool:
        """Return whether the package manager links a member for an entry."""
        if format_of(item.path) in lock_formats():
            return False  # the lock file says itself that a registry has the package
        if item.entry.key in self._aliased_in(item.path):
            return False  # an alias always comes from the registry
        folder = folder_of(item.path)
        for root in ancestors(folder):
            members = self._members_of(root)
            if folder != root and folder not in members:
                continue
            package = self._named[root].get(item.entry.key)
            if package is None or package is members.get(folder):
                continue
            if self._is_linked(root, package, item.entry.constraint):
                return True
            if self._has_workspace_spec(root, item):
                return True
        return False

    def _has_workspace_spec(self, root: bytes, item: LocatedEntry) -> bool:
        """Return whether an override of the root, or the peer's own manifest, has a member."""
        name, package = item.entry.key, self.tree.json(_beside(root, _PACKAGE))
        tables: list[object] = []
        has_pnpm = _beside(root, _PNPM) in self.tree.paths
        if has_pnpm:
            pnpm = package.get("pnpm")
            tables.append(self.tree.yaml(_beside(root, _PNPM)).get("overrides"))
            tables.append(pnpm.get("overrides") if isinstance(pnpm, dict) else None)
        # npm ignores the settings of the others.
        if has_pnpm or _beside(root, b"yarn.lock") in self.tree.paths:
            tables.append(package.get("resolutions"))
        if item.entry.section == "peerDependencies":
            own = self.tree.json(item.path)
            tables += [own.get("dependencies"), own.get("devDependencies")]
        return any(
            str(table.get(name, "")).startswith("workspace:")
            for table in tables
            if isinstance(table, dict)
        )

    def _aliased_in(self, path: bytes) -> frozenset[str]:
        """Return the packages for which a manifest has another name."""
        if path not in self._aliased:
            text = self.tree.text(path)
            self._aliased[path] = frozenset(_ALIAS.findall(text))
        return self._aliased[path]

    def _members_of(self, root: bytes) -> dict[bytes, dict[str, Any]]:
        """Return the package of each member's folder; a folder without one is none."""
        if root not in self._members:
            folders = self.tree.matching_folders(root, _patterns(self.tree, root))
            manifests = {folder: _beside(folder, _PACKAGE) for folder in folders}
            self._members[root] = {
                folder: self.tree.json(path)
                for folder, path in manifests.items()
                if path in self.tree.paths
            }
            self._named[root] = {
                str(package.get("name")): package
                for package in self._members[root].values()
            }
        return self._members[root]

    def _is_linked(self, root: bytes, package: dict[str, Any], wanted: str) -> bool:
        if _beside(root, _PNPM) in self.tree.paths and not self._pnpm_links(root):
            return False
        if wanted.strip() == "*":
            return True
        version = package.get("version")
        return isinstance(version, str) and in_range(version, wanted) is True

    def _pnpm_links(self, root: bytes) -> bool:
        tree = self.tree
        if tree.yaml(_beside(root, _PNPM)).get("linkWorkspacePackages") in {
            True,
            "true",
            "deep",
        }:
            return True
        if _LINKS.search(tree.text(_beside(root, b".npmrc"))):
            return True
        manager = tree.json(_beside(root, _PACKAGE)).get("packageManager")
        return isinstance(manager, str) and _OLD_PNPM.match(manager) is not None


def _patterns(tree: ProjectTree, root: bytes) -> list[str]:
    """Return the patterns of all workspaces whose root is a folder."""
    package = tree.json(_beside(root, _PACKAGE))
    declared = package.get("workspaces")
    if isinstance(declared, dict):
        declared = declared.get("packages")
    patterns = _strings(declared)
    pnpm = _beside(root, _PNPM)
    if pnpm in tree.paths:
        patterns += _strings(tree.yaml(pnpm).get("packages", ["**"]))
    lerna = _beside(root, b"lerna.json")
    if lerna in tree.paths:
        default = [] if patterns else ["packages/*"]
        patterns += _strings(tree.json(lerna, relaxed=True).get("packages", default))
    rush = tree.json(_beside(root, b"rush.json"), relaxed=True).get("projects")
    for project in rush if isinstance(rush, list) else ():
        if isinstance(project, dict):
            patterns += _strings([project.get("projectFolder")])
    for name in (b"deno.json", b"deno.jsonc"):
        workspace = tree.json(_beside(root, name), relaxed=True).get("workspace")
        if isinstance(workspace, dict):
            workspace = workspace.get("members")
        patterns += _strings(workspace)
    return patterns


def _strings(value: object) -> list[str]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str)]


def _beside(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name

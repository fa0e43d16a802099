"""Go: modules of the repository, ``replace`` directives, and the members of ``go.work``.

Only the main module's ``replace`` counts; each ``go.mod`` is read as a main module.  A
replacement with a version counts for that version alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.local_packages import LocatedEntry, on_base, own_manifests
from zt_gate.ecosystems.manifests.base import ManifestError
from zt_gate.ecosystems.project_tree import ancestors, folder_of, joined
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.manifests.go_mod import Directive
    from zt_gate.ecosystems.project_tree import ProjectTree

_MOD = b"go.mod"


def local_entries(
    tree: ProjectTree, entries: Sequence[LocatedEntry]
) -> set[LocatedEntry]:
    """Return the entries that the go tool takes from the tree, or never downloads."""
    found = on_base(tree, entries, _own_keys)
    modules = _Modules(tree)
    return found | {item for item in entries if modules.is_replaced(item)}


def _own_keys(tree: ProjectTree, wanted: frozenset[str]) -> Iterator[tuple[bytes, str]]:
    for path, data in own_manifests(tree, tree.named(_MOD), _first_words(wanted)):
        module = _module(data)
        if module:
            yield path, module
            # A command or a package of the module.
            for key in wanted:
                if key.startswith(module + "/"):
                    yield path, key


def _first_words(wanted: frozenset[str]) -> set[str]:
    """Return the hosts of module paths: a package's path begins with its module's."""
    return {key.partition("/")[0] for key in wanted}


@dataclass(frozen=True, slots=True)
class _Replacement:
    """One ``replace``: the module, its version ("" for any), and whether it is a folder."""

    module: str
    version: str
    folder: bytes | None
    is_path: bool


class _Modules:
    """What the go tool replaces, for each ``go.mod`` of a tree."""

    def __init__(self, tree: ProjectTree) -> None:
        self.tree = tree
        self._replacements: dict[bytes, dict[str, list[_Replacement]]] = {}
        self._folders: dict[bytes, frozenset[bytes]] = {}
        self._used: dict[bytes, frozenset[str]] = {}

    def is_replaced(self, item: LocatedEntry) -> bool:
        """Return whether the go tool does not download the module of an entry."""
        entry = item.entry
        if entry.section == "replace":
            return False  # the right side of a replacement is what is downloaded
        folder = folder_of(item.path)
        files = [_beside(folder, _MOD)]
        work = self._workspace(folder)
        if work is not None:
            files.insert(0, work)
            if self._is_used(work, entry.key):
                return True
        # A command may name a package of the module; with a version it takes no notice
        # of replacements.
        modules = [entry.key] if entry.constraint else list(_prefixes(entry.key))
        return any(
            self._replaces(replacement, entry.constraint)
            for file in files
            for module in modules
            for replacement in self._replacements_in(file).get(module, ())
        )

    def _replaces(self, replacement: _Replacement, version: str) -> bool:
        if replacement.version not in {"", version}:
            return False
        if not replacement.is_path:
            return True  # the other module is an entry of its own
        folder = replacement.folder
        # The go tool refuses a folder without a go.mod.
        return folder is not None and _beside(folder, _MOD) in self.tree.paths

    def _workspace(self, folder: bytes) -> bytes | None:
        """Return the ``go.work`` that uses the module in a folder, None for none."""
        for above in ancestors(folder):
            work = _beside(above, b"go.work")
            if work in self.tree.paths:
                return work if folder in self._members(work) else None
        return None

    def _is_used(self, work: bytes, key: str) -> bool:
        return not self._used[work].isdisjoint(_prefixes(key))

    def _members(self, work: bytes) -> frozenset[bytes]:
        """Return the folders of modules that a ``go.work`` uses."""
        if work not in self._folders:
            members: dict[bytes, str] = {}
            for directive in _directives(self.tree.read(work)):
                if directive.name == "use" and directive.words:
                    folder = joined(folder_of(work), directive.words[0])
                    data = (
                        None
                        if folder is None
                        else self.tree.read(_beside(folder, _MOD))
                    )
                    if folder is not None and data is not None:
                        members[folder] = _module(data)
            self._folders[work] = frozenset(members)
            self._used[work] = frozenset(members.values()) - {""}
        return self._folders[work]

    def _replacements_in(self, file: bytes) -> dict[str, list[_Replacement]]:
        """Return the replacements of a file by the module that each replaces."""
        if file not in self._replacements:
            by_module: dict[str, list[_Replacement]] = {}
            for directive in _directives(self.tree.read(file)):
                replacement = _replacement(directive, folder_of(file))
                if replacement is not None:
                    by_module.setdefault(replacement.module, []).append(replacement)
            self._replacements[file] = by_module
        return self._replacements[file]


def _prefixes(path: str) -> Iterator[str]:
    """Yield a path and all paths above it, the longest first."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _replacement(directive: Directive, folder: bytes) -> _Replacement | None:
    if directive.name != "replace" or "=>" not in directive.words:
        return None
    arrow = directive.words.index("=>")
    old, new = directive.words[:arrow], directive.words[arrow + 1 :]
    if not old or not new:
        return None
    is_path = new[0].startswith(("./", "../", "/")) or new[0] in {".", ".."}
    target = joined(folder, new[0]) if is_path else None
    return _Replacement(old[0], "".join(old[1:2]), target, is_path)


def _directives(data: bytes | None) -> Sequence[Directive]:
    from zt_gate.ecosystems.manifests.go_mod import directives

    try:
        return directives(data or b"")
    except ManifestError:
        return ()


def _module(data: bytes) -> str:
    """Return the path of the module that a ``go.mod`` defines, "" without one."""
    for directive in _directives(data):
        if directive.name == "module" and directive.words:
            return directive.words[0]
    return ""


def _beside(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name

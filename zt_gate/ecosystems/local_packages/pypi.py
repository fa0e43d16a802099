"""Python: projects of the repository, members of uv's workspaces, folders that are installed.

A tool without workspaces takes a plain name from an index, whatever folder has a
project of that name; so only the trusted side's projects count there.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.ecosystems.local_packages import LocatedEntry, on_base, own_manifests
from zt_gate.ecosystems.manifests.base import ManifestError, normalise
from zt_gate.ecosystems.project_tree import ancestors, folder_of, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zt_gate.ecosystems.project_tree import ProjectTree

_PYPROJECT = b"pyproject.toml"
_MANIFESTS = (_PYPROJECT, b"setup.cfg", b"setup.py")
_CFG_NAME = lazy_re.compile(
    r"^\[metadata\][^\[]*?^name[ \t]*[=:][ \t]*(\S{1,200})[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_SEPARATORS = lazy_re.compile(r"[-_.]+")


def local_entries(
    tree: ProjectTree, entries: Sequence[LocatedEntry]
) -> set[LocatedEntry]:
    """Return the entries that are projects of the repository."""
    found = on_base(tree, entries, _own_keys)
    workspaces = _Workspaces(tree)
    named: dict[bytes, set[str]] = {}
    for item in entries:
        if item in found:
            continue
        if item.path not in named:
            named[item.path] = _named_by_file(tree, item.path)
        if item.entry.key in named[item.path] or workspaces.has_member(item):
            found.add(item)
    return found


def project_name(tree: ProjectTree, folder: bytes) -> str:
    """Return the normalised name of the project in a folder, "" without one."""
    for name in _MANIFESTS:
        found = _name_in(tree, _beside(folder, name))
        if found:
            return normalise("pypi", found)
    return ""


def _own_keys(tree: ProjectTree, wanted: frozenset[str]) -> Iterator[tuple[bytes, str]]:
    paths = tree.named(*_MANIFESTS)
    words = {form for key in wanted for form in _written_forms(key)}
    for path, _ in own_manifests(tree, paths, words):
        name = _name_in(tree, path)
        if name:
            yield path, normalise("pypi", name)


def _written_forms(key: str) -> Iterable[str]:
    """Return a part of the name that each way of writing it has."""
    return [max(_SEPARATORS.split(key), key=len)]


def _name_in(tree: ProjectTree, path: bytes) -> str:
    """Return the name that a manifest gives its project, "" without a literal one."""
    file = path.rpartition(b"/")[2].lower()
    if file == _PYPROJECT:
        return _pyproject_name(tree.toml(path))
    if file == b"setup.cfg":
        match = _CFG_NAME.search(tree.text(path))
        return match[1] if match is not None else ""
    return _setup_name(tree.text(path))


def _pyproject_name(values: dict[str, Any]) -> str:
    tool = values.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    for table in (values.get("project"), poetry):
        name = table.get("name") if isinstance(table, dict) else None
        if isinstance(name, str):
            return name
    return ""


def _setup_name(text: str) -> str:
    """Return the literal name in a call of ``setup``, "" without one."""
    if "setup(" not in text:
        return ""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = (
            called.attr
            if isinstance(called, ast.Attribute)
            else getattr(called, "id", "")
        )
        for keyword in node.keywords if name == "setup" else ():
            value = keyword.value
            if keyword.arg == "name" and isinstance(value, ast.Constant):
                return value.value if isinstance(value.value, str) else ""
    return ""


def _named_by_file(tree: ProjectTree, path: bytes) -> set[str]:
    """Return the projects that a file itself gives a folder: its own, and installed ones.

    A project may name its own extras, as in ``own[dev]``.
    """
    from zt_gate.ecosystems.manifest_formats import format_of, text_formats
    from zt_gate.ecosystems.manifests import reader_for

    folder, _, name = path.rpartition(b"/")
    named = {project_name(tree, folder)} if name.lower() in _MANIFESTS else set()
    reader = reader_for(path)
    data = tree.read(path)
    if reader is None or data is None or format_of(path) in text_formats():
        return named
    try:
        entries = reader.read(path, data)
    except ManifestError:
        return named
    for entry in entries:
        if entry.ecosystem != "pypi" or entry.source.kind != "path":
            continue
        if entry.section in {"--find-links", "--requirement", "--constraint"}:
            continue
        target = joined(folder_of(path), entry.source.target.partition("[")[0])
        if target is not None:
            named.add(project_name(tree, target))
    return named - {""}


class _Workspaces:
    """uv's workspaces of a tree, each found once."""

    def __init__(self, tree: ProjectTree) -> None:
        self.tree = tree
        self._members: dict[bytes, dict[bytes, str]] = {}
        self._names: dict[bytes, frozenset[str]] = {}
        self._sources: dict[bytes, dict[str, str]] = {}

    def has_member(self, item: LocatedEntry) -> bool:
        """Return whether uv takes an entry from the workspace of its manifest.

        uv refuses a member whose name has no source, so a member's name never comes
        from an index.  The root's sources count for all members.
        """
        if item.path.rpartition(b"/")[2] != _PYPROJECT:
            return False
        folder = folder_of(item.path)
        for root in ancestors(folder):
            members = self._members_of(root)
            if not members or (folder != root and folder not in members):
                continue
            if item.entry.key in self._names[root] - {members.get(folder)}:
                return True
            if self._has_path_source(root, item.entry.key):
                return True
        return False

    def _workspace(self, root: bytes) -> dict[str, Any]:
        return _table(self.tree.toml(_beside(root, _PYPROJECT)), "tool", "uv")

    def _members_of(self, root: bytes) -> dict[bytes, str]:
        """Return the name of the project in each member's folder, the root's included."""
        if root not in self._members:
            workspace = _table(self._workspace(root), "workspace")
            members: dict[bytes, str] = {}
            if workspace:
                patterns = [
                    *_strings(workspace.get("members")),
                    *("!" + text for text in _strings(workspace.get("exclude"))),
                ]
                for folder in (root, *self.tree.matching_folders(root, patterns)):
                    if _beside(folder, _PYPROJECT) in self.tree.paths:
                        members[folder] = project_name(self.tree, folder)
            self._members[root] = members
            self._names[root] = frozenset(members.values())
        return self._members[root]

    def _has_path_source(self, root: bytes, key: str) -> bool:
        if root not in self._sources:
            sources = _table(self._workspace(root), "sources")
            self._sources[root] = {
                normalise("pypi", name): value["path"]
                for name, value in sources.items()
                if isinstance(value, dict) and isinstance(value.get("path"), str)
            }
        path = self._sources[root].get(key)
        folder = None if path is None else joined(root, path)
        return folder is not None and project_name(self.tree, folder) == key


def _table(values: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        value = values.get(name)
        if not isinstance(value, dict):
            return {}
        values = value
    return values


def _strings(value: object) -> list[str]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str)]


def _beside(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name

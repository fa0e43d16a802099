"""NuGet: projects of the repository, and referenced projects, which replace packages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.local_packages import LocatedEntry, on_base, own_manifests
from zt_gate.ecosystems.project_tree import folder_of, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.project_tree import ProjectTree

_SUFFIXES = (b".csproj", b".fsproj", b".vbproj")
_ID = lazy_re.compile(
    r"<(?:PackageId|AssemblyName)>\s*([A-Za-z0-9_.-]{1,200})\s*</", re.IGNORECASE
)
_REFERENCE = lazy_re.compile(
    r"<ProjectReference\b[^>]{0,500}?\bInclude\s*=\s*[\"']([^\"']{1,500})[\"']",
    re.IGNORECASE,
)
_MOST_PROJECTS = 2_000


def local_entries(
    tree: ProjectTree, entries: Sequence[LocatedEntry]
) -> set[LocatedEntry]:
    """Return the entries that are projects of the repository."""
    found = on_base(tree, entries, _own_keys)
    paths = {item.path for item in entries if item not in found}
    referenced = {path: _referenced(tree, path) for path in paths}
    return found | {
        item for item in entries if item.entry.key in referenced.get(item.path, ())
    }


def _own_keys(tree: ProjectTree, wanted: frozenset[str]) -> Iterator[tuple[bytes, str]]:
    projects = tree.with_suffix(*_SUFFIXES)
    for path in projects:
        if _stem(path) in wanted:
            yield path, _stem(path)
    for path, data in own_manifests(tree, projects, wanted):
        for name in _ids(data):
            yield path, name


def _stem(path: bytes) -> str:
    """Return the name that a project has unless its file gives it another one."""
    name = path.rpartition(b"/")[2].rpartition(b".")[0]
    return name.decode("utf-8", "replace").lower()


def _ids(data: bytes) -> set[str]:
    text = data.decode("utf-8", "replace")
    return {match[1].lower() for match in _ID.finditer(text)}


def _referenced(tree: ProjectTree, path: bytes) -> set[str]:
    """Return the names of all projects that a project references, directly or not."""
    names: set[str] = set()
    waiting, seen = [path], {path}
    while waiting and len(seen) < _MOST_PROJECTS:
        project = waiting.pop()
        text = tree.text(project)
        for match in _REFERENCE.finditer(text):
            target = joined(folder_of(project), match[1])
            if target is None or target in seen or target not in tree.paths:
                continue
            seen.add(target)
            waiting.append(target)
            names |= _ids(tree.read(target) or b"") or {_stem(target)}
    return names

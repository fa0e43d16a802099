"""Bundler: gems of the repository, and those that a Gemfile takes from a folder.

A gemspec's dependency comes from the folder too if the Gemfile above it names that
folder: Bundler resolves both together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.local_packages import LocatedEntry, on_base, own_manifests
from zt_gate.ecosystems.manifest_formats import format_of, lock_formats
from zt_gate.ecosystems.manifests.base import ManifestError
from zt_gate.ecosystems.project_tree import ancestors, folder_of, inside, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.project_tree import ProjectTree

_GEMFILES = (b"Gemfile", b"gems.rb")
_NAME = lazy_re.compile(
    r"^\s*\w{1,50}\.name\s*=\s*(['\"])([A-Za-z0-9._-]{1,200})\1", re.MULTILINE
)
_GEMSPEC_CALL = lazy_re.compile(
    r"^[ \t]*gemspec\b(?:[ \t(][^\n]{0,200}?path:[ \t]*['\"]([^'\"\n]{1,300})['\"])?",
    re.MULTILINE,
)


def local_entries(
    tree: ProjectTree, entries: Sequence[LocatedEntry]
) -> set[LocatedEntry]:
    """Return the entries that are gems of the repository."""
    found = on_base(tree, entries, _own_keys)
    provided: dict[bytes, set[str]] = {}
    for item in entries:
        if item in found or format_of(item.path) in lock_formats():
            continue
        for folder in ancestors(folder_of(item.path)):
            if folder not in provided:
                provided[folder] = _from_folders(tree, folder)
            if item.entry.key in provided[folder]:
                found.add(item)
    return found


def _own_keys(tree: ProjectTree, wanted: frozenset[str]) -> Iterator[tuple[bytes, str]]:
    for path, data in own_manifests(tree, tree.with_suffix(b".gemspec"), wanted):
        for name in _names(data):
            yield path, name


def _names(data: bytes) -> set[str]:
    text = data.decode("utf-8", "replace")
    return {match[2] for match in _NAME.finditer(text)}


def _from_folders(tree: ProjectTree, folder: bytes) -> set[str]:
    """Return the gems that the Gemfile in a folder takes from folders of the tree."""
    from zt_gate.ecosystems.manifests import gemfile

    roots: set[bytes] = set()
    for name in _GEMFILES:
        path = _beside(folder, name)
        data = tree.read(path)
        if data is None:
            continue
        try:
            entries = gemfile.read(path, data)
        except ManifestError:
            continue
        targets = [
            entry.source.target for entry in entries if entry.source.kind == "path"
        ]
        text = data.decode("utf-8", "replace")
        targets += [match[1] or "." for match in _GEMSPEC_CALL.finditer(text)]
        for target in targets:
            root = joined(folder, target)
            if root is not None:
                roots.add(root)
    return {
        name
        for path in tree.with_suffix(b".gemspec")
        if any(_is_in(path, root) for root in roots)
        for name in _names(tree.read(path) or b"")
    }


def _is_in(path: bytes, root: bytes) -> bool:
    """Return whether Bundler finds a gemspec for a path: in it, or one folder below."""
    folder = folder_of(path)
    return folder == root or (inside(folder, root) and folder_of(folder) == root)


def _beside(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name

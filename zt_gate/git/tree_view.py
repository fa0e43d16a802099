"""The files of one side of a change, for what a symbolic link shows."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.change import (
    MODE_SUBMODULE,
    ContentUnavailableError,
    TreeEntry,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.run import Git
    from zt_gate.model.change import FileChange, FileTree

_LINK = lazy_re.compile(rb"120000 blob ([0-9a-f]+)[ ]*\t([^\0]+)\0")
#: Bytes of the target of a link: more than an operating system allows.
_LONGEST_TARGET = 1 << 16


class GitTree:
    """The files of a tree object; ``listing`` is called once, when it is needed."""

    def __init__(self, listing: Callable[[], bytes], store: BlobStore) -> None:
        self._list = listing
        self._store = store

    @classmethod
    def at(cls, git: Git, tree: str, store: BlobStore) -> GitTree:
        """Return the files of a tree or of a commit."""
        args = ["ls-tree", "-r", "-z", "--full-tree", tree]
        return cls(lambda: git.run(args), store)

    @cached_property
    def _listing(self) -> bytes:
        return b"\0" + self._list()

    @cached_property
    def links(self) -> Mapping[bytes, bytes]:
        """The target of each link, by its path."""
        return {
            match[2]: self._store.read(match[1].decode("ascii"), _LONGEST_TARGET)
            for match in _LINK.finditer(self._listing)
        }

    def find(self, path: bytes) -> TreeEntry | None:
        """Return the entry of a path, None if it has none or is a folder."""
        at = self._listing.find(b"\t" + path + b"\0")
        if at < 0:
            return None
        fields = self._listing[self._listing.rfind(b"\0", 0, at) + 1 : at].split()
        mode, oid = int(fields[0], 8), fields[2].decode("ascii")
        blob = None if mode == MODE_SUBMODULE else self._store.blob(oid)
        return TreeEntry(mode, blob)

    def below(self, folder: bytes) -> Sequence[bytes]:
        """Return the paths of the files below a folder."""
        start = re.escape(folder + b"/" if folder else b"")
        return re.findall(rb"\t(" + start + rb"[^\0]+)\0", self._listing)


class ChangedTree:
    """The files of a change, on top of those of a tree.

    Without a tree (``base`` is None) other files are not known.
    """

    def __init__(self, files: Iterable[FileChange], base: FileTree | None) -> None:
        self._base = base
        self._files: dict[bytes, FileChange | None] = {}
        for file in files:
            if file.status == "R" and file.old_path not in {None, file.path}:
                self._files[file.old_path or b""] = None
            self._files[file.path] = None if file.is_deletion else file

    @cached_property
    def links(self) -> Mapping[bytes, bytes]:
        """The target of each link, by its path."""
        links = {} if self._base is None else dict(self._base.links)
        for path, file in self._files.items():
            links.pop(path, None)
            if file is not None and file.is_symlink and file.new is not None:
                links[path] = file.new.read(_LONGEST_TARGET)
        return links

    def find(self, path: bytes) -> TreeEntry | None:
        """Return the entry of a path; raises ContentUnavailableError if it is not known."""
        if path in self._files:
            file = self._files[path]
            return None if file is None else TreeEntry(file.new_mode, file.new)
        if self._base is not None:
            return self._base.find(path)
        if self.below(path):
            return None
        raise ContentUnavailableError("it is not part of what was given to scan")

    def below(self, folder: bytes) -> Sequence[bytes]:
        """Return the paths of the files below a folder."""
        start = folder + b"/" if folder else b""
        paths = {} if self._base is None else dict.fromkeys(self._base.below(folder))
        for path, file in self._files.items():
            paths.pop(path, None)
            if file is not None and path.startswith(start):
                paths[path] = None
        return tuple(paths)

"""What the work tree changes against HEAD, staged or not, untracked files included.

Git's own work-tree diff runs filters and believes flags that hide an edit
(assume-unchanged, skip-worktree, fsmonitor).  So every file is read here, and
git compares real objects: those that are not in the repository are written
into a private folder, beside a private index.  Nothing is written into the
user's repository.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.git.blobs import BlobStore, BlobTooLargeError, MissingObjectError
from zt_gate.git.isolated_view import with_empty_work_tree, with_private_index
from zt_gate.git.raw_diff import diff
from zt_gate.git.spooled_text import Spool
from zt_gate.model.change import (
    MODE_ABSENT,
    MODE_FILE,
    MODE_SUBMODULE,
    MODE_SYMLINK,
    ChangeSet,
    FileChange,
)
from zt_gate.sources.change_digest import change_digest
from zt_gate.sources.folder_files import (
    FolderFoundError,
    NotReadableError,
    OpenFolder,
    unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.git.run import Git
    from zt_gate.sources.folder_files import Content

# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: a pointer is under 1024 bytes.
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_POINTER_LIMIT = 1024
#: Contents above this are not compared with their line endings changed.
_TEXT_LIMIT = 32 << 20


@dataclass(frozen=True, slots=True)
class _Known:
    """What the index and HEAD know of a path; mode 0 where it is in neither."""

    mode: int = MODE_ABSENT
    oids: tuple[str, ...] = ()
    #: Not checked out on purpose (skip-worktree).
    absent: bool = False


@dataclass(frozen=True, slots=True)
class _Objects:
    """A private object folder."""

    folder: Path
    object_format: str

    def oid(self, content: bytes) -> str:
        total = hashlib.new(self.object_format, usedforsecurity=False)
        total.update(b"blob %d\0" % len(content))
        total.update(content)
        return total.hexdigest()

    def write(self, content: bytes) -> str:
        oid = self.oid(content)
        target = self.folder / oid[:2] / oid[2:]
        if not target.exists():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.write_bytes(zlib.compress(b"blob %d\0" % len(content) + content, 1))
        return oid


def read(git: Git, workdir: Path, blobs: BlobStore | None = None) -> ChangeSet:
    """Return the work tree's change against HEAD.

    ``workdir`` is a private folder that must live as long as the change is
    used.  A file is unchanged too where it differs only by CRLF line ends, or
    is what a Git LFS pointer stands for.  Edits inside submodules belong to
    the submodules.  Raises GitError, OSError where ``workdir`` is full.
    """
    base = git.head or git.empty_tree
    objects = _Objects(workdir / "objects", git.object_format)
    objects.folder.mkdir(mode=0o700)
    beside = with_private_index(git, workdir)
    store = BlobStore(git) if blobs is None else blobs
    known = _known(git, base)
    entries: list[bytes] = []
    unread: dict[bytes, FileChange] = {}
    modes_count = (
        git.run(["config", "--type=bool", "core.fileMode"], ok=(0, 1)) != b"false\n"
    )
    with OpenFolder(git.root) as folder:
        view = _View(git, folder, objects, store, modes_count)
        for path, there in _with_untracked(git, known):
            try:
                entry = view.entry(path, there)
            except NotReadableError as error:
                unread[path] = _unread(path, there, str(error), store)
                continue
            if entry is not None:
                entries.append(b"%o %s\t%s\0" % (entry[0], entry[1].encode(), path))
    with with_empty_work_tree(beside) as away:
        away.run(["update-index", "-z", "--index-info"], stdin=b"".join(entries))
    compare = ["diff-index", "--cached", base, "--"]
    listed = diff(beside, compare, Spool(workdir), BlobStore(beside))
    files = (*(file for file in listed if file.path not in unread), *unread.values())
    return ChangeSet("worktree", base, "work tree", change_digest(files), files)


def _known(git: Git, base: str) -> dict[bytes, _Known]:
    at_head: dict[bytes, str] = {}
    for record in git.run(["ls-tree", "-r", "-z", "--full-tree", base]).split(b"\0")[
        :-1
    ]:
        fields, _, path = record.partition(b"\t")
        at_head[path] = fields.split(b" ")[2].decode("ascii")
    known: dict[bytes, _Known] = {}
    for record in git.run(["ls-files", "-z", "--stage", "-t"]).split(b"\0")[:-1]:
        fields, _, path = record.partition(b"\t")
        tag, mode, oid, _stage = fields.split(b" ")
        oids = (oid.decode("ascii"), *filter(None, [at_head.get(path)]))
        known[path] = _Known(int(mode, 8), oids, absent=tag == b"S")
    return known


def _with_untracked(
    git: Git, known: dict[bytes, _Known]
) -> Iterator[tuple[bytes, _Known]]:
    yield from known.items()
    # Strict: git only warns about a folder that it cannot read.
    args = ["ls-files", "-z", "--others", "--exclude-standard", "--full-name"]
    for path in git.run(args, strict=True).split(b"\0")[:-1]:
        # A folder is listed only where it is a repository of its own.
        nested = path.endswith(b"/")
        yield path.rstrip(b"/"), _Known(MODE_SUBMODULE if nested else MODE_ABSENT)


@dataclass(frozen=True, slots=True)
class _View:
    """The work tree, beside what the repository knows."""

    git: Git
    folder: OpenFolder
    objects: _Objects
    store: BlobStore
    #: core.fileMode: false where the file system keeps no executable bit.
    modes_count: bool

    def entry(self, path: bytes, known: _Known) -> tuple[int, str] | None:
        """Return the mode and object id of what is at ``path`` now, None for nothing.

        Raises NotReadableError.
        """
        try:
            found = self.folder.open(path)
        except FolderFoundError:
            return self._submodule(path, known)
        if found is None:
            return (known.mode, known.oids[0]) if known.absent else None
        with found:
            mode = found.mode
            if mode != MODE_SYMLINK and not self.modes_count:
                regular = known.mode not in {MODE_ABSENT, MODE_SYMLINK, MODE_SUBMODULE}
                mode = known.mode if regular else MODE_FILE
            return mode, self._object(found, known)

    def _submodule(self, path: bytes, known: _Known) -> tuple[int, str] | None:
        """Return the commit that is checked out in a repository inside this one."""
        if known.mode != MODE_SUBMODULE:
            return None
        top = Path(self.git.root, os.fsdecode(path))
        head = ""
        if os.path.lexists(top / ".git"):
            args = ["rev-parse", "--verify", "-q", "HEAD"]
            output = self.git.nested(top).run(args, ok=(0, 1, 128))
            head = output.decode("ascii", "replace").strip()
        if not head and not known.oids:
            raise NotReadableError("it is a repository without a commit")
        return MODE_SUBMODULE, head or known.oids[0]

    def _object(self, found: Content, known: _Known) -> str:
        content = b"".join(found.chunks())
        oid = self.objects.oid(content)
        if known.oids[:1] == (oid,):
            return oid
        if found.mode == MODE_SYMLINK:
            return self.objects.write(content)
        text = content if len(content) <= _TEXT_LIMIT else b""
        unix = text.replace(b"\r\n", b"\n")
        if unix != text and (plain := self.objects.oid(unix)) in known.oids:
            return plain
        # Where every line ends with CRLF and git keeps the file with LF, the work
        # tree only shows it so: the change is in the lines that differ otherwise.
        shown = unix != text and text.count(b"\n") == text.count(b"\r\n")
        pointer = self._pointer(content, known)
        if not pointer and shown and b"\r\n" not in self._indexed(known):
            return self.objects.write(unix)
        return pointer or self.objects.write(content)

    def _pointer(self, content: bytes, known: _Known) -> str:
        """Return the id of a Git LFS pointer that stands for ``content``, or ""."""
        for oid in known.oids if known.mode != MODE_SUBMODULE else ():
            try:
                kind, pointer = self.store.fetch(oid, _POINTER_LIMIT)
            except (BlobTooLargeError, MissingObjectError):
                continue
            if kind == "blob" and pointer.startswith(_POINTER):
                wanted = b"oid sha256:" + hashlib.sha256(content).hexdigest().encode()
                if wanted in pointer.split(b"\n"):
                    return oid
        return ""

    def _indexed(self, known: _Known) -> bytes:
        """Return what the index holds, or a line with CRLF where that cannot be said."""
        if known.oids and known.mode != MODE_SUBMODULE:
            with suppress(BlobTooLargeError, MissingObjectError):
                return self.store.fetch(known.oids[0], _TEXT_LIMIT)[1]
        return b"\r\n"


def _unread(path: bytes, known: _Known, reason: str, store: BlobStore) -> FileChange:
    """Return the change of a file that is there and cannot be read."""
    is_file = known.mode not in {MODE_ABSENT, MODE_SUBMODULE}
    return FileChange(
        path=path,
        status="M" if known.oids else "A",
        old_mode=known.mode if known.oids else MODE_ABSENT,
        new_mode=known.mode or MODE_FILE,
        old_path=path if known.oids else None,
        old=store.blob(known.oids[-1]) if is_file and known.oids else None,
        new=None if known.mode == MODE_SUBMODULE else unavailable(reason),
        incomplete=reason,
    )

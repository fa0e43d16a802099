"""The work tree's changes against HEAD, staged or not, including untracked files.

Git's own work-tree diff runs filters and trusts flags that hide an edit
(assume-unchanged, skip-worktree, fsmonitor).  So this module reads every file,
and git compares real objects: it writes those that the repository lacks into a
private folder beside a private index, and nothing into the user's repository.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.git.blobs import BlobStore, BlobTooLargeError, MissingObjectError
from zt_gate.git.index_file import read_index
from zt_gate.git.isolated_view import with_empty_work_tree, with_private_index
from zt_gate.git.raw_diff import diff
from zt_gate.git.spooled_text import Spool
from zt_gate.git.tree_view import GitTree
from zt_gate.model.change import (
    MODE_ABSENT,
    MODE_FILE,
    MODE_SUBMODULE,
    MODE_SYMLINK,
    ChangeSet,
    FileChange,
)
from zt_gate.record import dataclass, replace
from zt_gate.sources import staged
from zt_gate.sources.change_digest import change_digest
from zt_gate.sources.folder_files import (
    FolderFoundError,
    NotReadableError,
    OpenFolder,
    unavailable_blob,
)
from zt_gate.sources.private_objects import PrivateObjects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.git.run import Git
    from zt_gate.sources.base import SourceInputs
    from zt_gate.sources.folder_files import Content

# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: a pointer is under 1024 bytes.
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_POINTER_LIMIT = 1024
#: Bytes above which a file is not compared with normalized line endings.
_TEXT_LIMIT = 32 << 20


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What the index and HEAD record for a path; mode 0 if it is in neither.

    ``oids`` are the ids in the index and, if it has the path, at HEAD.
    """

    mode: int = MODE_ABSENT
    oids: tuple[str, ...] = ()
    #: Intentionally not checked out (skip-worktree).
    absent: bool = False
    #: In the index with the versions of both sides of a merge, without a result.
    unmerged: bool = False

    @property
    def is_file(self) -> bool:
        return self.mode not in {MODE_ABSENT, MODE_SUBMODULE}


def read_change(git: Git | None, inputs: SourceInputs) -> ChangeSet:
    """Return all uncommitted changes; raises GitError."""
    assert git is not None
    return read(git, inputs.workdir)


def read(git: Git, workdir: Path, blobs: BlobStore | None = None) -> ChangeSet:
    """Return the work tree's change against HEAD.

    ``workdir`` is a private folder that must exist as long as the change is in
    use.  The result's ``staged`` has what is in the index alone.  A file also counts
    as unchanged if only its CRLF line endings differ, or if it is the content of the
    recorded Git LFS pointer.  A conflict is read as it lies in the work tree, and puts the
    change in doubt: the versions of both sides are in the index alone.  Edits inside of
    submodules belong to the submodules.
    Raises GitError, OSError if ``workdir`` is full.
    """
    base = git.head or git.empty_tree
    objects = PrivateObjects.create(workdir / "objects", git.object_format)
    private = with_private_index(git, workdir)
    store = BlobStore(git) if blobs is None else blobs
    read_index(git)  # a damaged one would list other files
    recorded_paths = _recorded(git, base)
    entries: list[bytes] = []
    current: dict[bytes, tuple[int, str]] = {}
    unread: dict[bytes, FileChange] = {}
    with OpenFolder(git.root) as folder:
        view = _View(git, folder, objects, store, _tracks_modes(git))
        for path, recorded in _with_untracked(git, recorded_paths):
            try:
                entry = view.entry(path, recorded)
            except NotReadableError as error:
                unread[path] = _unread(path, recorded, str(error), store)
                continue
            if entry is not None:
                mode, oid = entry
                current[path] = entry
                entries.append(b"%o %s\t%s\0" % (mode, oid.encode(), path))
    with with_empty_work_tree(private) as isolated:
        isolated.run(["update-index", "-z", "--index-info"], stdin=b"".join(entries))
    command = ["diff-index", "--cached", base, "--"]
    changes = diff(private, command, Spool(workdir), BlobStore(private))
    read_changes = (file for file in changes if file.path not in unread)
    files = (*read_changes, *unread.values())
    return ChangeSet(
        "worktree",
        base,
        "work tree",
        change_digest(files),
        files,
        doubt=staged.unmerged_doubt(
            path for path, recorded in recorded_paths.items() if recorded.unmerged
        ),
        staged=_only_staged(git, base, current, store),
        tree=GitTree(lambda: _listing(current), BlobStore(private)),
    )


def _listing(entries: Mapping[bytes, tuple[int, str]]) -> bytes:
    """Return the entries as git lists a tree."""
    return b"".join(
        b"%06o blob %s\t%s\0" % (mode, oid.encode(), path)
        for path, (mode, oid) in entries.items()
    )


def _only_staged(
    git: Git, base: str, current: Mapping[bytes, tuple[int, str]], store: BlobStore
) -> ChangeSet | None:
    """Return the staged change of the files whose index differs from HEAD and work tree.

    A conflict is left out, because git commits none; it is the work tree's doubt.
    """
    at_head = _entries_of_tree(git, base)
    indexed: dict[bytes, tuple[int, str]] = {}
    unmerged: set[bytes] = set()
    for fields, path in _records(git, ["ls-files", "-z", "--stage"]):
        mode, oid, stage = fields
        if stage != b"0":
            unmerged.add(path)
        indexed[path] = (int(mode, 8), oid.decode("ascii"))
    paths = {
        path
        for path in (indexed.keys() | at_head.keys()) - unmerged
        if indexed.get(path) not in (at_head.get(path), current.get(path))
    }
    if not paths:
        return None
    change = staged.read(git, store)
    files = tuple(file for file in change.files if file.path in paths)
    if not files:
        return None  # only intended to be added: git would commit nothing of it
    return replace(change, digest=change_digest(files), files=files, doubt="")


def _entries_of_tree(git: Git, base: str) -> dict[bytes, tuple[int, str]]:
    return {
        path: (int(fields[0], 8), fields[2].decode("ascii"))
        for fields, path in _records(git, ["ls-tree", "-r", "-z", "--full-tree", base])
    }


def _tracks_modes(git: Git) -> bool:
    """Whether the file system keeps the executable bit (core.fileMode)."""
    output = git.run(["config", "--type=bool", "core.fileMode"], ok=(0, 1))
    return output != b"false\n"


def _records(git: Git, args: Sequence[str]) -> Iterator[tuple[list[bytes], bytes]]:
    """Yield the fields and the path of each record that git lists."""
    for record in git.run(args).split(b"\0")[:-1]:
        fields, _, path = record.partition(b"\t")
        yield fields.split(b" "), path


def _recorded(git: Git, base: str) -> dict[bytes, _Recorded]:
    """Return what the index and ``base`` record, by path."""
    head_oids: dict[bytes, str] = {}
    for fields, path in _records(git, ["ls-tree", "-r", "-z", "--full-tree", base]):
        head_oids[path] = fields[2].decode("ascii")
    recorded: dict[bytes, _Recorded] = {}
    for fields, path in _records(git, ["ls-files", "-z", "--stage", "-t"]):
        tag, mode, oid, stage = fields
        oids = [oid.decode("ascii")]
        if path in head_oids:
            oids.append(head_oids[path])
        recorded[path] = _Recorded(
            int(mode, 8), tuple(oids), absent=tag == b"S", unmerged=stage != b"0"
        )
    return recorded


def _with_untracked(
    git: Git, recorded: dict[bytes, _Recorded]
) -> Iterator[tuple[bytes, _Recorded]]:
    yield from recorded.items()
    # Strict: git only warns about a folder that it cannot read.
    args = ["ls-files", "-z", "--others", "--exclude-standard", "--full-name"]
    for path in git.run(args, strict=True).split(b"\0")[:-1]:
        # Git lists a folder itself only if it is a nested repository.
        is_repository = path.endswith(b"/")
        mode = MODE_SUBMODULE if is_repository else MODE_ABSENT
        yield path.rstrip(b"/"), _Recorded(mode)


@dataclass(frozen=True, slots=True)
class _View:
    """The work tree, compared with what the repository records."""

    git: Git
    folder: OpenFolder
    objects: PrivateObjects
    store: BlobStore
    tracks_modes: bool

    def entry(self, path: bytes, recorded: _Recorded) -> tuple[int, str] | None:
        """Return the mode and object id of the current ``path``, None if it is absent.

        Raises NotReadableError.
        """
        try:
            content = self.folder.open(path)
        except FolderFoundError:
            return self._submodule(path, recorded)
        if content is None:
            return (recorded.mode, recorded.oids[0]) if recorded.absent else None
        with content:
            return self._mode(content, recorded), self._object(content, recorded)

    def _mode(self, content: Content, recorded: _Recorded) -> int:
        if content.mode == MODE_SYMLINK or self.tracks_modes:
            return content.mode
        was_regular = recorded.is_file and recorded.mode != MODE_SYMLINK
        return recorded.mode if was_regular else MODE_FILE

    def _submodule(self, path: bytes, recorded: _Recorded) -> tuple[int, str] | None:
        """Return the commit that is checked out in a nested repository."""
        if recorded.mode != MODE_SUBMODULE:
            return None
        top = Path(self.git.root, os.fsdecode(path))
        head = ""
        if os.path.lexists(top / ".git"):
            args = ["rev-parse", "--verify", "-q", "HEAD"]
            output = self.git.nested(top).run(args, ok=(0, 1, 128))
            head = output.decode("ascii", "replace").strip()
        if not head and not recorded.oids:
            raise NotReadableError("it is a repository without a commit")
        return MODE_SUBMODULE, head or recorded.oids[0]

    def _object(self, file: Content, recorded: _Recorded) -> str:
        """Return the id of a recorded object that the file equals, or of a new one."""
        content = b"".join(file.chunks())
        oid = self.objects.oid(content)
        if recorded.oids[:1] == (oid,):
            return oid
        if file.mode == MODE_SYMLINK:
            return self.objects.write(content)
        unix = content
        if len(content) <= _TEXT_LIMIT:
            unix = content.replace(b"\r\n", b"\n")
        if unix != content:
            unix_oid = self.objects.oid(unix)
            if unix_oid in recorded.oids:
                return unix_oid
        pointer = self._pointer(content, recorded)
        if pointer:
            return pointer
        # If every line ends with CRLF and git records LF, the checkout converted the
        # line endings: only the other differences are the change.
        all_crlf = unix != content and content.count(b"\n") == content.count(b"\r\n")
        if all_crlf and b"\r\n" not in self._indexed(recorded):
            return self.objects.write(unix)
        return self.objects.write(content)

    def _pointer(self, content: bytes, recorded: _Recorded) -> str:
        """Return the id of the recorded Git LFS pointer to ``content``, or ""."""
        if recorded.mode == MODE_SUBMODULE:
            return ""
        for oid in recorded.oids:
            try:
                kind, pointer = self.store.fetch(oid, _POINTER_LIMIT)
            except (BlobTooLargeError, MissingObjectError):
                continue
            if kind == "blob" and pointer.startswith(_POINTER):
                digest = hashlib.sha256(content).hexdigest()
                if b"oid sha256:" + digest.encode() in pointer.split(b"\n"):
                    return oid
        return ""

    def _indexed(self, recorded: _Recorded) -> bytes:
        """Return the content in the index, or a CRLF if it is not available."""
        if recorded.oids and recorded.mode != MODE_SUBMODULE:
            with suppress(BlobTooLargeError, MissingObjectError):
                return self.store.fetch(recorded.oids[0], _TEXT_LIMIT)[1]
        return b"\r\n"


def _unread(
    path: bytes, recorded: _Recorded, reason: str, store: BlobStore
) -> FileChange:
    """Return the change of a file that exists and cannot be read."""
    new = None if recorded.mode == MODE_SUBMODULE else unavailable_blob(reason)
    if not recorded.oids:
        return FileChange(
            path=path,
            status="A",
            old_mode=MODE_ABSENT,
            new_mode=recorded.mode or MODE_FILE,
            new=new,
            incomplete=reason,
        )
    return FileChange(
        path=path,
        status="M",
        old_mode=recorded.mode,
        new_mode=recorded.mode or MODE_FILE,
        old_path=path,
        old=store.blob(recorded.oids[-1]) if recorded.is_file else None,
        new=new,
        incomplete=reason,
    )

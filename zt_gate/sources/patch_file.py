"""The change that a unified or git patch describes, from a file or standard input."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from zt_gate import lazy_re
from zt_gate.git.blobs import BlobStore
from zt_gate.git.errors import GitError, visible
from zt_gate.git.spooled_text import Spool
from zt_gate.git.tree_view import ChangedTree, GitTree
from zt_gate.model.change import (
    MODE_ABSENT,
    MODE_SUBMODULE,
    Blob,
    ChangeSet,
    Commit,
    ContentUnavailableError,
    FileChange,
    Hunk,
)
from zt_gate.record import replace
from zt_gate.sources import patch_apply
from zt_gate.sources.change_digest import change_digest
from zt_gate.sources.errors import PatchError
from zt_gate.sources.folder_files import (
    spool_content,
    spooled_blob,
    unavailable_blob,
)
from zt_gate.sources.patch_hunks import Cursor, at_section
from zt_gate.sources.patch_mail import FreeText, at_mail, read_mail
from zt_gate.sources.patch_parse import Section, read_section, read_text

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable
    from pathlib import Path

    from zt_gate.git.run import Git
    from zt_gate.sources.base import SourceInputs

_CHUNK = 1 << 20
#: Bytes of a binary file that is read from the object database.
_BINARY_LIMIT = 100 << 20
_SUBMODULE = lazy_re.compile(
    rb"Subproject commit (?:[0-9a-f]{40}|[0-9a-f]{64})(?:-dirty)?"
)
_BINARY_PATCH = "a binary patch: its content is not in the repository"
_NO_CONTENT = frozenset((MODE_ABSENT, MODE_SUBMODULE))


def read_change(git: Git | None, inputs: SourceInputs) -> ChangeSet:
    """Return the change of the patch; raises SourceError, GitError."""
    return read(inputs.patch, git, inputs.workdir)


def read(patch: bytes | BinaryIO, git: Git | None, workdir: Path) -> ChangeSet:
    """Return the change that a patch describes; an empty patch is an empty change.

    The old content of a file is the blob that the patch names if the repository
    has it, else the file at HEAD if the patch fits it exactly; otherwise its
    blobs raise ContentUnavailableError.  A series of mails gives one commit for
    each; ``files`` then holds the sections of all mails in order, so a path can
    appear more than once, and the commits have no files.  Text outside of mails
    and sections becomes one more commit without an author, because readers of the
    patch see it too.  Raises PatchError, GitError, OSError.
    """
    data = patch if isinstance(patch, bytes) else _mapped(patch, workdir)
    cursor = Cursor(data)
    reader = _Reader(data, git, Spool(workdir))
    commits: list[Commit] = []
    free_text = FreeText()
    while not cursor.ended:
        if at_section(cursor):
            free_text.end()
            reader.add(read_section(cursor, reader.spool))
        elif at_mail(cursor):
            free_text.end()
            commits.append(read_mail(cursor))
            reader.next_patch()
        else:
            free_text.add(read_text(cursor))
    free_text.end()
    text = free_text.text
    if text and not reader.files and not commits:
        raise PatchError("this is not a patch: it contains no change of a file")
    if text:
        commits.append(Commit("", b"", b"", b"", b"", text))
    files = tuple(reader.files)
    digest = change_digest(files, commits, contents=True)
    base = git.head if git and git.head else ""
    store = BlobStore(git) if git else None
    at_head = GitTree.at(git, base, store) if git and store and base else None
    tree = ChangedTree(files, at_head)
    return ChangeSet("patch", base, "patch", digest, files, tuple(commits), tree=tree)


def _mapped(stream: BinaryIO, workdir: Path) -> bytes | mmap.mmap:
    """Copy a stream into an unlinked file and map it into memory."""
    import mmap
    import tempfile

    with tempfile.TemporaryFile(dir=workdir) as copy:
        while chunk := stream.read(_CHUNK):
            copy.write(chunk)
        copy.flush()
        if not os.fstat(copy.fileno()).st_size:
            return b""
        return mmap.mmap(copy.fileno(), 0, access=mmap.ACCESS_READ)


class _Reader:
    """Converts sections to file changes; each section builds on the earlier ones."""

    def __init__(self, data: bytes | mmap.mmap, git: Git | None, spool: Spool) -> None:
        self.spool = spool
        self.files: list[FileChange] = []
        self._data = data
        self._git = git
        self._store = BlobStore(git) if git else None
        # The latest change of each path: in earlier patches, and in the current one.
        self._earlier: dict[bytes, FileChange] = {}
        self._current: dict[bytes, FileChange] = {}

    def next_patch(self) -> None:
        """Start a new patch on top of the changes so far."""
        self._earlier |= self._current
        self._current = {}

    def add(self, section: Section) -> None:
        """Add the change of one section."""
        change = self._change(section)
        if self.files and _is_replacement(self.files[-1], change):
            self.files[-1] = _replacement(self.files[-1], change)
        else:
            self.files.append(change)
        self._current[change.path] = self.files[-1]

    def _change(self, section: Section) -> FileChange:
        if section.binary is not None or section.withheld:
            return self._binary(section)
        if section.new_mode == MODE_SUBMODULE:
            _check_submodule(section)
        bases = self._bases(section)
        patched = patch_apply.PatchedFile(
            self._data, section.spans, section.crlf, tuple(bases)
        )
        if section.status == "D":
            from_patch = partial(patch_apply.deleted_content, patched)
            patched = replace(patched, bases=(*patched.bases, from_patch))
        old, new = patch_apply.blobs_of(patched)
        return FileChange(
            path=section.path,
            status=section.status,
            old_mode=section.old_mode,
            new_mode=section.new_mode,
            old_path=section.old_path,
            old=None if section.old_mode in _NO_CONTENT else old,
            new=None if section.new_mode in _NO_CONTENT else new,
            hunks=section.hunks,
        )

    def _bases(self, section: Section) -> list[Callable[[int], bytes]]:
        """Return the possible sources of the old content, the most likely first."""
        old_path = section.old_path
        if section.status == "A" or old_path is None:
            return [patch_apply.empty_content]
        bases: list[Callable[[int], bytes]] = []
        if self._store and section.old_oid:
            bases.append(partial(self._store.read, section.old_oid))
        # A copy's source is the file before this patch, even if the patch changes it.
        earlier = self._earlier.get(old_path)
        if earlier is not None and earlier.new is not None:
            bases.append(earlier.new.read)
        if self._git and self._git.head:
            bases.append(partial(_at_head, self._git, old_path))
        current = self._current.get(old_path)
        if current is not None and current.new is not None:
            bases.append(current.new.read)
        return bases

    def _binary(self, section: Section) -> FileChange:
        """Return the change of a file that the patch does not show as lines."""
        reason = ""
        new: Blob | None = None
        hunks: tuple[Hunk, ...] = ()
        if section.new_mode == MODE_SUBMODULE:
            reason = _BINARY_PATCH
        elif section.new_mode != MODE_ABSENT:
            try:
                new, hunks = self._stored(section.new_oid)
            except ContentUnavailableError:
                reason = _BINARY_PATCH
                new = unavailable_blob(reason)
        old = None
        if section.old_mode not in _NO_CONTENT:
            bases = tuple(self._bases(section))
            unchanged = patch_apply.PatchedFile(b"", (), crlf=False, bases=bases)
            old, _ = patch_apply.blobs_of(unchanged)
        return FileChange(
            path=section.path,
            status=section.status,
            old_mode=section.old_mode,
            new_mode=section.new_mode,
            old_path=section.old_path,
            old=old,
            new=new,
            hunks=hunks,
            incomplete=reason,
        )

    def _stored(self, oid: str) -> tuple[Blob, tuple[Hunk, ...]]:
        """Return the repository's blob ``oid``, and a hunk that adds all of its lines."""
        if self._store is None or len(oid) not in {40, 64}:
            raise ContentUnavailableError("it is not in the repository")
        content = self._store.read(oid, _BINARY_LIMIT)
        added = spool_content(self.spool, iter([content]))
        removed = spool_content(self.spool, iter(()))
        hunks = (Hunk(0, 1, removed, added),) if added.lines else ()
        return spooled_blob(added, oid), hunks


def _is_replacement(previous: FileChange, change: FileChange) -> bool:
    """Whether a deletion and an addition replace one file, as when it becomes a link."""
    if previous.path != change.path:
        return False
    return (previous.status, change.status) == ("D", "A")


def _replacement(deletion: FileChange, addition: FileChange) -> FileChange:
    return FileChange(
        path=addition.path,
        status="M" if deletion.old_mode == addition.new_mode else "T",
        old_mode=deletion.old_mode,
        new_mode=addition.new_mode,
        old_path=deletion.path,
        old=deletion.old,
        new=addition.new,
        hunks=deletion.hunks + addition.hunks,
        incomplete=deletion.incomplete or addition.incomplete,
    )


def _check_submodule(section: Section) -> None:
    """Raise PatchError if tools without submodules would write other text than a commit."""
    lines = [line for hunk in section.hunks for line in hunk.added]
    if len(lines) > 1 or not all(_SUBMODULE.fullmatch(line) for line in lines):
        raise PatchError(
            f"{visible(section.path)}: the submodule has other lines than its commit"
        )


def _at_head(git: Git, path: bytes, limit: int) -> bytes:
    from zt_gate.git.trusted_files import read_file

    try:
        content = read_file(git, git.head, path, limit=limit)
    except GitError as error:
        raise ContentUnavailableError(str(error)) from error
    if content is None:
        raise ContentUnavailableError("HEAD does not have the file")
    return content

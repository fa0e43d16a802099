"""A change out of a unified or git patch, from a file or standard input."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from zt_gate.git.blobs import BlobStore
from zt_gate.git.errors import GitError, visible
from zt_gate.git.spooled_text import Spool
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
from zt_gate.sources import patch_apply
from zt_gate.sources.change_digest import change_digest
from zt_gate.sources.errors import PatchError
from zt_gate.sources.folder_files import blob_of, spooled, unavailable
from zt_gate.sources.patch_hunks import Cursor, at_section
from zt_gate.sources.patch_mail import Prose, at_mail, read_mail
from zt_gate.sources.patch_parse import Section, read_section, read_text

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable
    from pathlib import Path

    from zt_gate.git.run import Git

_CHUNK = 1 << 20
#: Bytes of a binary file that are taken from the object database.
_BINARY_LIMIT = 100 << 20
_SUBMODULE = re.compile(rb"Subproject commit (?:[0-9a-f]{40}|[0-9a-f]{64})(?:-dirty)?")


def read(patch: bytes | BinaryIO, git: Git | None, workdir: Path) -> ChangeSet:
    """Return the change that a patch describes; nothing at all is an empty change.

    Old content is the blob that the patch names if the repository has it, else
    the file at HEAD, where the patch fits exactly; where neither fits, the
    blobs raise ContentUnavailableError.  Several mails in a row give several
    commits; ``files`` then holds the sections of all of them in their order, so
    a path can stand there more than once, and the commits have no files of
    their own.  Other text around the sections gives one more commit, without an
    author: whoever reads the patch reads it too.  Raises PatchError, GitError, OSError.
    """
    data = patch if isinstance(patch, bytes) else _mapped(patch, workdir)
    cursor = Cursor(data)
    reader = _Reader(data, git, Spool(workdir))
    commits: list[Commit] = []
    text = Prose()
    while not cursor.ended:
        if at_section(cursor):
            text.end()
            reader.add(read_section(cursor, reader.spool))
        elif at_mail(cursor):
            text.end()
            commits.append(read_mail(cursor))
            reader.next_patch()
        else:
            text.add(read_text(cursor))
    text.end()
    if text.found and not reader.files and not commits:
        raise PatchError("this is no patch: it names no file that changes")
    if text.found:
        commits.append(Commit("", b"", b"", b"", b"", text.found))
    files = tuple(reader.files)
    digest = change_digest(files, commits, contents=True)
    base = git.head if git and git.head else ""
    return ChangeSet("patch", base, "patch", digest, files, tuple(commits))


def _mapped(stream: BinaryIO, workdir: Path) -> bytes | mmap.mmap:
    """Copy a stream into a file without a name, and map that."""
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
    """Makes file changes out of sections; each builds on those before it."""

    def __init__(self, data: bytes | mmap.mmap, git: Git | None, spool: Spool) -> None:
        self.spool = spool
        self.files: list[FileChange] = []
        self._data = data
        self._git = git
        self._store = BlobStore(git) if git else None
        # What the patches before this one made, and what this one has made so far.
        self._before: dict[bytes, FileChange] = {}
        self._now: dict[bytes, FileChange] = {}

    def next_patch(self) -> None:
        """Let what follows build on what came so far."""
        self._before |= self._now
        self._now = {}

    def add(self, section: Section) -> None:
        """Add the change of one section."""
        change = self._change(section)
        before = self.files[-1] if self.files else None
        if (
            before
            and before.path == change.path
            and (before.status, change.status) == ("D", "A")
        ):
            # A file that becomes a link stands in a patch as a deletion and an addition.
            self.files[-1] = FileChange(
                change.path, "T" if before.old_mode != change.new_mode else "M", before.old_mode,
                change.new_mode, before.path, before.old, change.new,
                before.hunks + change.hunks, before.incomplete or change.incomplete,
            )  # fmt: skip
        else:
            self.files.append(change)
        self._now[change.path] = self.files[-1]

    def _change(self, section: Section) -> FileChange:
        if section.binary is not None or section.withheld:
            return self._binary(section)
        if section.new_mode == MODE_SUBMODULE:
            _check_submodule(section)
        applied = patch_apply.Applied(
            self._data, section.spans, section.crlf, tuple(self._bases(section))
        )
        if section.status == "D":
            whole = partial(patch_apply.whole_old, applied)
            applied = replace(applied, bases=(*applied.bases, whole))
        old, new = patch_apply.blobs_of(applied)
        has_old = section.old_mode not in {MODE_ABSENT, MODE_SUBMODULE}
        has_new = section.new_mode not in {MODE_ABSENT, MODE_SUBMODULE}
        return FileChange(
            section.path, section.status, section.old_mode, section.new_mode, section.old_path,
            old if has_old else None, new if has_new else None, section.hunks,
        )  # fmt: skip

    def _bases(self, section: Section) -> list[Callable[[int], bytes]]:
        """Return where the old content could come from, the likeliest first."""
        if section.status == "A" or section.old_path is None:
            return [patch_apply.nothing]
        found: list[Callable[[int], bytes]] = []
        if self._store and section.old_oid:
            found.append(partial(self._store.read, section.old_oid))
        # A patch copies from what was there before it, whatever it does to that file.
        earlier, sibling = (
            made.get(section.old_path) for made in (self._before, self._now)
        )
        if earlier is not None and earlier.new is not None:
            found.append(earlier.new.read)
        if self._git and self._git.head:
            found.append(partial(_at_head, self._git, section.old_path))
        if sibling is not None and sibling.new is not None:
            found.append(sibling.new.read)
        return found

    def _binary(self, section: Section) -> FileChange:
        """Return the change of a file that the patch does not show as lines."""
        reason = "a binary patch: its content is not in the repository"
        blob: Blob | None = None
        hunks: tuple[Hunk, ...] = ()
        if section.new_mode not in {MODE_ABSENT, MODE_SUBMODULE}:
            try:
                blob, hunks = self._stored(section.new_oid)
                reason = ""
            except ContentUnavailableError:
                blob = unavailable(reason)
        elif section.new_mode == MODE_ABSENT:
            reason = ""
        old = None
        if section.old_mode not in {MODE_ABSENT, MODE_SUBMODULE}:
            bases = self._bases(section)
            old = patch_apply.blobs_of(
                patch_apply.Applied(b"", (), crlf=False, bases=tuple(bases))
            )[0]
        return FileChange(
            section.path, section.status, section.old_mode, section.new_mode, section.old_path,
            old, blob, hunks, reason,
        )  # fmt: skip

    def _stored(self, oid: str) -> tuple[Blob, tuple[Hunk, ...]]:
        """Return the blob ``oid`` of the repository, whole, as added lines."""
        if self._store is None or len(oid) not in {40, 64}:
            raise ContentUnavailableError("it is not in the repository")
        content = self._store.read(oid, _BINARY_LIMIT)
        body = spooled(self.spool, iter([content]))
        gone = spooled(self.spool, iter(()))
        return blob_of(body, oid), (Hunk(0, 1, gone, body),) if body.lines else ()


def _check_submodule(section: Section) -> None:
    """Raise PatchError where a tool that knows no submodules would write a file of text."""
    lines = [line for hunk in section.hunks for line in hunk.added]
    if len(lines) > 1 or not all(_SUBMODULE.fullmatch(line) for line in lines):
        raise PatchError(
            f"{visible(section.path)}: a submodule with other lines than its commit"
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

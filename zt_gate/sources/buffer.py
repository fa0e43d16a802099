"""One file with a content that is not on disk, such as an editor's buffer, against HEAD."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.git.blobs import BlobStore
from zt_gate.git.errors import visible
from zt_gate.git.isolated_view import with_empty_work_tree, with_private_index
from zt_gate.git.raw_diff import diff
from zt_gate.git.spooled_text import Spool
from zt_gate.git.tree_view import ChangedTree, GitTree
from zt_gate.model.change import (
    MODE_EXECUTABLE,
    MODE_FILE,
    MODE_SUBMODULE,
    ChangeSet,
)
from zt_gate.sources.change_digest import change_digest
from zt_gate.sources.errors import SourceError
from zt_gate.sources.plain_text import added_file
from zt_gate.sources.private_objects import PrivateObjects

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from zt_gate.git.run import Git
    from zt_gate.sources.base import SourceInputs

#: Bytes of the content: above what the scanners read, so that they can say so.
LIMIT = 32 << 20
#: Bytes of the old content whose line endings are looked at.
_TEXT_LIMIT = 32 << 20


def read_change(git: Git | None, inputs: SourceInputs) -> ChangeSet:
    """Return the change of one file; raises SourceError, GitError."""
    content = _content(inputs.patch)
    return read(inputs.spec, content, git, inputs.workdir, inputs.folder)


def read(
    name: str, content: bytes, git: Git | None, workdir: Path, folder: Path
) -> ChangeSet:
    """Return the change that gives the file ``name`` this content.

    ``name`` is relative to ``folder``; the file does not have to exist, and what is on
    disk is not read.  Without a repository the whole content is added.  ``workdir`` must
    exist as long as the change is in use.  Raises SourceError for a path outside the
    repository (without one: outside ``folder``), GitError.
    """
    path = _path(name, folder, git)
    if git is None:
        return _all_added(path, content, workdir)
    base = git.head or git.empty_tree
    objects = PrivateObjects.create(workdir / "objects", git.object_format)
    private = with_private_index(git, workdir)
    store = BlobStore(private)
    tree = GitTree.at(git, base, BlobStore(git))
    old = tree.find(path)
    mode = MODE_FILE
    if old is not None and old.mode == MODE_EXECUTABLE:
        mode = MODE_EXECUTABLE
    if old is not None and old.blob is not None and old.mode != MODE_SUBMODULE:
        content = _with_line_endings_of(old.blob.read(_TEXT_LIMIT), content)
    entry = b"%o %s\t%s\0" % (mode, objects.write(content).encode(), path)
    with with_empty_work_tree(private) as isolated:
        isolated.run(["update-index", "-z", "--index-info"], stdin=entry)
    command: list[str | bytes] = ["diff-index", "--cached", base, "--", path]
    files = diff(private, command, Spool(workdir), store)
    return ChangeSet(
        "buffer",
        base,
        "buffer",
        change_digest(files),
        files,
        tree=ChangedTree(files, tree),
    )


def _content(source: bytes | BinaryIO) -> bytes:
    data = source if isinstance(source, bytes) else source.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise SourceError(f"the buffer is larger than {LIMIT >> 20} MB")
    return data


def _path(name: str, folder: Path, git: Git | None) -> bytes:
    """Return the path in the repository; the folders of ``name`` are resolved."""
    if "\0" in name:
        raise SourceError("the name of a file has no NUL")
    joined = os.path.normpath(os.path.join(os.fsencode(folder), os.fsencode(name)))
    parent = os.path.realpath(os.path.dirname(joined))
    top = os.path.realpath(os.fsencode(folder if git is None else git.root))
    prefix = top.rstrip(b"/") + b"/"
    absolute = os.path.join(parent, os.path.basename(joined))
    shown = visible(os.fsencode(name))
    if not absolute.startswith(prefix):
        place = "folder" if git is None else "repository"
        raise SourceError(f"{shown} is outside the {place}")
    path = absolute[len(prefix) :]
    if b".git" in path.lower().split(b"/"):
        raise SourceError(f"{shown} is a file of git itself, which no commit contains")
    return path


def _with_line_endings_of(old: bytes, content: bytes) -> bytes:
    """Return the content with LF if all of its lines end with CRLF and the old ones do not.

    A checkout or an editor converted them, and git would record LF.
    """
    crlf = content.count(b"\r\n")
    if b"\r\n" not in old and crlf and crlf == content.count(b"\n"):
        return content.replace(b"\r\n", b"\n")
    return content


def _all_added(path: bytes, content: bytes, workdir: Path) -> ChangeSet:
    file = added_file(path, content, workdir)
    tree = ChangedTree((file,), None)
    return ChangeSet("buffer", "", "buffer", change_digest((file,)), (file,), tree=tree)

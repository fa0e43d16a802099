"""The files of a folder, each as if it were added."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

from zt_gate.git.errors import visible
from zt_gate.git.index_file import read_index
from zt_gate.git.spooled_text import Spool
from zt_gate.git.tree_view import ChangedTree
from zt_gate.model.change import (
    MODE_ABSENT,
    MODE_FILE,
    MODE_SUBMODULE,
    ChangeSet,
    FileChange,
    Hunk,
)
from zt_gate.sources.change_digest import change_digest
from zt_gate.sources.errors import SourceError
from zt_gate.sources.folder_files import (
    FolderFoundError,
    NotReadableError,
    OpenFolder,
    spool_content,
    spooled_blob,
    unavailable_blob,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from zt_gate.git.run import Git
    from zt_gate.sources.base import SourceInputs
    from zt_gate.sources.folder_files import Content


def read_change(git: Git | None, inputs: SourceInputs) -> ChangeSet:
    """Return the files of the paths as if all of them were new; raises SourceError."""
    return read(inputs.paths, git, inputs.workdir, inputs.folder)


def read(
    paths: Sequence[str | bytes | Path], git: Git | None, workdir: Path, cwd: Path
) -> ChangeSet:
    """Return the files below ``paths``, relative to ``cwd``, each as added.

    Without ``paths`` it reads ``cwd``.  Inside a repository it reads tracked files
    and untracked files that are not ignored; elsewhere, everything outside of
    ``.git`` folders.  A file in ``paths`` is always read.  Links are not
    followed.  File names are relative to the repository, else to ``cwd`` if it
    contains all paths, else to their common folder.  Raises SourceError,
    GitError, OSError.
    """
    absolute_paths = [_absolute(path, cwd) for path in paths]
    if not absolute_paths:
        absolute_paths = [os.path.realpath(os.fsencode(cwd))]
    root = _root(git, absolute_paths, cwd)
    relative_paths = [_relative(path, root) for path in absolute_paths]
    spool = Spool(workdir)
    object_format = git.object_format if git else "sha1"
    files = []
    with OpenFolder(root) as folder:
        for path, problem in _listed(git, root, relative_paths):
            if problem:
                file: FileChange | None = _unread(path, problem)
            else:
                file = _file(folder, path, spool, object_format)
            if file is not None:
                files.append(file)
    base = git.empty_tree if git else ""
    head = "tree" if paths else os.fsdecode(os.path.basename(root))
    digest = change_digest(files)
    shown = ChangedTree(files, None)
    return ChangeSet("tree", base, head, digest, tuple(files), tree=shown)


def _absolute(path: str | bytes | Path, cwd: Path) -> bytes:
    """Return an absolute path, with only its folders resolved; raises SourceError."""
    joined = os.path.normpath(os.path.join(os.fsencode(cwd), os.fsencode(path)))
    folder = os.path.realpath(os.path.dirname(joined))
    absolute = os.path.join(folder, os.path.basename(joined))
    shown = visible(os.fsencode(path))
    try:
        info = os.lstat(absolute)
    except (OSError, ValueError) as error:
        raise SourceError(f"{shown}: no such file or folder") from error
    if stat.S_ISLNK(info.st_mode) and os.path.isdir(absolute):
        raise SourceError(
            f"{shown} is a symbolic link: give the path of the folder that it points to"
        )
    return absolute


def _root(git: Git | None, paths: Sequence[bytes], cwd: Path) -> bytes:
    """Return the folder that file names are relative to."""
    if git:
        return os.path.realpath(os.fsencode(git.root))
    current = os.path.realpath(os.fsencode(cwd))
    prefix = current.rstrip(b"/") + b"/"
    if all(path == current or path.startswith(prefix) for path in paths):
        return current
    return os.path.commonpath([_folder_of(path) for path in paths])


def _folder_of(path: bytes) -> bytes:
    if stat.S_ISDIR(os.lstat(path).st_mode):
        return path
    return os.path.dirname(path)


def _relative(path: bytes, root: bytes) -> bytes:
    if path == root:
        return b""
    prefix = root.rstrip(b"/") + b"/"
    if not path.startswith(prefix):
        raise SourceError(f"{visible(path)} is outside the repository")
    return path.removeprefix(prefix)


def _listed(
    git: Git | None, root: bytes, paths: Sequence[bytes]
) -> Iterator[tuple[bytes, str]]:
    """Yield each file once, with the reason why it cannot be read, "" if none is known."""
    seen: set[bytes] = set()
    for path in paths:
        for name, problem in _below(git, root, path):
            if name not in seen:
                seen.add(name)
                yield name, problem


def _below(git: Git | None, root: bytes, path: bytes) -> Iterator[tuple[bytes, str]]:
    absolute = os.path.join(root, path) if path else root
    if not stat.S_ISDIR(os.lstat(absolute).st_mode):
        return iter([(path, "")])
    if git:
        return _in_repository(git, path)
    return _walked(root, absolute)


def _in_repository(git: Git, path: bytes) -> Iterator[tuple[bytes, str]]:
    read_index(git)  # a damaged one would list other files
    args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    pathspec = [path] if path else []
    # Strict: git only warns about a folder that it cannot read.
    output = git.run([*args, "--full-name", "--", *pathspec], strict=True)
    for name in sorted(output.split(b"\0")[:-1]):
        yield name.rstrip(b"/"), ""


def _walked(root: bytes, top: bytes) -> Iterator[tuple[bytes, str]]:
    errors: list[OSError] = []
    for folder, subfolders, names in os.walk(top, onerror=errors.append):
        links = {
            name for name in subfolders if os.path.islink(os.path.join(folder, name))
        }
        subfolders[:] = sorted(set(subfolders) - links - {b".git"})
        for name in sorted({*names, *links} - {b".git"}):
            yield _relative(os.path.join(folder, name), root), ""
    for error in errors:
        path = _relative(os.fsencode(error.filename), root)
        yield path, error.strerror or "it cannot be read"


def _file(
    folder: OpenFolder, path: bytes, spool: Spool, object_format: str
) -> FileChange | None:
    """Return the change that adds ``path``, None if it does not exist any more."""
    try:
        content = folder.open(path)
    except FolderFoundError:
        return FileChange(path, "A", MODE_ABSENT, MODE_SUBMODULE)
    except NotReadableError as error:
        return _unread(path, str(error))
    if content is None:
        return None
    with content:
        return _added(path, content, spool, object_format)


def _added(
    path: bytes, content: Content, spool: Spool, object_format: str
) -> FileChange:
    digest = hashlib.new(object_format, usedforsecurity=False)
    digest.update(b"blob %d\0" % content.size)

    def hashed() -> Iterator[bytes]:
        for chunk in content.chunks():
            digest.update(chunk)
            yield chunk

    try:
        added = spool_content(spool, hashed())
    except NotReadableError as error:
        return _unread(path, str(error))
    if added.length != content.size:
        return _unread(path, "it changed while it was read")
    removed = spool_content(spool, iter(()))
    return FileChange(
        path=path,
        status="A",
        old_mode=MODE_ABSENT,
        new_mode=content.mode,
        new=spooled_blob(added, digest.hexdigest()),
        hunks=(Hunk(0, 1, removed, added),) if added.lines else (),
    )


def _unread(path: bytes, reason: str) -> FileChange:
    return FileChange(
        path=path,
        status="A",
        old_mode=MODE_ABSENT,
        new_mode=MODE_FILE,
        new=unavailable_blob(reason),
        incomplete=reason,
    )

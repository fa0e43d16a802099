"""Files as they lie in a folder, every one as if it were new."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

from zt_gate.git.errors import visible
from zt_gate.git.spooled_text import Spool
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
    blob_of,
    spooled,
    unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from zt_gate.git.run import Git
    from zt_gate.sources.folder_files import Content


def read(
    paths: Sequence[str | bytes | Path], git: Git | None, workdir: Path, cwd: Path
) -> ChangeSet:
    """Return the files below ``paths`` (relative to ``cwd``; none: ``cwd``), each as added.

    Inside a repository: tracked files and untracked ones that are not ignored;
    a file that is named itself is always read.  Elsewhere: everything outside
    ``.git`` folders.  Links are not followed.  File names are relative to the
    repository, else to ``cwd`` or, outside it, to the folder that holds all
    paths.  Raises SourceError, GitError, OSError.
    """
    named = [_absolute(path, cwd) for path in paths] or [
        os.path.realpath(os.fsencode(cwd))
    ]
    root = os.path.realpath(os.fsencode(git.root)) if git else _root(named, cwd)
    inside = [_relative(path, root) for path in named]
    spool = Spool(workdir)
    object_format = git.object_format if git else "sha1"
    files = []
    with OpenFolder(root) as folder:
        for path, problem in _listed(git, root, inside):
            if problem:
                files.append(_unread(path, problem))
                continue
            try:
                found = folder.open(path)
            except FolderFoundError:
                files.append(FileChange(path, "A", MODE_ABSENT, MODE_SUBMODULE))
            except NotReadableError as error:
                files.append(_unread(path, str(error)))
            else:
                if found is not None:
                    with found:
                        files.append(_added(path, found, spool, object_format))
    base = git.empty_tree if git else ""
    head = os.fsdecode(os.path.basename(root)) if not paths else "tree"
    return ChangeSet("tree", base, head, change_digest(files), tuple(files))


def _absolute(path: str | bytes | Path, cwd: Path) -> bytes:
    """Return an absolute path whose last part is not followed; raises SourceError."""
    joined = os.path.normpath(os.path.join(os.fsencode(cwd), os.fsencode(path)))
    absolute = os.path.join(
        os.path.realpath(os.path.dirname(joined)), os.path.basename(joined)
    )
    try:
        info = os.lstat(absolute)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{visible(os.fsencode(path))}: there is no such file or folder"
        ) from error
    if stat.S_ISLNK(info.st_mode) and os.path.isdir(absolute):
        raise SourceError(
            f"{visible(os.fsencode(path))} is a symbolic link: name the folder that it points to"
        )
    return absolute


def _root(named: Sequence[bytes], cwd: Path) -> bytes:
    here = os.path.realpath(os.fsencode(cwd))
    if all(path == here or path.startswith(here.rstrip(b"/") + b"/") for path in named):
        return here
    return os.path.commonpath(
        [
            path if stat.S_ISDIR(os.lstat(path).st_mode) else os.path.dirname(path)
            for path in named
        ]
    )


def _relative(path: bytes, root: bytes) -> bytes:
    if path == root:
        return b""
    below = root.rstrip(b"/") + b"/"
    if not path.startswith(below):
        raise SourceError(f"{visible(path)} lies outside the repository")
    return path[len(below) :]


def _listed(
    git: Git | None, root: bytes, inside: Sequence[bytes]
) -> Iterator[tuple[bytes, str]]:
    """Yield the paths of files, once each, and why one cannot be read where that is known."""
    seen: set[bytes] = set()
    for path in inside:
        below = os.path.join(root, path) if path else root
        if not stat.S_ISDIR(os.lstat(below).st_mode):
            found: Iterator[tuple[bytes, str]] = iter([(path, "")])
        elif git:
            found = _in_repository(git, path)
        else:
            found = _walked(root, below)
        for name, problem in found:
            if name not in seen:
                seen.add(name)
                yield name, problem


def _in_repository(git: Git, path: bytes) -> Iterator[tuple[bytes, str]]:
    args: list[str | bytes] = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    # Strict: git only warns about a folder that it cannot read.
    output = git.run(
        [*args, "--full-name", "--", *([path] if path else [])], strict=True
    )
    for name in sorted(output.split(b"\0")[:-1]):
        yield name.rstrip(b"/"), ""


def _walked(root: bytes, top: bytes) -> Iterator[tuple[bytes, str]]:
    broken: list[OSError] = []
    for folder, folders, names in os.walk(top, onerror=broken.append):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        folders[:] = sorted(
            name for name in folders if name != b".git" and name not in links
        )
        for name in sorted([*names, *links]):
            if name != b".git":
                yield _relative(os.path.join(folder, name), root), ""
    for error in broken:
        yield (
            _relative(os.fsencode(error.filename), root),
            error.strerror or "it cannot be read",
        )


def _added(path: bytes, found: Content, spool: Spool, object_format: str) -> FileChange:
    total = hashlib.new(object_format, usedforsecurity=False)
    total.update(b"blob %d\0" % found.size)

    def hashed() -> Iterator[bytes]:
        for chunk in found.chunks():
            total.update(chunk)
            yield chunk

    try:
        body = spooled(spool, hashed())
    except NotReadableError as error:
        return _unread(path, str(error))
    if body.length != found.size:
        return _unread(path, "it changed while it was read")
    nothing = spooled(spool, iter(()))
    return FileChange(
        path=path,
        status="A",
        old_mode=MODE_ABSENT,
        new_mode=found.mode,
        new=blob_of(body, total.hexdigest()),
        hunks=(Hunk(0, 1, nothing, body),) if body.lines else (),
    )


def _unread(path: bytes, reason: str) -> FileChange:
    return FileChange(
        path, "A", MODE_ABSENT, MODE_FILE, new=unavailable(reason), incomplete=reason
    )  # fmt: skip

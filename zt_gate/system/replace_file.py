"""Replaces the content of a file of the work tree, if it is still what was read.

The repository may be hostile: a folder or a file can be a symbolic link to anywhere
(CWE-59), so each component of the path is opened with O_NOFOLLOW.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PERMISSIONS = 0o777


class FileChangedError(OSError):
    """The file is not what was read: nothing was written."""


def read_below(root: str, path: bytes, limit: int) -> bytes:
    """Return the content of a regular file below ``root``.

    Raises OSError: FileChangedError if it, or a folder on its path, is a link or no
    file, or if it has more than ``limit`` bytes.
    """
    with _opened_folder(root, path) as (folder, name):
        return _read(folder, name, limit)[0]


def replace_below(root: str, path: bytes, old: bytes, new: bytes) -> None:
    """Write ``new`` beside the file and rename it, if the content is still ``old``.

    The permissions stay.  The old content keeps a name of its own until the new one is
    in place: if someone wrote it meanwhile, it is put back.  Raises OSError;
    FileChangedError if the file changed.
    """
    with _opened_folder(root, path) as (folder, name):
        mark = os.urandom(8).hex()
        new_name, kept_name = f".zt-gate-{mark}.new", f".zt-gate-{mark}.old"
        content, mode = _read(folder, name, len(old))
        if content != old:
            raise FileChangedError("it changed meanwhile")
        try:
            file = os.open(new_name, _NEW, 0o600, dir_fd=folder)
            with os.fdopen(file, "wb") as stream:
                os.fchmod(file, mode & _PERMISSIONS)
                stream.write(new)
                stream.flush()
                os.fsync(file)
            os.link(
                name, kept_name, src_dir_fd=folder, dst_dir_fd=folder,
                follow_symlinks=False,
            )  # fmt: skip
            if _read(folder, name, len(old))[0] != old:
                raise FileChangedError("it changed meanwhile")
            os.rename(new_name, name, src_dir_fd=folder, dst_dir_fd=folder)
            if not _is_content(folder, kept_name, old):
                os.rename(kept_name, name, src_dir_fd=folder, dst_dir_fd=folder)
                raise FileChangedError("it changed meanwhile")
        finally:
            for leftover in (new_name, kept_name):
                with suppress(OSError):
                    os.unlink(leftover, dir_fd=folder)


def _is_content(folder: int, name: str, content: bytes) -> bool:
    try:
        return _read(folder, name, len(content))[0] == content
    except FileChangedError:
        return False


@contextmanager
def _opened_folder(root: str, path: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield a descriptor of the file's folder, and its name."""
    *folders, name = path.split(b"/")
    if any(part in {b"", b".", b".."} for part in (*folders, name)):
        raise FileChangedError("its path is not plain")
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            try:
                below = os.open(part, _FOLDER, dir_fd=handle)
            except NotADirectoryError as error:
                raise FileChangedError("a folder on its path is a link") from error
            except OSError as error:
                raise FileChangedError("its folder is gone or a link") from error
            os.close(handle)
            handle = below
        yield handle, name
    finally:
        os.close(handle)


def _read(folder: int, name: bytes | str, limit: int) -> tuple[bytes, int]:
    """Return content and mode of a regular file."""
    try:
        file = os.open(name, _READ, dir_fd=folder)
    except OSError as error:
        raise FileChangedError("it is gone, a link, or cannot be read") from error
    with os.fdopen(file, "rb") as stream:
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            raise FileChangedError("it is no regular file")
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise FileChangedError("it is longer than what was scanned")
    return data, mode

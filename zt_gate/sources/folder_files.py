"""Files of a folder, read without following a link and without running a filter."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Self

from zt_gate.model.change import (
    MODE_EXECUTABLE,
    MODE_FILE,
    MODE_SYMLINK,
    Blob,
    ContentUnavailableError,
    HunkLines,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zt_gate.git.spooled_text import Spool

_CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A named pipe must not keep us waiting for a writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
#: Above this a file is not read, and the verdict is an error.  Far above what is
#: inspected, so that a film is known for one, and a text of that size blocks.
MAX_BYTES = 2 << 30


class NotReadableError(Exception):
    """A path is there and cannot be read as a file; the text says why."""


@dataclass(frozen=True, slots=True)
class FolderFoundError(Exception):
    """A folder stands where a file was looked for."""


@dataclass(frozen=True, slots=True)
class Content:
    """An open file, or the target of a link; ``mode`` is git's."""

    mode: int
    size: int
    descriptor: int = -1
    target: bytes = field(default=b"", repr=False)

    def chunks(self) -> Iterator[bytes]:
        """Yield the content from its beginning; raises NotReadableError."""
        if self.descriptor < 0:
            yield self.target
            return
        at = 0
        try:
            while data := os.pread(self.descriptor, _CHUNK, at):
                at += len(data)
                if at > MAX_BYTES:
                    raise NotReadableError("it grew while it was read")
                yield data
        except OSError as error:
            raise NotReadableError(_why(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)


class OpenFolder:
    """A folder whose files are opened one path component at a time."""

    def __init__(self, root: bytes | Path) -> None:
        self._fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def open(self, path: bytes) -> Content | None:
        """Open ``path``, None where it does not exist (or lies behind a link).

        Raises FolderFoundError, or NotReadableError for a special file, one
        without permission or one of more than 2 GB.
        """
        *folders, name = path.split(b"/")
        here, opened = self._fd, -1
        try:
            for folder in folders:
                below = os.open(folder, _FOLDER, dir_fd=here)
                if opened >= 0:
                    os.close(opened)
                here = opened = below
            return _content(name, here)
        except OSError as error:
            # ELOOP and ENOTDIR: a folder of the path is now a link or a file.
            if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                return None
            raise NotReadableError(_why(error)) from error
        finally:
            if opened >= 0:
                os.close(opened)


def _content(name: bytes, folder: int) -> Content:
    info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(info.st_mode):
        target = os.readlink(name, dir_fd=folder)
        return Content(MODE_SYMLINK, len(target), target=target)
    if stat.S_ISDIR(info.st_mode):
        raise FolderFoundError
    if not stat.S_ISREG(info.st_mode):
        raise NotReadableError("it is no regular file")
    descriptor = os.open(name, _FILE, dir_fd=folder)
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode) or info.st_size > MAX_BYTES:
        os.close(descriptor)
        raise NotReadableError(f"it is larger than {MAX_BYTES:,} bytes, or no file")
    mode = MODE_EXECUTABLE if info.st_mode & stat.S_IXUSR else MODE_FILE
    return Content(mode, info.st_size, descriptor)


def _why(error: OSError) -> str:
    return error.strerror or "it cannot be read"


def unavailable(reason: str) -> Blob:
    """Return a blob that cannot be read, and says why."""

    def refuse(_limit: int) -> bytes:
        raise ContentUnavailableError(reason)

    return Blob("", refuse)


def spooled(spool: Spool, content: Iterator[bytes]) -> HunkLines:
    """Keep a whole content as the lines of one body."""
    begin, lines, last = spool.size, 0, b""
    for chunk in content:
        spool.append(chunk)
        lines += chunk.count(b"\n")
        last = chunk[-1:] or last
    return HunkLines(
        spool, begin, spool.size - begin, lines + (last not in {b"", b"\n"})
    )


def blob_of(body: HunkLines, oid: str) -> Blob:
    """Return a blob that is read from a spool."""
    return Blob(oid, partial(_read_body, body))


def _read_body(body: HunkLines, limit: int) -> bytes:
    if body.length > limit:
        raise ContentUnavailableError(
            f"it has {body.length:,} bytes, more than {limit:,}"
        )
    return body.store.read(body.offset, body.length)

"""Reads files of a folder without following links and without git's filters."""

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
# Without O_NONBLOCK opening a named pipe blocks until it has a writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
#: A larger file is not read, and the verdict is an error.  Far above the size that
#: is scanned, so that a video is recognized as one and a text of that size blocks.
MAX_BYTES = 2 << 30


class NotReadableError(Exception):
    """A path exists and cannot be read as a file; the text says why."""


@dataclass(frozen=True, slots=True)
class FolderFoundError(Exception):
    """The path is a folder, not a file."""


@dataclass(frozen=True, slots=True)
class Content:
    """An open file, or the target of a link; ``mode`` is the mode that git would record."""

    mode: int
    size: int
    descriptor: int = -1
    target: bytes = field(default=b"", repr=False)

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in chunks; raises NotReadableError."""
        if self.descriptor < 0:
            yield self.target
            return
        position = 0
        try:
            while data := os.pread(self.descriptor, _CHUNK, position):
                position += len(data)
                if position > MAX_BYTES:
                    raise NotReadableError("it grew while it was read")
                yield data
        except OSError as error:
            raise NotReadableError(_reason(error)) from error

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
        """Open ``path``; None if it does not exist or a folder of it is a link.

        Raises FolderFoundError, or NotReadableError for a special file, a file
        without read permission or one of more than 2 GB.
        """
        *folders, name = path.split(b"/")
        current, opened = self._fd, -1
        try:
            for folder in folders:
                child = os.open(folder, _FOLDER, dir_fd=current)
                if opened >= 0:
                    os.close(opened)
                current = opened = child
            return _content(name, current)
        except OSError as error:
            # ELOOP and ENOTDIR: a folder of the path became a link or a file.
            if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                return None
            raise NotReadableError(_reason(error)) from error
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
        raise NotReadableError("it is not a regular file")
    descriptor = os.open(name, _FILE, dir_fd=folder)
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode) or info.st_size > MAX_BYTES:
        os.close(descriptor)
        raise NotReadableError(
            f"it is larger than {MAX_BYTES:,} bytes, or not a regular file"
        )
    mode = MODE_EXECUTABLE if info.st_mode & stat.S_IXUSR else MODE_FILE
    return Content(mode, info.st_size, descriptor)


def _reason(error: OSError) -> str:
    return error.strerror or "it cannot be read"


def unavailable_blob(reason: str) -> Blob:
    """Return a blob whose content cannot be read for a reason."""

    def refuse(_limit: int) -> bytes:
        raise ContentUnavailableError(reason)

    return Blob("", refuse)


def spool_content(spool: Spool, content: Iterator[bytes]) -> HunkLines:
    """Append a whole content to a spool and return it as one body."""
    begin, lines, last = spool.size, 0, b""
    for chunk in content:
        spool.append(chunk)
        lines += chunk.count(b"\n")
        last = chunk[-1:] or last
    if last not in {b"", b"\n"}:  # the last line has no newline
        lines += 1
    return HunkLines(spool, begin, spool.size - begin, lines)


def spooled_blob(body: HunkLines, oid: str) -> Blob:
    """Return a blob whose content is in a spool."""
    return Blob(oid, partial(_read_body, body))


def _read_body(body: HunkLines, limit: int) -> bytes:
    if body.length > limit:
        raise ContentUnavailableError(
            f"it has {body.length:,} bytes; the limit is {limit:,}"
        )
    return body.store.read(body.offset, body.length)

"""Reads git objects through one ``git cat-file --batch`` per process."""

from __future__ import annotations

import os
import subprocess
import threading
from functools import partial
from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError, visible
from zt_gate.model.change import Blob, ContentUnavailableError

if TYPE_CHECKING:
    from zt_gate.git.output_stream import Pipe
    from zt_gate.git.run import Git

_CHUNK = 1 << 20
#: Up to this size the output of an object over the limit is read and discarded;
#: above it, restarting git is cheaper.
_DRAIN = 32 << 20
#: Bytes of an object: far more than any real commit or tree has.
OBJECT_LIMIT = 64 << 20


class MissingObjectError(GitError):
    """The object database does not have the object."""


class BlobTooLargeError(GitError):
    """An object is larger than the limit."""


class BlobStore:
    """Reads objects by id; starts git on first use, and again in every forked process."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self._owner = -1
        self._lock = threading.Lock()
        self._session: _Session | None = None

    def blob(self, oid: str) -> Blob:
        """Return the blob ``oid``; its content is read on first access."""
        return Blob(oid, partial(self.read, oid))

    def read(self, oid: str, limit: int) -> bytes:
        """Return a blob's content; raises ContentUnavailableError."""
        try:
            kind, data = self.fetch(oid, limit)
        except GitError as error:
            raise ContentUnavailableError(str(error)) from error
        if kind != "blob":
            raise ContentUnavailableError(f"object {oid} is a {kind}, not a blob")
        return data

    def fetch(self, oid: str, limit: int = OBJECT_LIMIT) -> tuple[str, bytes]:
        """Return the type and the content of an object.

        Raises MissingObjectError, BlobTooLargeError, or GitError if git fails.
        """
        if os.getpid() != self._owner:
            # After a fork git, its pipes and perhaps the lock belong to the parent.
            self._owner = os.getpid()
            self._lock = threading.Lock()
            self._session = None
        with self._lock:
            if self._session is None:
                self._session = _Session(self.git)
            try:
                return self._session.fetch(oid, limit)
            except (MissingObjectError, BlobTooLargeError):
                if self._session.ended:
                    self._session = None
                raise
            except BaseException:
                self._session.end()
                self._session = None
                raise

    def kind(self, oid: str) -> str:
        """Return the type of an object, "" if the repository does not have it."""
        try:
            return self.fetch(oid)[0]
        except MissingObjectError:
            return ""
        except BlobTooLargeError:
            return "blob"  # no real commit or tree has that size

    def close(self) -> None:
        """End git if this process started it; the store can be used again afterwards."""
        if self._session is not None and os.getpid() == self._owner:
            self._session.end()
        self._session = None

    def __del__(self) -> None:
        self.close()


class _Session:
    """One running ``git cat-file --batch``."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._child = git.popen(["cat-file", "--batch"], subprocess.PIPE)
        self._buffer = b""
        self.ended = False

    def fetch(self, oid: str, limit: int) -> tuple[str, bytes]:
        assert self._child.stdin
        if not oid or oid.strip("0123456789abcdef"):
            raise MissingObjectError(f"{visible(oid)} is not an object id")
        pipe = self._git.pipe(self._child, "cat-file")
        try:
            self._child.stdin.write(oid.encode("ascii", "replace") + b"\n")
        except OSError as error:
            raise GitError("git cat-file ended unexpectedly") from error
        header = self._line(pipe).split(b" ")
        if header[-1] in {b"missing", b"ambiguous"}:
            raise MissingObjectError(f"object {oid} is not in the repository")
        if len(header) != 3 or not header[2].isdigit():
            raise GitError(
                f"unexpected output of git cat-file: {visible(b' '.join(header))}"
            )
        size = int(header[2])
        if size > limit:
            self._discard(pipe, size)
            raise BlobTooLargeError(
                f"object {oid} has {size:,} bytes; the limit is {limit:,}"
            )
        kind = header[1].decode("ascii", "replace")
        data = self._take(pipe, size + 1)
        return kind, data[:-1]  # a newline follows the content

    def end(self) -> None:
        """End git; idempotent."""
        self.ended = True
        if self._child.poll() is None:
            self._child.kill()
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            if stream is not None:
                stream.close()
        self._child.wait()

    def _line(self, pipe: Pipe) -> bytes:
        while b"\n" not in self._buffer:
            self._buffer += self._read(pipe)
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _take(self, pipe: Pipe, size: int) -> bytes:
        chunks = [self._buffer[:size]]
        self._buffer = self._buffer[size:]
        remaining = size - len(chunks[0])
        while remaining:
            chunk = self._read(pipe, remaining)
            chunks.append(chunk)
            remaining -= len(chunk)
        return b"".join(chunks)

    def _discard(self, pipe: Pipe, size: int) -> None:
        if size > _DRAIN:
            self.end()
            return
        remaining = size + 1
        while remaining:
            remaining -= len(self._take(pipe, min(remaining, _CHUNK)))

    def _read(self, pipe: Pipe, size: int = _CHUNK) -> bytes:
        data = pipe.read(min(size, _CHUNK))
        if not data:
            raise GitError("git cat-file ended unexpectedly")
        return data

"""Reads git objects through one ``git cat-file --batch`` per process.

Git itself does not compare what it reads with the id: a file in the object folder, or in
one that is borrowed from, can hold any content.  So the id is computed here again.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError, visible
from zt_gate.model.change import Blob, ContentUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zt_gate.git.output_stream import Pipe
    from zt_gate.git.run import Git

_CHUNK = 1 << 20
#: Up to this size the output of an object over the limit is read and discarded;
#: above it, restarting git is cheaper.
_DRAIN = 32 << 20
#: Up to this number of objects, asking for one after the other is cheaper than a git of
#: their own, which answers without waiting for the next question.
_FEW = 8
#: Bytes of an object: far more than any real commit or tree has.
OBJECT_LIMIT = 64 << 20


class MissingObjectError(GitError):
    """The object database does not have the object."""


class BlobTooLargeError(GitError):
    """An object is larger than the limit."""


class FalseObjectError(GitError):
    """The content of an object is not the one that its id stands for."""


class BlobStore:
    """Reads objects by id; starts git on first use, and again in every forked process."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self._owner = -1
        self._lock = threading.Lock()
        self._session: _Session | None = None
        self._verified: set[str] = set()

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

        Raises MissingObjectError, BlobTooLargeError, FalseObjectError, or GitError if git
        fails.
        """
        return self._ask(oid, limit)

    def verify(self, oids: Iterable[str]) -> None:
        """Compare the content of objects with their ids, without keeping it.

        An object that is missing is left to whoever reads it.  Raises FalseObjectError,
        or GitError if git fails.
        """
        unknown = [oid for oid in dict.fromkeys(oids) if oid not in self._verified]
        if len(unknown) <= _FEW:
            for oid in unknown:
                with suppress(MissingObjectError):
                    self._ask(oid, None)
        else:
            _verify_all(self.git, unknown)
        self._verified.update(unknown)

    def _ask(self, oid: str, limit: int | None) -> tuple[str, bytes]:
        if os.getpid() != self._owner:
            # After a fork git, its pipes and perhaps the lock belong to the parent.
            self._owner = os.getpid()
            self._lock = threading.Lock()
            self._session = None
        with self._lock:
            if self._session is None:
                self._session = _Session(self.git)
            try:
                if limit is None:
                    self._session.verify(oid)
                    return "", b""
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
        kind, size, pipe = self._request(oid)
        if size > limit:
            self._discard(pipe, size)
            raise BlobTooLargeError(
                f"object {oid} has {size:,} bytes; the limit is {limit:,}"
            )
        data = self._take(pipe, size + 1)[:-1]  # a newline follows the content
        digest = _digest(self._git, kind, size)
        digest.update(data)
        _check(oid, digest)
        return kind, data

    def verify(self, oid: str) -> None:
        """Read an object of any size, and compare it with its id."""
        kind, size, pipe = self._request(oid)
        digest = _digest(self._git, kind, size)
        while size:
            chunk = self._take(pipe, min(size, _CHUNK))
            digest.update(chunk)
            size -= len(chunk)
        self._take(pipe, 1)
        _check(oid, digest)

    def _request(self, oid: str) -> tuple[str, int, Pipe]:
        """Ask for an object; return its type and size, and the pipe before its content."""
        assert self._child.stdin
        if not oid or oid.strip("0123456789abcdef"):
            raise MissingObjectError(f"{visible(oid)} is not an object id")
        pipe = self._git.pipe(self._child, "cat-file")
        try:
            self._child.stdin.write(oid.encode("ascii", "replace") + b"\n")
        except OSError as error:
            raise GitError("git cat-file ended unexpectedly") from error
        return *_parsed(oid, self._line(pipe)), pipe

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


def _parsed(oid: str, line: bytes) -> tuple[str, int]:
    """Return the type and the size from git's line about an object."""
    header = line.split(b" ")
    if header[-1] in {b"missing", b"ambiguous"}:
        raise MissingObjectError(f"object {oid} is not in the repository")
    if len(header) != 3 or not header[2].isdigit():
        raise GitError(f"unexpected output of git cat-file: {visible(line)}")
    return header[1].decode("ascii", "replace"), int(header[2])


def _digest(git: Git, kind: str, size: int) -> hashlib._Hash:
    header = f"{kind} {size}\0".encode()
    return hashlib.new(git.object_format, header, usedforsecurity=False)


def _verify_all(git: Git, oids: Sequence[str]) -> None:
    """Compare many objects with their ids in one pass."""
    import tempfile

    with tempfile.TemporaryFile() as requests:
        requests.write("".join(f"{oid}\n" for oid in oids).encode("ascii", "replace"))
        requests.seek(0)
        args = ["cat-file", "--batch", "--buffer"]
        with git.stream(args, requests.fileno()) as pipe:
            answers = _Answers(pipe)
            for oid in oids:
                try:
                    kind, size = _parsed(oid, answers.line())
                except MissingObjectError:
                    continue
                digest = _digest(git, kind, size)
                for chunk in answers.chunks(size):
                    digest.update(chunk)
                answers.line()  # it ends the content
                _check(oid, digest)


class _Answers:
    """The output of a git that answers many questions, read in large parts."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._buffer = b""
        self._at = 0

    def line(self) -> bytes:
        """Return the next line, without its end."""
        end = self._buffer.find(b"\n", self._at)
        while end < 0:
            self._fill()
            end = self._buffer.find(b"\n", self._at)
        line = self._buffer[self._at : end]
        self._at = end + 1
        return line

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield the next ``size`` bytes in parts."""
        while size:
            if self._at == len(self._buffer):
                self._fill()
            chunk = self._buffer[self._at : self._at + size]
            self._at += len(chunk)
            size -= len(chunk)
            yield chunk

    def _fill(self) -> None:
        data = self._pipe.read(_CHUNK)
        if not data:
            raise GitError("git cat-file ended unexpectedly")
        self._buffer = self._buffer[self._at :] + data
        self._at = 0


def _check(oid: str, digest: hashlib._Hash) -> None:
    if digest.hexdigest() != oid:
        raise FalseObjectError(
            f"object {oid} has other content than its id says: the repository is damaged, "
            "or the object was replaced; to find such objects, run: git fsck"
        )

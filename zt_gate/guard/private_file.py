"""Reads and replaces small files that only their owner can write."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from contextlib import contextmanager, suppress

from zt_gate.errors import GateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_BYTES = 16 << 20
#: Seconds that a call waits for another one of the same user.
_LOCK_SECONDS = 15.0
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class GuardStateError(GateError):
    """A file of the guard cannot be used; the text says which one and why."""


def read_private(path: str) -> bytes | None:
    """Return the content of a file, None if there is none.

    Raises GuardStateError for a link, and for a file that other users could have written.
    """
    try:
        handle = os.open(path, _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GuardStateError(f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        info = os.fstat(handle)
        is_private = info.st_uid in {0, os.geteuid()} and not info.st_mode & 0o022
        if not stat.S_ISREG(info.st_mode) or not is_private:
            raise GuardStateError(f"{path} is not used: other users can write it")
        try:
            data = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise GuardStateError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise GuardStateError(f"{path} is larger than {_MAX_BYTES >> 20} MB")
    return data


def make_private(folder: str) -> None:
    """Make a folder, and those above it that are missing, for this user alone.

    ``os.makedirs`` gives its mode to the last one alone, and others would list the rest.
    Raises OSError.
    """
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for one in reversed(missing):
        with suppress(FileExistsError):  # another call of this user was faster
            os.mkdir(one, 0o700)


def write_private(path: str, data: bytes) -> None:
    """Replace a file in one step, and make its folder; raises GuardStateError."""
    folder, name = os.path.split(path)
    new = os.path.join(folder, f".{name}.{os.urandom(6).hex()}")
    try:
        make_private(folder)
        handle = os.open(new, _NEW, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.rename(new, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(new)
            raise
    except OSError as error:
        raise GuardStateError(f"{path} cannot be written: {error.strerror}") from error


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Let one call of this user at a time into a folder; raises GuardStateError.

    A folder that other users can change is refused: a file could be taken out of it.
    """
    path = os.path.join(folder, ".lock")
    try:
        make_private(folder)
        info = os.stat(folder)
        if os.geteuid() and (info.st_uid != os.geteuid() or info.st_mode & 0o022):
            raise GuardStateError(f"{folder} is not used: other users can change it")
        handle = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
    except OSError as error:
        raise GuardStateError(f"{path} cannot be opened: {error.strerror}") from error
    try:
        _wait(handle, path)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, path: str) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise GuardStateError(f"{path} is locked by another program") from None
            time.sleep(0.005)
        else:
            return

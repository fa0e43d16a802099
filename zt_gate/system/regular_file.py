"""Opens a file only if it is a regular one; opening a named pipe could wait for ever."""

from __future__ import annotations

import os
import stat

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISDIR, "a folder"),
)
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class NotRegularError(OSError):
    """The path exists and is no regular file; the text says what it is."""


def kind_of(mode: int) -> str:
    """Return what a file with this mode is, "" for a regular file."""
    if stat.S_ISREG(mode):
        return ""
    for is_kind, name in _KINDS:
        if is_kind(mode):
            return name
    return "not a regular file"


def check_regular(path: str | bytes) -> bool:
    """Return whether the file exists; raises NotRegularError if it is no regular file.

    Follows links, as git does.  Raises OSError if the file cannot be looked at.
    """
    try:
        info = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    kind = kind_of(info.st_mode)
    if kind:
        raise NotRegularError(0, f"it is {kind}, and should be a regular file")
    return True


def read_regular(path: str | bytes, limit: int | None = None) -> bytes:
    """Return the content of a regular file, at most ``limit`` bytes of it.

    Raises NotRegularError, FileNotFoundError or another OSError.
    """
    # A socket cannot be opened, and the error would not say why.
    if not check_regular(path):
        raise FileNotFoundError(2, "it does not exist")
    descriptor = os.open(path, _FLAGS)
    with os.fdopen(descriptor, "rb") as file:
        kind = kind_of(os.fstat(descriptor).st_mode)
        if kind:
            raise NotRegularError(0, f"it is {kind}, and should be a regular file")
        return file.read() if limit is None else file.read(limit)

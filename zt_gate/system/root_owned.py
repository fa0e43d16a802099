"""Files that only root can write, so that no program of the user can change them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 4 << 20


class NotRootOwnedError(Exception):
    """A file is within the user's reach; the text says why."""


def read_root_owned(path: Path, user_id: int) -> bytes | None:
    """Return the content of a file that ``user_id`` cannot change, None if there is none.

    The file and all folders above it must belong to root, and nobody else may write
    them.  Raises NotRootOwnedError, also for user 0: nothing is out of root's reach.
    """
    if not os.path.lexists(path):
        return None
    real = os.path.realpath(path)
    check_root_owned(real, user_id)
    try:
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NotRootOwnedError(f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode) or _is_writable_by_others(info):
            raise NotRootOwnedError(f"{path} is not a file that only root can write")
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise NotRootOwnedError(f"{path} is too large")
    return data


def check_root_owned(path: str, user_id: int) -> None:
    """Check a path and all folders above it; raises NotRootOwnedError.

    A folder that everyone can write is accepted if it is root's and sticky (``/tmp``):
    there nobody else can rename or remove what is root's.
    """
    if user_id == 0:
        raise NotRootOwnedError(
            "zt-gate runs as root, and nothing is out of the reach of root's programs"
        )
    place = os.path.realpath(path)
    is_leaf = True
    while True:
        try:
            info = os.lstat(place)
        except OSError as error:
            raise NotRootOwnedError(
                f"{place} cannot be read: {error.strerror}"
            ) from error
        is_sticky = not is_leaf and stat.S_ISDIR(info.st_mode) and info.st_mode & 0o1000
        if info.st_uid != 0:
            raise NotRootOwnedError(f"{place} does not belong to root")
        if _is_writable_by_others(info) and not is_sticky:
            raise NotRootOwnedError(f"users other than root can write {place}")
        if place == os.path.dirname(place):
            return
        place = os.path.dirname(place)
        is_leaf = False


def _is_writable_by_others(info: os.stat_result) -> bool:
    return info.st_uid != 0 or bool(info.st_mode & 0o022)

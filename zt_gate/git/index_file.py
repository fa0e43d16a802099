"""Checks the index as a whole, which git itself does not.

Git reads an index without comparing its checksum, so one that was cut off or changed
can look like one with other files.  The checksum is that of the file's own last bytes;
an index without one (``index.skipHash``) is read structure by structure.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError, visible
from zt_gate.system.regular_file import read_regular

if TYPE_CHECKING:
    from zt_gate.git.run import Git

_HEADER = 12
_SIGNATURE = b"DIRC"
_VERSIONS = frozenset((2, 3, 4))
#: Bytes of an entry before its object id: times, device, inode, mode, owner, size.
_STAT = 40
_EXTENDED = 0x4000
_NAME_MASK = 0x0FFF


def read_index(git: Git) -> bytes:
    """Return the content of the index, b"" if there is none.

    Raises GitError if it, or an index that it is split from, is damaged or no
    regular file.
    """
    source = git.environ.get("GIT_INDEX_FILE") or os.path.join(git.folder, "index")
    path = os.path.join(git.root, source)
    try:
        data = read_regular(path)
    except FileNotFoundError:
        return b""  # nothing was staged yet
    except OSError as error:
        reason = visible(error.strerror or "")
        raise GitError(f"the index cannot be read: {reason}") from error
    check_index(data, git.object_format)
    if b"link" in data:
        _check_shared(git)
    return data


def check_index(data: bytes, object_format: str) -> None:
    """Raise GitError if an index is cut off, changed or of an unknown version."""
    size = hashlib.new(object_format, usedforsecurity=False).digest_size
    if len(data) < _HEADER + size or not data.startswith(_SIGNATURE):
        raise _damaged("it is cut off, or no index")
    version = int.from_bytes(data[4:8], "big")
    if version not in _VERSIONS:
        raise _damaged(f"its version {version} is unknown")
    body, checksum = data[:-size], data[-size:]
    if checksum.strip(b"\0"):
        actual = hashlib.new(object_format, body, usedforsecurity=False).digest()
        if actual != checksum:
            raise _damaged("its checksum is wrong")
        return
    try:
        _check_structure(body, version, size)
    except IndexError as error:
        raise _damaged("it is cut off") from error


def _damaged(reason: str) -> GitError:
    return GitError(
        f"the index is damaged: {reason}; to write a new one, run: "
        "git read-tree HEAD, and stage the change again"
    )


def _check_structure(body: bytes, version: int, oid_size: int) -> None:
    """Raise GitError or IndexError unless entries and extensions fill the index exactly."""
    position = _HEADER
    for _ in range(int.from_bytes(body[8:12], "big")):
        position = _after_entry(body, position, version, oid_size)
    while position < len(body):
        if position + 8 > len(body):
            raise _damaged("it is cut off")
        position += 8 + int.from_bytes(body[position + 4 : position + 8], "big")
    if position != len(body):
        raise _damaged("it is cut off")


def _after_entry(body: bytes, start: int, version: int, oid_size: int) -> int:
    flags_start = start + _STAT + oid_size
    flags = int.from_bytes(body[flags_start : flags_start + 2], "big")
    name_start = flags_start + 2
    if flags & _EXTENDED and version > 2:
        name_start += 2
    if version == 4:
        while body[name_start] & 0x80:  # bytes that the name shares with the last one
            name_start += 1
        name_start += 1
    end = body.find(b"\0", name_start)
    if end < 0:
        raise _damaged("it is cut off")
    if version == 4:
        return end + 1
    if flags & _NAME_MASK != min(end - name_start, _NAME_MASK):
        raise _damaged("the length of a name is wrong")
    # Filled up with NUL bytes, at least one, to a multiple of eight.
    return start + (end - start) // 8 * 8 + 8


def _check_shared(git: Git) -> None:
    for name in sorted(os.listdir(git.folder)):
        if not name.startswith("sharedindex."):
            continue
        try:
            data = read_regular(os.path.join(git.folder, name))
        except OSError as error:
            reason = visible(error.strerror or "")
            raise GitError(f"the index cannot be read: {reason}") from error
        check_index(data, git.object_format)

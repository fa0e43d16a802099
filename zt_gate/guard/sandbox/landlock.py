"""Landlock: what a process and all that it starts may do with files (landlock(7)).

It needs neither root nor namespaces, and there is no way back.  A rule allows something
below a folder, and nothing can be taken out again below it: ``landlock_rules`` says how
a project with protected files is put together from such rules.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The first version that also keeps signals and abstract sockets in (Linux 6.12).
NEEDED = 6
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG, _MAKE_FIFO, _MAKE_SYM = 1 << 7, 1 << 8, 1 << 10, 1 << 12
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
#: All rights of that version.  What a rule does not allow of these is denied.
_ALL_FILES = (1 << 16) - 1
_ALL_TCP = 0b11  # bind, connect
_ALL_SCOPES = 0b11  # abstract sockets, signals

LIST = _READ_DIR
READ = _EXECUTE | _READ_FILE | _READ_DIR
WRITE = (
    READ | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG
    | _MAKE_FIFO | _MAKE_SYM | _REFER
)  # fmt: skip
DEVICE = _READ_FILE | _WRITE_FILE | _IOCTL_DEV
#: What a rule for a file can have; the rest is for folders.
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV


def version() -> int:
    """Return the kernel's version of Landlock, 0 if it has none or has it switched off."""
    libc = ctypes.CDLL(None, use_errno=True)
    found: int = libc.syscall(_CREATE_RULESET, None, 0, _VERSION)
    return max(found, 0)


def restrict(rules: Iterable[tuple[str, int]]) -> None:
    """Keep this process, and all that it starts, to rules of a path and what is allowed.

    Besides files nothing of TCP is allowed, and signals go to processes that are as
    restricted.  A path that is gone is left out.  Raises OSError.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    handled = struct.pack("=QQQ", _ALL_FILES, _ALL_TCP, _ALL_SCOPES)
    ruleset = _checked(libc.syscall(_CREATE_RULESET, handled, len(handled), 0))
    try:
        for path, allowed in rules:
            _add(libc, ruleset, path, allowed)
        _checked(libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _add(libc: ctypes.CDLL, ruleset: int, path: str, allowed: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            allowed &= _OF_FILES
        rule = struct.pack("=Qi", allowed, handle)
        _checked(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0))
    finally:
        os.close(handle)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

"""The log of runs: one JSON line each, chained, so that no line changes unseen.

Each line holds the hash of the line before it (``prev``) and its own (``hash``),
SHA-256 over the bytes of the line without that last field.  Whoever may write
the file can write a new chain: against that, and against a tail that is cut
off, keep the head elsewhere.

A line is appended under a lock, in one write, to a file that only its owner may
write and that is reached without following links (CWE-59).
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

#: The version of a line's fields.
VERSION = 1
#: What the first line has as the hash of the line before it.
GENESIS_HASH = "0" * 64
#: Bytes that one line may have when it is read.
MAX_LINE = 64 << 20
#: Seconds that a writer waits for the others.
SECONDS = 20.0

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_FILE = (
    os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
)
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_HASH = b',"hash":"'
_END = b'"}\n'
_SUFFIX = len(_HASH) + 64 + len(_END)


class LogError(GateError):
    """The log cannot be used; the text says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What reading the whole log came to: the number of lines and the last one's hash."""

    lines: int
    head: str


def append(path: Path, entry: Mapping[str, Any], *, top: Path | None = None) -> str:
    """Append one entry and return its hash, the new head.

    ``path`` is absolute.  Folders below ``top`` are made where they are missing.
    Raises LogError; then the file is as it was.
    """
    handle = _opened(path, top)
    try:
        _locked(handle, path)
        _check(handle, path)
        size = os.fstat(handle).st_size
        prev, number = _last(handle, size, path)
        line, head = _line({**entry, "v": VERSION, "seq": number + 1, "prev": prev})
        _write(handle, line, size)
    except OSError as error:
        raise LogError(f"the log {path} cannot be written: {error.strerror}") from error
    finally:
        os.close(handle)
    return head


def entries(file: BinaryIO) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each entry with its hash, and check the chain on the way.

    Raises LogError at the first line that is not what was written.
    """
    prev, number = GENESIS_HASH, 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise LogError(
                f"line {number} of the log is longer than {MAX_LINE >> 20} MB"
            )
        entry, own = _read(line, number)
        if entry.get("prev") != prev or entry.get("seq") != number:
            raise LogError(
                f"line {number} of the log does not follow the line before it: "
                "a line was removed, added or moved"
            )
        yield entry, own
        prev = own


def verify(file: BinaryIO, expect: str = "") -> Verified:
    """Read the whole log; raises LogError where anything in it was changed.

    ``expect`` is a head that was kept elsewhere: it must be the hash of one of
    the lines, else the log was cut, or written anew.
    """
    found = not expect or expect == GENESIS_HASH
    head, lines = GENESIS_HASH, 0
    for _, head in entries(file):
        lines += 1
        found = found or head == expect
    if not found:
        raise LogError(
            f"no line of the log has the head {expect[:12]}…: its tail was cut off, or the log "
            "was written anew"
        )
    return Verified(lines, head)


def open_to_read(path: Path) -> BinaryIO:
    """Open a log; raises LogError.  A link is not followed."""
    try:
        handle = os.open(path, _READ)
    except OSError as error:
        raise LogError(f"the log {path} cannot be read: {error.strerror}") from error
    file = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise LogError(f"the log {path} is no file")
    return file


def _line(entry: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the line and its hash."""
    from zt_gate.system.cache import sha256

    body = json.dumps(entry, separators=(",", ":"), ensure_ascii=True).encode("ascii")[
        :-1
    ]
    own = sha256(body)
    return body + _HASH + own.encode() + _END, own


def _read(line: bytes, number: int) -> tuple[dict[str, Any], str]:
    from zt_gate.system.cache import sha256

    own = _hash_of(line)
    if own is None or sha256(line[:-_SUFFIX]) != own:
        raise LogError(f"line {number} of the log was changed, or is not whole")
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LogError(f"line {number} of the log is no JSON") from error
    if not isinstance(entry, dict) or entry.get("v") != VERSION:
        raise LogError(f"line {number} of the log is of another version")
    return entry, own


def _hash_of(line: bytes) -> str | None:
    """Return the hash that a line ends with, None where it ends otherwise."""
    end = line[-_SUFFIX:]
    own = end[len(_HASH) : -len(_END)]
    if (
        not end.startswith(_HASH)
        or not end.endswith(_END)
        or own.strip(b"0123456789abcdef")
    ):
        return None
    return own.decode("ascii")


def _last(handle: int, size: int, path: Path) -> tuple[str, int]:
    """Return hash and number of the last line."""
    if size == 0:
        return GENESIS_HASH, 0
    own = _hash_of(os.pread(handle, _SUFFIX, max(0, size - _SUFFIX)))
    number = _number(handle, size)
    if own is None or number is None:
        raise LogError(
            f"the last line of the log {path} is not whole; see what happened, then move the "
            "file away: a new one begins"
        )
    return own, number


def _number(handle: int, size: int) -> int | None:
    """Return the ``seq`` of the last line: it stands behind the entry's own fields."""
    tail = os.pread(handle, 512, max(0, size - 512))
    _, found, rest = tail.rpartition(b',"seq":')
    digits = rest.partition(b",")[0]
    return int(digits) if found and digits.isdigit() else None


def _write(handle: int, line: bytes, size: int) -> None:
    """Write the whole line, or nothing; raises OSError."""
    try:
        rest = line
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    except BaseException:
        # A disk that is full, or an interrupt: half a line would end the log.
        os.ftruncate(handle, size)
        raise


def _locked(handle: int, path: Path) -> None:
    """Wait for the other writers; raises LogError where they do not end."""
    late = time.monotonic() + SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > late:
                raise LogError(f"the log {path} is locked by another program") from None
            time.sleep(0.01)
        else:
            return


def _check(handle: int, path: Path) -> None:
    """Refuse what others could have written; raises LogError."""
    info = os.fstat(handle)
    if not stat.S_ISREG(info.st_mode) or info.st_nlink != 1:
        raise LogError(f"the log {path} is no file of its own")
    if info.st_uid != os.geteuid() or info.st_mode & 0o022:
        raise LogError(f"the log {path} is not this user's alone")


def _opened(path: Path, top: Path | None) -> int:
    """Open the file for appending, one folder after the other; raises LogError."""
    parts = path.parts[1:]
    own = len(top.parts) - 1 if top is not None else len(parts)
    handle = -1
    try:
        handle = os.open("/", _FOLDER)
        for index, part in enumerate(parts[:-1]):
            deeper = _entered(handle, part, make=index >= own, follow=index == 0)
            os.close(handle)
            handle = deeper
        return os.open(parts[-1], _FILE, 0o600, dir_fd=handle)
    except (OSError, ValueError, IndexError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise LogError(
            f"the log {path} cannot be opened: {reason} (no part of its path may be a link)"
        ) from error
    finally:
        if handle >= 0:
            os.close(handle)


def _entered(folder: int, name: str, *, make: bool, follow: bool) -> int:
    # Only an administrator makes links in the root folder; /var is one on macOS.
    flags = _FOLDER & ~os.O_NOFOLLOW if follow else _FOLDER
    try:
        return os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):  # another gate was faster
        os.mkdir(name, 0o700, dir_fd=folder)
    return os.open(name, flags, dir_fd=folder)

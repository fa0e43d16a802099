"""The hash chain of the audit log: one JSON line per run.

Each line has the hash of the line before it (``prev``) and its own (``hash``): the
SHA-256 of the line's bytes without that last field.  So a changed, removed or moved
line is detected.  A user who can write the file can still write a new chain or cut
off its end: against that, store the head elsewhere.

A line is appended under a lock, in one step, to a file that only its owner can
write and that is opened without following links (CWE-59).
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from contextlib import suppress

from zt_gate.errors import GateError
from zt_gate.record import record

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any, BinaryIO, Protocol

    class LineReader(Protocol):
        """What lines are read from."""

        def readline(self, size: int, /) -> bytes:
            """Return the next line, at most ``size`` bytes of it, b"" at the end."""


#: Version of the line format.
VERSION = 1
#: ``prev`` of the first line.
GENESIS_HASH = "0" * 64
#: The longest line that is read, in bytes.
MAX_LINE = 64 << 20
#: Seconds that a writer waits for the lock.
LOCK_TIMEOUT = 20.0

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_APPEND_FLAGS = (
    os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
)
# A line ends with the hash field: these bytes, 64 hexadecimal digits, and the end.
_HASH_FIELD = b',"hash":"'
_LINE_END = b'"}\n'
_SUFFIX_LENGTH = len(_HASH_FIELD) + 64 + len(_LINE_END)


class LogError(GateError):
    """The log cannot be written, read or verified; the text says why."""


@record
class Verified:
    """The result of verifying a log: its number of lines, and the head (last hash)."""

    lines: int
    head: str


def append(
    path: Path | str, entry: Mapping[str, Any], *, top: Path | None = None
) -> str:
    """Append one entry and return its hash, the new head.

    ``path`` is absolute.  Missing folders below ``top`` are created.  Raises
    LogError; the file is then unchanged.
    """
    fd = _open_to_append(path, top)
    try:
        _lock(fd, path)
        _check_owner(fd, path)
        size = os.fstat(fd).st_size
        prev, number = _last_line(fd, size, path)
        line, head = _line({**entry, "v": VERSION, "seq": number + 1, "prev": prev})
        _write(fd, line, size)
    except OSError as error:
        raise LogError(f"the log {path} cannot be written: {error.strerror}") from error
    finally:
        os.close(fd)
    return head


def entries(
    file: LineReader, prev: str = GENESIS_HASH, number: int = 0
) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each entry with its hash, and check the chain.

    ``prev`` and ``number`` are the hash and the number of the line before the first one.
    Raises LogError at the first line that was changed, removed, added or moved.
    """
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise LogError(
                f"line {number} of the log is longer than {MAX_LINE >> 20} MB"
            )
        entry, own_hash = _read(line, number)
        if entry.get("prev") != prev or entry.get("seq") != number:
            raise LogError(
                f"line {number} of the log does not follow the line before it: "
                "a line was removed, added or moved"
            )
        yield entry, own_hash
        prev = own_hash


def verify(file: BinaryIO, expect: str = "") -> Verified:
    """Read the whole log; raises LogError if any line was changed.

    ``expect`` is a head that was stored elsewhere: it must be the hash of one of
    the lines, else the log was cut off or rewritten.
    """
    head_found = expect in {"", GENESIS_HASH}
    head = GENESIS_HASH
    lines = 0
    for _, head in entries(file):
        lines += 1
        head_found = head_found or head == expect
    if not head_found:
        raise LogError(
            f"no line of the log has the head {expect[:12]}…: the end of the log was cut off, "
            "or the log was rewritten"
        )
    return Verified(lines, head)


def complete_size(file: BinaryIO, path: Path | str) -> int:
    """Return the size of a log while nobody writes to it; raises LogError."""
    fd = file.fileno()
    try:
        _lock(fd, path, fcntl.LOCK_SH)
        size = os.fstat(fd).st_size
        fcntl.flock(fd, fcntl.LOCK_UN)
    except OSError as error:
        raise LogError(f"the log {path} cannot be read: {error.strerror}") from error
    return size


def ends_with(file: BinaryIO, end: int, own_hash: str) -> bool:
    """Whether the bytes before ``end`` are the end of the line with a hash."""
    suffix = os.pread(file.fileno(), _SUFFIX_LENGTH, max(0, end - _SUFFIX_LENGTH))
    return _hash_of(suffix) == own_hash


def open_to_read(path: Path | str) -> BinaryIO:
    """Open a log without following a link; raises LogError."""
    try:
        fd = os.open(path, _READ_FLAGS)
    except OSError as error:
        raise LogError(f"the log {path} cannot be read: {error.strerror}") from error
    file = os.fdopen(fd, "rb")
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        file.close()
        raise LogError(f"the log {path} is not a regular file")
    return file


def _line(entry: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the line of an entry, and its hash."""
    from zt_gate.system.digests import sha256

    text = json.dumps(entry, separators=(",", ":"), ensure_ascii=True)
    hashed = text.removesuffix("}").encode("ascii")
    own_hash = sha256(hashed)
    return hashed + _HASH_FIELD + own_hash.encode() + _LINE_END, own_hash


def _read(line: bytes, number: int) -> tuple[dict[str, Any], str]:
    """Return the entry of a line, and its hash; raises LogError."""
    from zt_gate.system.digests import sha256

    own_hash = _hash_of(line)
    if own_hash is None or sha256(line[:-_SUFFIX_LENGTH]) != own_hash:
        raise LogError(f"line {number} of the log was changed or is incomplete")
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LogError(f"line {number} of the log is not JSON") from error
    if not isinstance(entry, dict) or entry.get("v") != VERSION:
        raise LogError(f"line {number} of the log has another format version")
    return entry, own_hash


def _hash_of(line: bytes) -> str | None:
    """Return the hash at the end of a line, None if the line does not end with one."""
    suffix = line[-_SUFFIX_LENGTH:]
    if not suffix.startswith(_HASH_FIELD) or not suffix.endswith(_LINE_END):
        return None
    own_hash = suffix[len(_HASH_FIELD) : -len(_LINE_END)]
    if own_hash.strip(b"0123456789abcdef"):
        return None
    return own_hash.decode("ascii")


def _last_line(fd: int, size: int, path: Path | str) -> tuple[str, int]:
    """Return hash and number of the last line; raises LogError if it is incomplete."""
    if size == 0:
        return GENESIS_HASH, 0
    suffix = os.pread(fd, _SUFFIX_LENGTH, max(0, size - _SUFFIX_LENGTH))
    last_hash = _hash_of(suffix)
    number = _last_number(fd, size)
    if last_hash is None or number is None:
        raise LogError(
            f"the last line of the log {path} is incomplete; find out why, then move the "
            "file away: the next run starts a new log"
        )
    return last_hash, number


def _last_number(fd: int, size: int) -> int | None:
    """Return the ``seq`` of the last line, which follows the fields of the entry."""
    tail = os.pread(fd, 512, max(0, size - 512))
    _, separator, after = tail.rpartition(b',"seq":')
    digits = after.partition(b",")[0]
    if not separator or not digits.isdigit():
        return None
    return int(digits)


def _write(fd: int, line: bytes, size: int) -> None:
    """Write the whole line or nothing; raises OSError."""
    try:
        unwritten = line
        while unwritten:
            unwritten = unwritten[os.write(fd, unwritten) :]
        os.fsync(fd)
    except BaseException:
        # The disk is full, or an interrupt: after half a line no run could be logged.
        os.ftruncate(fd, size)
        raise


def _lock(fd: int, path: Path | str, kind: int = fcntl.LOCK_EX) -> None:
    """Wait for other programs; raises LogError after ``LOCK_TIMEOUT``."""
    deadline = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise LogError(f"the log {path} is locked by another program") from None
            time.sleep(0.01)
        else:
            return


def _check_owner(fd: int, path: Path | str) -> None:
    """Raise LogError for a file that other users can write, or that has another name."""
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode) or info.st_nlink != 1:
        raise LogError(f"the log {path} is not a regular file with one name")
    if info.st_uid != os.geteuid() or info.st_mode & 0o022:
        raise LogError(
            f"the log {path} belongs to or is writable by another user; "
            f"make it your own (chown) and run: chmod 600 {path}"
        )


def _open_to_append(path: Path | str, top: Path | None) -> int:
    """Open the file folder by folder without following links; raises LogError."""
    parts = os.fspath(path).split("/")[1:]
    first_created = len(parts) if top is None else len(top.parts) - 1
    fd = -1
    try:
        fd = os.open("/", _FOLDER_FLAGS)
        for index, part in enumerate(parts[:-1]):
            subfolder_fd = _open_subfolder(
                fd, part, create=index >= first_created, follow=index == 0
            )
            os.close(fd)
            fd = subfolder_fd
        return os.open(parts[-1], _APPEND_FLAGS, 0o600, dir_fd=fd)
    except (OSError, ValueError, IndexError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise LogError(
            f"the log {path} cannot be opened: {reason} (no part of its path may be a link)"
        ) from error
    finally:
        if fd >= 0:
            os.close(fd)


def _open_subfolder(folder: int, name: str, *, create: bool, follow: bool) -> int:
    # Only an administrator can make links in the root folder; on macOS /var is one.
    flags = _FOLDER_FLAGS & ~os.O_NOFOLLOW if follow else _FOLDER_FLAGS
    try:
        return os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):  # another run of the gate has just created it
        os.mkdir(name, 0o700, dir_fd=folder)
    return os.open(name, flags, dir_fd=folder)

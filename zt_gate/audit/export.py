"""Sends the records of a log to a receiver, each at least once.

A cursor says which line the receiver has acknowledged last.  It is written after the
acknowledgement, so an exporter that is killed sends some records again, and loses none.
Receivers tell the copies by the hash of the record.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from zt_gate.audit import chain
from zt_gate.errors import UsageError
from zt_gate.record import asdict, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: Records and bytes of one request.
MOST_RECORDS = 500
MOST_BYTES = 1 << 20
_VERSION = 1


@dataclass(frozen=True, slots=True)
class ExportCursor:
    """The end of an acknowledged line: its file's inode, the place, number and hash."""

    inode: int
    offset: int
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """One line of a log with its entry, and the cursor behind it."""

    line: str
    hash: str
    end: ExportCursor


class _Part:
    """The lines of a file up to a place; what is written later is not read."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._file = file
        self._end = end
        self.place = start
        file.seek(start)

    def readline(self, size: int, /) -> bytes:
        """Return the next line, b"" at the end."""
        line = self._file.readline(min(size, self._end - self.place))
        self.place += len(line)
        return line


def records(
    files: Sequence[tuple[str, BinaryIO]], cursor: ExportCursor | None
) -> Iterator[ExportRecord]:
    """Yield what follows the cursor, and check the chain; raises LogError.

    ``files`` are those of one log, the oldest first.  Without a cursor all is yielded.
    """
    first, head, number = _start(files, cursor)
    for path, file in files[first:]:
        inode = os.fstat(file.fileno()).st_ino
        start = cursor.offset if cursor and inode == cursor.inode else 0
        before = head if start else chain.GENESIS_HASH
        part = _Part(file, start, chain.complete_size(file, path))
        lines = chain.entries(part, before, number if start else 0)
        for entry, own_hash in lines:
            if entry.get("event") == "continued" and head:
                if entry.get("after") != head:
                    raise chain.LogError(
                        f"{path} does not follow the file before it: a file was removed "
                        "or changed"
                    )
            elif not start and head and entry["seq"] == 1:
                raise chain.LogError(f"{path} does not name the file before it")
            head = own_hash
            end = ExportCursor(inode, part.place, entry["seq"], own_hash)
            yield ExportRecord(json.dumps(entry), own_hash, end)


def _start(
    files: Sequence[tuple[str, BinaryIO]], cursor: ExportCursor | None
) -> tuple[int, str, int]:
    """Return the first file to be read, and hash and number of the line before."""
    if cursor is None:
        return 0, "", 0
    for place, (_, file) in enumerate(files):
        is_same = os.fstat(file.fileno()).st_ino == cursor.inode
        if is_same and chain.ends_with(file, cursor.offset, cursor.hash):
            return place, cursor.hash, cursor.number
    raise chain.LogError(
        f"the log has no longer the record {cursor.hash[:12]}…, which was exported last: "
        "it was removed, cut off or rewritten. To export what is left: --from-start"
    )


def batches(found: Iterable[ExportRecord]) -> Iterator[list[ExportRecord]]:
    """Yield records in groups that fit one request."""
    group: list[ExportRecord] = []
    size = 0
    for record in found:
        if group and (len(group) >= MOST_RECORDS or size > MOST_BYTES):
            yield group
            group, size = [], 0
        group.append(record)
        size += len(record.line)
    if group:
        yield group


def export(
    found: Iterable[ExportRecord],
    send: Callable[[list[ExportRecord]], None],
    cursor_file: str,
) -> int:
    """Send records, and move the cursor behind what was acknowledged; returns how many.

    ``send`` returns after the receiver's acknowledgement, and raises for anything else.
    Raises what it raises, and LogError; the rest is sent by the next call.
    """
    count = 0
    for group in batches(found):
        send(group)
        write_cursor(cursor_file, group[-1].end)
        count += len(group)
    return count


def read_cursor(path: str) -> ExportCursor | None:
    """Return the cursor, None if nothing was exported; raises LogError."""
    try:
        with open(path, "rb") as file:
            table: dict[str, Any] = json.loads(file.read())
        if table.pop("version") != _VERSION:
            raise ValueError("version")
        return ExportCursor(**table)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise chain.LogError(
            f"the cursor {path} cannot be read; to export all again: --from-start"
        ) from error


def write_cursor(path: str, cursor: ExportCursor) -> None:
    """Replace the cursor in one step that a power failure survives; raises LogError."""
    new = f"{path}.new"
    try:
        with open(new, "wb", opener=_private) as file:
            file.write(json.dumps({"version": _VERSION, **asdict(cursor)}).encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(new)
        raise chain.LogError(
            f"the cursor {path} cannot be written: {error.strerror}"
        ) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


@contextmanager
def only_exporter(cursor_file: str) -> Iterator[None]:
    """Let one process at a time move a cursor; raises UsageError, LogError."""
    path = f"{cursor_file}.lock"
    try:
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        handle = _private(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    except OSError as error:
        raise chain.LogError(f"{path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UsageError("another process exports this log to this receiver") from None
    finally:
        os.close(handle)

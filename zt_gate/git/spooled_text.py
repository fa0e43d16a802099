"""Stores the text of hunks in memory, and above a limit in an unlinked temporary file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError

if TYPE_CHECKING:
    from pathlib import Path

#: Bytes kept in memory before a spool moves to a file.
IN_MEMORY = 4 << 20
#: Bytes of one spool.  A commit of 100 KB can reference a blob of 100 MB a thousand times.
LIMIT = 4 << 30


class Spool:
    """An append-only buffer that is read at any offset.

    The file is unlinked right after it is created.  It is read with ``pread``, so
    forked processes can read it at the same time.
    """

    def __init__(self, folder: Path | None = None, in_memory: int = IN_MEMORY) -> None:
        self._file = -1
        self._folder = folder
        self._limit = in_memory
        self._memory = bytearray()
        self.size = 0

    def append(self, data: bytes) -> None:
        """Append ``data``; raises OSError if the disk is full, GitError above LIMIT."""
        if self.size + len(data) > LIMIT:
            raise GitError(
                f"the change has more than {LIMIT >> 30} GB of text, the limit"
            )
        self._memory += data
        self.size += len(data)
        if self.size > self._limit:
            self._flush()

    def truncate(self, size: int) -> None:
        """Drop the last bytes, so that ``size`` bytes are left."""
        excess = self.size - size
        if excess <= len(self._memory):
            del self._memory[len(self._memory) - excess :]
        else:
            os.ftruncate(self._file, size)
            self._memory.clear()
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes from ``offset``; raises OSError if there are fewer."""
        in_file = self.size - len(self._memory)
        chunks = []
        end = offset + length
        file_end = min(end, in_file)
        while offset < file_end:
            chunk = os.pread(self._file, file_end - offset, offset)
            if not chunk:
                break
            chunks.append(chunk)
            offset += len(chunk)
        if offset < end:
            chunks.append(bytes(self._memory[offset - in_file : end - in_file]))
        data = b"".join(chunks)
        if len(data) != length:
            raise OSError(f"a temporary file holds {len(data)} of {length} bytes")
        return data

    def _flush(self) -> None:
        if self._file < 0:
            import tempfile

            self._file, name = tempfile.mkstemp(prefix="zt-gate-", dir=self._folder)
            os.unlink(name)
        view = memoryview(self._memory)
        start = self.size - len(view)
        while view:
            written = os.pwrite(self._file, view, start)
            start += written
            view = view[written:]
        view.release()
        self._memory.clear()

    def __del__(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

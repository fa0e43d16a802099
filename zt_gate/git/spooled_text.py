"""Where the text of hunks lies: memory while it is small, else a file without a name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError

if TYPE_CHECKING:
    from pathlib import Path

#: Bytes kept in memory before a spool moves to a file.
IN_MEMORY = 4 << 20
#: Bytes of one spool: a commit of 100 KB can name a blob of 100 MB a thousand times.
LIMIT = 4 << 30


class Spool:
    """Bytes that are appended once and read from anywhere afterwards.

    The file is unlinked as soon as it is made and is read with ``pread``, so
    that processes forked later read it side by side.
    """

    def __init__(self, folder: Path | None = None, in_memory: int = IN_MEMORY) -> None:
        self._file = -1
        self._folder = folder
        self._limit = in_memory
        self._memory = bytearray()
        self.size = 0

    def append(self, data: bytes) -> None:
        """Add ``data`` at the end.

        Raises OSError where the disk is full, GitError above LIMIT.
        """
        if self.size + len(data) > LIMIT:
            raise GitError(
                f"the change has more than {LIMIT >> 30} GB of lines: too much to read"
            )
        self._memory += data
        self.size += len(data)
        if self.size > self._limit:
            self._flush()

    def cut(self, size: int) -> None:
        """Take the last bytes away again, so that ``size`` are left."""
        drop = self.size - size
        if drop <= len(self._memory):
            del self._memory[len(self._memory) - drop :]
        else:
            os.ftruncate(self._file, size)
            self._memory.clear()
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes from ``offset``; raises OSError where there are fewer."""
        flushed = self.size - len(self._memory)
        pieces = []
        end = offset + length
        while offset < min(end, flushed):
            piece = os.pread(self._file, min(end, flushed) - offset, offset)
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
        if offset < end:
            pieces.append(bytes(self._memory[offset - flushed : end - flushed]))
        data = b"".join(pieces)
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

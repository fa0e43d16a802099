"""Counts of what a scanner has inspected, in memory that its process shares.

A number that is read while it is written may be wrong for a moment: it is only shown.
"""

from __future__ import annotations

import mmap
import struct

_FORMAT = struct.Struct("QQ")


class ProgressCounter:
    """Two numbers, written by the process of a scanner and read by the gate's."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _FORMAT.size)

    def write(self, done: int, total: int) -> None:
        """Set the number of inspected files, and of all files."""
        _FORMAT.pack_into(self._memory, 0, max(0, done), max(0, total))

    def read(self) -> tuple[int, int]:
        """Return the number of inspected files, and of all files."""
        done, total = _FORMAT.unpack_from(self._memory)
        return done, total

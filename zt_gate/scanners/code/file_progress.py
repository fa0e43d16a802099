"""Counts the files that are done, for people: most wait for the engine."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


class FileProgress:
    """Counts a file as done without the engine, or when the engine has all of its units.

    ``count`` is called with the number of files that are done, and of all files.
    """

    def __init__(self, count: Callable[[int, int], None], total: int) -> None:
        self._count = count
        self._total = total
        self._done = 0
        # Units by file, and files by unit; engines that run side by side report.
        self._waiting: dict[str, set[str]] = {}
        self._files: dict[str, str] = {}
        self._lock = threading.Lock()
        count(0, total)

    def file_done(self) -> None:
        """Count a file that the engine does not get."""
        with self._lock:
            self._add(1)

    def wait_for(self, file: str, units: Collection[str]) -> None:
        """Count a file when its units are done; at once if it has none."""
        with self._lock:
            self._waiting[file] = set(units)
            self._files.update(dict.fromkeys(units, file))
            if not units:
                self._add(1)

    def units_done(self, units: Collection[str]) -> None:
        """Count the files of which these were the last units; others are ignored."""
        with self._lock:
            before = self._done
            for unit in units:
                file = self._files.pop(unit, None)
                if file is not None:
                    self._waiting[file].discard(unit)
                    self._done += not self._waiting[file]
            if self._done != before:
                self._add(0)

    def _add(self, files: int) -> None:
        self._done += files
        self._count(self._done, self._total)

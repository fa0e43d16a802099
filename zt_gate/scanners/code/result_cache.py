"""Caches results between runs: small entries by key, in the user's cache folder.

An entry contains numbers, rule ids and words of rules, never text of a scanned file.
Entries are written atomically, so several processes can share the folder.  An entry with
a wrong checksum is ignored.  The size of an entry and the number of entries in each of
256 subfolders are limited.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from zt_gate.system.cache import write_atomically

#: Entries of one of the 256 subfolders; above it, the older half is removed.
MAX_ENTRIES = 128
#: Bytes of an entry; larger ones are not cached.
MAX_BYTES = 64 * 1024
#: The same for entries of which a project has few.
MAX_LARGE = 16 * 1024 * 1024


def cache_key(*parts: str) -> str:
    """Return the key for a sequence of texts."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


class ResultCache:
    """JSON values by key in a folder; without a folder, nothing is cached."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else Path(folder, "code")

    def get(self, key: str) -> Any:
        """Return the value, None if it is missing or damaged."""
        if self._folder is None:
            return None
        try:
            with open(self._path(key), "rb") as file:
                data = file.read(MAX_LARGE + 65)
            if not data.startswith(_checksum(key, data[65:])):
                return None
            return json.loads(data[65:])
        except (OSError, ValueError, RecursionError):
            return None

    def put(self, key: str, value: Any, *, limit: int = MAX_BYTES) -> None:
        """Cache a value of at most ``limit`` bytes; errors of the file system are ignored."""
        data = json.dumps(value, separators=(",", ":")).encode()
        if self._folder is None or len(data) > limit:
            return
        path = self._path(key)
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(path, _checksum(key, data) + b"\n" + data)
            _prune(path.parent)

    def _path(self, key: str) -> Path:
        assert self._folder is not None
        return Path(self._folder, key[:2], key[2:])


def _checksum(key: str, data: bytes) -> bytes:
    return hashlib.sha256(key.encode() + data).hexdigest().encode()


def _prune(folder: Path) -> None:
    """Remove the older half of too many entries; another process can do the same."""
    if len(os.listdir(folder)) <= MAX_ENTRIES:
        return
    by_age = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                by_age.append((status.st_mtime_ns, entry.path))
    by_age.sort()
    for _, path in by_age[: len(by_age) - MAX_ENTRIES // 2]:
        with suppress(OSError):
            os.unlink(path)

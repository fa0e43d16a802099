"""Caches results between runs: small entries by key, in the user's cache folder.

An entry contains numbers, rule ids and words of rules, never text of a scanned file.
Entries are written atomically, so several processes can share the folder.  An entry that
is not authentic is ignored.  The size of an entry and the number of entries in each of
256 subfolders are limited.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.system.sealed_cache import SealedCache

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
    """JSON values by key; without a cache, nothing is cached."""

    def __init__(self, cache: SealedCache | None) -> None:
        self._cache = cache

    def get(self, key: str) -> Any:
        """Return the value, None if it is missing or damaged."""
        if self._cache is None:
            return None
        data = self._cache.read(_name(key), MAX_LARGE)
        try:
            return None if data is None else json.loads(data)
        except (ValueError, RecursionError):
            return None

    def put(self, key: str, value: Any, *, limit: int = MAX_BYTES) -> None:
        """Cache a value of at most ``limit`` bytes; errors of the file system are ignored."""
        data = json.dumps(value, separators=(",", ":")).encode()
        if self._cache is None or len(data) > limit:
            return
        folder = (self._cache.folder / _name(key)).parent
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A link would lead the removal of old entries to other files.
            if not (_is_folder(folder) and _is_folder(folder.parent)):
                return
            self._cache.write(_name(key), data)
            _prune(folder)


def _name(key: str) -> str:
    return f"code/{key[:2]}/{key[2:]}"


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(os.lstat(path).st_mode)


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

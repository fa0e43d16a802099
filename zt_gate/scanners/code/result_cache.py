"""What the scanner remembers between runs: small entries by key, in the user's cache.

An entry is never evidence: it holds numbers, rule ids and words of rules, no
text of a scanned file.  Entries are written in one step, so several processes
may share the folder; one that does not hold what its key and its checksum say
does not exist.  The folder is bounded by the number of entries in each of 256
parts and by the size of an entry.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from zt_gate.system.cache import write_atomically

#: Entries of one of the 256 parts; when there are more the older half goes.
MAX_ENTRIES = 128
#: Bytes of an entry: what is larger is found again.
MAX_BYTES = 64 * 1024
#: Bytes of an entry that the project has few of.
MAX_LARGE = 16 * 1024 * 1024


def cache_key(*parts: str) -> str:
    """Return the key of what these parts name."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


class ResultCache:
    """JSON values by key below a folder; without a folder it forgets everything."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else Path(folder, "code")

    def get(self, key: str) -> Any:
        """Return the value, None where there is none or it is damaged."""
        if self._folder is None:
            return None
        try:
            with open(self._place(key), "rb") as file:
                data = file.read(MAX_LARGE + 65)
            if not data.startswith(_checksum(key, data[65:])):
                return None
            return json.loads(data[65:])
        except (OSError, ValueError, RecursionError):
            return None

    def put(self, key: str, value: Any, *, limit: int = MAX_BYTES) -> None:
        """Keep a value of at most ``limit`` bytes; what cannot be kept costs only time."""
        data = json.dumps(value, separators=(",", ":")).encode()
        if self._folder is None or len(data) > limit:
            return
        place = self._place(key)
        with suppress(OSError):
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(place, _checksum(key, data) + b"\n" + data)
            _prune(place.parent)

    def _place(self, key: str) -> Path:
        assert self._folder is not None
        return Path(self._folder, key[:2], key[2:])


def _checksum(key: str, data: bytes) -> bytes:
    return hashlib.sha256(key.encode() + data).hexdigest().encode()


def _prune(folder: Path) -> None:
    """Remove the older half where there are too many; another process may do the same."""
    if len(os.listdir(folder)) <= MAX_ENTRIES:
        return
    aged = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                aged.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.path))
    aged.sort()
    for _, path in aged[: len(aged) - MAX_ENTRIES // 2]:
        with suppress(OSError):
            os.unlink(path)

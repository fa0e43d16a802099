"""Cache of registry responses: an SQLite file that several processes may share.

If it is missing, locked, full or broken, the registries are asked again.  Errors are
never cached.  Each row has a MAC over its key, value and times, so that a row which
another program has written, or moved to another key, is not read.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.system.sealed_cache import SealedCache

_NAME = "registries-2.sqlite3"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS answer"
    " (key TEXT PRIMARY KEY, until REAL NOT NULL, kept REAL NOT NULL, value TEXT NOT NULL,"
    " seal TEXT NOT NULL)"
)


class Cache:
    """Cached values by key; no method raises an error."""

    def __init__(self, cache: SealedCache | None) -> None:
        self._sealed = cache
        self._path = cache.folder / _NAME if cache is not None else None

    def get(self, keys: Iterable[str], now: float | None = None) -> dict[str, Any]:
        """Return the values that have not expired; ``now`` is in seconds since the epoch."""
        moment = time.time() if now is None else now
        if not self._is_regular_file():
            return {}
        values: dict[str, Any] = {}
        try:
            with closing(self._connect()) as database:
                for key in keys:
                    row = database.execute(
                        "SELECT until, kept, value, seal FROM answer"
                        " WHERE key = ? AND until > ? AND kept <= ?",
                        (key, moment, moment),
                    ).fetchone()
                    if row is not None and self._is_sealed(key, *row):
                        values[key] = json.loads(row[2])
        except sqlite3.OperationalError:  # locked, or its table does not exist yet
            return {}
        except sqlite3.DatabaseError:
            self._discard()
            return {}
        except (ValueError, TypeError, RecursionError, OSError):
            return {}
        return values

    def put(
        self, values: Mapping[str, tuple[Any, float]], now: float | None = None
    ) -> None:
        """Store ``{key: (value, seconds until it expires)}``."""
        moment = time.time() if now is None else now
        if self._path is None or not values:
            return
        if not self._is_regular_file():
            self._discard()  # a link or a named pipe: another program put it there
        rows = [
            self._row(key, moment + lifetime, moment, json.dumps(value))
            for key, (value, lifetime) in values.items()
        ]
        with (
            suppress(sqlite3.Error, OSError),
            closing(self._connect()) as database,
            database,
        ):
            database.execute(_TABLE)
            database.execute("DELETE FROM answer WHERE until < ?", (moment,))
            database.executemany(
                "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)", rows
            )

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(str(self._path), timeout=0.25)
        # A lost value is requested again, so writes need not wait for the disk.
        database.execute("PRAGMA synchronous = OFF")
        # Triggers and views of a file that another program made call no functions.
        database.execute("PRAGMA trusted_schema = OFF")
        return database

    def _is_regular_file(self) -> bool:
        if self._path is None:
            return False
        try:
            return stat.S_ISREG(os.lstat(self._path).st_mode)
        except OSError:
            return False

    def _row(
        self, key: str, until: float, kept: float, value: str
    ) -> tuple[str, float, float, str, str]:
        assert self._sealed is not None
        seal = self._sealed.seal(_NAME, _sealed_content(key, until, kept, value))
        return key, until, kept, value, seal.decode("ascii")

    def _is_sealed(
        self, key: str, until: object, kept: object, value: object, seal: object
    ) -> bool:
        """Whether a row is as ``put`` wrote it; SQLite keeps any type in any column."""
        if not (isinstance(until, float) and isinstance(kept, float)):
            return False
        if not (isinstance(value, str) and isinstance(seal, str) and seal.isascii()):
            return False
        assert self._sealed is not None
        content = _sealed_content(key, until, kept, value)
        return self._sealed.is_sealed(seal.encode("ascii"), _NAME, content)

    def _discard(self) -> None:
        """Remove a file that is not a database, so that the next run creates a new one."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()


def _sealed_content(key: str, until: float, kept: float, value: str) -> bytes:
    """Return a row as one text; JSON keeps its parts apart."""
    return json.dumps([key, float(until), float(kept), value]).encode("ascii")

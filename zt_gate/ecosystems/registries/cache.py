"""Cache of registry responses: an SQLite file that several processes may share.

If it is missing, locked, full or broken, the registries are asked again.  Errors are
never cached.
"""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_NAME = "registries-1.sqlite3"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS answer"
    " (key TEXT PRIMARY KEY, until REAL NOT NULL, kept REAL NOT NULL, value TEXT NOT NULL)"
)


class Cache:
    """Cached values by key; no method raises an error."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / _NAME if folder is not None else None

    def get(self, keys: Iterable[str], now: float | None = None) -> dict[str, Any]:
        """Return the values that have not expired; ``now`` is in seconds since the epoch."""
        moment = time.time() if now is None else now
        if self._path is None or not self._path.is_file():
            return {}
        values: dict[str, Any] = {}
        try:
            with closing(self._connect()) as database:
                for key in keys:
                    row = database.execute(
                        "SELECT value FROM answer WHERE key = ? AND until > ? AND kept <= ?",
                        (key, moment, moment),
                    ).fetchone()
                    if row is not None:
                        values[key] = json.loads(row[0])
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
        rows = [
            (key, moment + lifetime, moment, json.dumps(value))
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
                "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)", rows
            )

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(str(self._path), timeout=0.25)
        # A lost value is requested again, so writes need not wait for the disk.
        database.execute("PRAGMA synchronous = OFF")
        return database

    def _discard(self) -> None:
        """Remove a file that is not a database, so that the next run creates a new one."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()

"""The broker's side of snapshots: keeps what a hook sends, once for each session.

The hook reads the files, with the user's rights, before the session's first change.  When
the manifest is there the snapshot is closed, so no program that the session starts later
can change what a rollback brings back.
"""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any, Self

from zt_gate.errors import UsageError
from zt_gate.guard.private_file import GuardStateError, make_private
from zt_gate.guard.session import snapshot
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.session.records import Session

#: Bytes of all snapshots of one account: it fills its own space, and no other's.
MOST_BYTES = 1 << 30
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class SnapshotKeeper:
    """Keeps the snapshots of all accounts, each in the account's state."""

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}
        self._lock = threading.Lock()

    def has(self, places: GuardPlaces, session: Session) -> bool:
        """Whether the snapshot of a session is there."""
        folder = snapshot.folder_of(places, session.id)
        return os.path.lexists(os.path.join(folder, snapshot.MANIFEST))

    def keep(
        self,
        message: Mapping[str, Any],
        places: GuardPlaces,
        session: Session,
        sender: int,
    ) -> bool:
        """Add parts of files; the last part of the manifest closes the snapshot.

        ``sender`` is the hook's process: several may send at the same time, and the first
        one that is complete counts.  Returns False if there is one already.  Raises
        UsageError, and GuardStateError if it cannot be written.
        """
        parts = [_Part.of(one) for one in _parts(message)]
        folder = snapshot.folder_of(places, session.id)
        new = f"{folder}.{sender}"
        is_end = any(not part.name and part.is_last for part in parts)
        with self._lock:
            if self.has(places, session):
                shutil.rmtree(new, ignore_errors=True)
                return False
            self._take_space(places, sum(len(part.data) for part in parts))
            try:
                make_private(os.path.join(new, "files"))
                for part in parts:
                    part.write(new)
                if is_end:
                    os.rename(new, folder)
            except OSError as error:
                raise GuardStateError(
                    f"the snapshot cannot be written: {error.strerror}"
                ) from error
            if is_end:
                self._sizes.pop(places.user_id, None)
        if is_end:
            snapshot.forget_old(places)
        return True

    def _take_space(self, places: GuardPlaces, size: int) -> None:
        used = self._sizes.get(places.user_id)
        if used is None:
            used = _size_of(os.path.join(places.state, "snapshots"))
        if used + size > MOST_BYTES:
            raise UsageError(
                f"the snapshots of this account have {MOST_BYTES >> 20} MB already"
            )
        self._sizes[places.user_id] = used + size


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a file; ``name`` is the file's digest, "" for the manifest."""

    name: str
    data: bytes
    is_first: bool
    is_last: bool

    @classmethod
    def of(cls, table: Any) -> Self:
        """Return the part in a message; raises UsageError."""
        if not isinstance(table, dict):
            raise UsageError("a snapshot's part is no table")
        name = table.get("name")
        is_digest = isinstance(name, str) and (
            not name or (len(name) == 64 and name.isascii() and name.isalnum())
        )
        if not is_digest:
            raise UsageError("a snapshot's file is named by its digest")
        try:
            data = base64.b64decode(str(table.get("data")), validate=True)
        except (binascii.Error, ValueError) as error:
            raise UsageError("a snapshot's part is not base64") from error
        return cls(str(name), data, not table.get("after"), table.get("last") is True)

    def write(self, folder: str) -> None:
        """Write it; the first one begins anew, where an earlier hook was ended.

        Raises OSError.
        """
        inner = os.path.join("files", self.name) if self.name else snapshot.MANIFEST
        flags = _APPEND | (os.O_TRUNC if self.is_first else 0)
        handle = os.open(os.path.join(folder, inner), flags, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(self.data)


def _parts(message: Mapping[str, Any]) -> list[Any]:
    parts = message.get("parts")
    if not isinstance(parts, list):
        raise UsageError("parts is not a list")
    return parts


def _size_of(folder: str) -> int:
    total = 0
    for path, _folders, names in os.walk(folder):
        for name in names:
            total += os.lstat(os.path.join(path, name)).st_size
    return total

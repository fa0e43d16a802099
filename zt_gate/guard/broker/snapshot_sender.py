"""The hook's side of snapshots: reads the files, and sends what git does not have."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from zt_gate.errors import GateError
from zt_gate.guard.session import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zt_gate.guard.session.records import Session

    Ask = Callable[[dict[str, Any]], dict[str, Any]]

#: Bytes and parts of one message.
_BYTES = 1 << 20
_PARTS = 500


def send_snapshot(home: str, session: Session, ask: Ask) -> str:
    """Send the snapshot of a session and return the manifest's digest; raises GateError.

    The digest is "" if another hook of the session was first.  Where the broker takes no
    further file, the manifest says so: the rollback lists what has no copy.  Without the
    manifest there is no snapshot, and the call is denied.
    """
    sender = _Sender(session.id, ask)
    manifest = snapshot.taken(home, session, sender.keep, sender.lost)
    sender.add("", manifest)
    return hashlib.sha256(manifest).hexdigest() if sender.send() else ""


class _Sender:
    """Sends files, many small ones in one message."""

    def __init__(self, session: str, ask: Ask) -> None:
        self._session = session
        self._ask = ask
        self._parts: list[dict[str, Any]] = []
        self._size = 0
        self._lost: dict[str, str] = {}

    def keep(self, name: str, data: bytes) -> None:
        """Add a file; raises OSError if the broker takes no more."""
        self.add(name, data)
        if self._lost:
            raise OSError(next(iter(self._lost.values())))

    def lost(self) -> Mapping[str, str]:
        """Send what is left, and return the files that the broker has not taken."""
        self._try()
        return self._lost

    def add(self, name: str, data: bytes) -> None:
        """Add a file, and send what is enough for a message; "" is the manifest."""
        for after in range(0, max(len(data), 1), _BYTES):
            part = data[after : after + _BYTES]
            full = self._size + len(part) > _BYTES or len(self._parts) >= _PARTS
            if self._parts and full:
                self._try() if name else self.send()
            self._parts.append({
                "name": name,
                "after": after,
                "data": base64.b64encode(part).decode("ascii"),
                "last": after + _BYTES >= len(data),
            })  # fmt: skip
            self._size += len(part)

    def send(self) -> bool:
        """Send what was added; return whether the broker keeps it.  Raises GateError."""
        parts, self._parts, self._size = self._parts, [], 0
        message = {"do": "snapshot", "session": self._session, "parts": parts}
        return self._ask(message)["kept"] is True

    def _try(self) -> None:
        """Send what was added; if it is refused, all of its files are lost."""
        names = [part["name"] for part in self._parts]
        if not names:
            return
        try:
            self.send()
        except GateError as error:
            self._lost.update(dict.fromkeys(names, str(error)))

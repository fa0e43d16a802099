"""The history of a user's sessions, as the broker tells it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from zt_gate.errors import GateError
from zt_gate.guard.session.records import session_of_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.guard.broker.keeper import BrokerKeeper
    from zt_gate.guard.session.records import Session


class BrokerHistory:
    """Asks the broker; see ``zt_gate.guard.history.History``.  All raise GateError."""

    def __init__(self, broker: BrokerKeeper) -> None:
        self._broker = broker

    def sessions(self) -> list[Session]:
        """Return the known sessions of this user."""
        return [session_of_table(row) for row in self._rows("sessions")]

    def entries(self, session: str = "", since: str = "") -> Iterator[dict[str, Any]]:
        """Yield the log's lines of this user."""
        return self._rows("entries", session=session, since=since)

    def last_hash(self) -> str:
        """Return the last hash of the log's chain."""
        return str(self._broker.question("hash")["hash"])

    def contain(self, session: str, reason: str) -> Session:
        """Mark a session: everything is denied from now on."""
        answer = self._broker.question("contain", session=session, reason=reason)
        return session_of_table(answer["session"])

    def note(self, session: Session, entry: Mapping[str, Any]) -> None:
        """Write what a person did or saw into the log; the broker says who it was."""
        self._broker.question("note", session=session.id, entry=dict(entry))

    def manifest(self, session: str) -> bytes | None:
        """Return the manifest of a session's snapshot."""
        return self._file(session, "")

    def copy(self, session: str, name: str) -> bytes | None:
        """Return a file of a session's snapshot."""
        return self._file(session, name)

    def _rows(self, about: str, **more: object) -> Iterator[dict[str, Any]]:
        """Yield all rows, page by page."""
        after, first = 0, ""
        while True:
            answer = self._broker.question(about, after=after, **more)
            if after and answer["first"] != first:
                raise GateError("the log was closed meanwhile; run it again")
            first = answer["first"]
            yield from answer["rows"]
            if answer["next"] <= after:
                return
            after = answer["next"]

    def _file(self, session: str, name: str) -> bytes | None:
        parts = bytearray()
        while True:
            answer = self._broker.question(
                "snapshot", session=session, name=name, after=len(parts)
            )
            if answer["data"] is None:
                return None
            part = base64.b64decode(answer["data"])
            parts += part
            if not part or len(parts) >= answer["size"]:
                return bytes(parts)

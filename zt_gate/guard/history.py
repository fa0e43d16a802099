"""What is known of a user's sessions, for a person who looks back: records, log, snapshots.

It is in the user's own files, or with the broker (``zt_gate.guard.broker.history``).
"""

from __future__ import annotations

from zt_gate.errors import UsageError
from zt_gate.guard import log
from zt_gate.guard.policy import GuardPolicy, PinnedPolicyError, pinned_policy
from zt_gate.guard.session import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Protocol

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.session.records import Session
else:
    Protocol = object


class History(Protocol):
    """The sessions of one user, their log and their snapshots; all raise GateError."""

    def sessions(self) -> list[Session]:
        """Return the known sessions."""

    def entries(self, session: str = "", since: str = "") -> Iterator[dict[str, Any]]:
        """Yield the log's lines, of one session if given, and not before ``since``."""

    def last_hash(self) -> str:
        """Return the last hash of the log's chain, "" if there is no log."""

    def contain(self, session: str, reason: str) -> Session:
        """Mark a session by its id, and return it: everything is denied from now on."""

    def note(self, session: Session, entry: Mapping[str, Any]) -> None:
        """Write what a person did or saw into the log."""

    def manifest(self, session: str) -> bytes | None:
        """Return the manifest of a session's snapshot, None if it has none."""

    def copy(self, session: str, name: str) -> bytes | None:
        """Return a file of a session's snapshot by its digest, None if it is missing."""


class LocalHistory:
    """The history in one user's files."""

    def __init__(self, places: GuardPlaces) -> None:
        self._places = places

    def sessions(self) -> list[Session]:
        """Return the known sessions."""
        with records.opened(self._places) as sessions:
            return list(sessions.known)

    def entries(self, session: str = "", since: str = "") -> Iterator[dict[str, Any]]:
        """Yield the log's lines; see ``History``."""
        for entry in log.read_log(self._places):
            if session and entry.get("session") != session:
                continue
            if str(entry.get("time", "")) >= since:
                yield entry

    def last_hash(self) -> str:
        """Return the last hash of the log's chain."""
        return log.last_hash(self._places)

    def contain(self, session: str, reason: str) -> Session:
        """Mark a session; see ``History``."""
        with records.opened(self._places) as sessions:
            found = sessions.by_id(session)
            if found is None:
                raise _unknown(session)
            found.contain(reason)
            sessions.changed = True
        return found

    def note(self, session: Session, entry: Mapping[str, Any]) -> None:
        """Write what a person did or saw into the log."""
        try:
            policy = pinned_policy(self._places, session.repository)
        except PinnedPolicyError:
            policy = GuardPolicy()
        line = {**entry, "session": session.id, "root": session.root}
        log.append(self._places, policy, line)

    def manifest(self, session: str) -> bytes | None:
        """Return the manifest of a session's snapshot."""
        from zt_gate.guard.session import snapshot

        return snapshot.read_manifest(self._places, session)

    def copy(self, session: str, name: str) -> bytes | None:
        """Return a file of a session's snapshot."""
        from zt_gate.guard.session import snapshot

        return snapshot.read_copy(self._places, session, name)


def find(history: History, name: str) -> Session:
    """Return a session by its id or the beginning of it; raises UsageError."""
    session = records.Sessions(history.sessions()).by_id(name)
    if session is None:
        raise _unknown(name)
    return session


def _unknown(name: str) -> UsageError:
    return UsageError(f"no session {name!a}; see: zt-gate guard session list")

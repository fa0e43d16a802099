"""Hooks that end before they have taken the broker's answer: killed, or over a deadline.

A program of the user can kill a hook, and a client may run the call then.  Each such hook
is an anomaly of its session; every third one pauses the session.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from zt_gate.guard import log, log_entry
from zt_gate.guard.decision import Mode
from zt_gate.guard.policy import GuardPolicy, PinnedPolicyError, pinned_policy
from zt_gate.guard.session import anomaly, records
from zt_gate.guard.session.identity import is_here

if TYPE_CHECKING:
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.session.records import Session

PAUSES_AT = 3
_MOST = 1000


class BegunHooks:
    """The hooks that began an event and have not ended it, by account and process."""

    def __init__(self) -> None:
        self._known: dict[int, dict[str, str]] = {}
        self._lock = threading.Lock()

    def add(self, user_id: int, key: str, session: str) -> None:
        """Remember the process of a hook that began an event of a session."""
        with self._lock:
            known = self._known.setdefault(user_id, {})
            known[key] = session
            if len(known) > _MOST:
                del known[next(iter(known))]

    def remove(self, user_id: int, key: str) -> None:
        """Forget a hook that ends its event."""
        with self._lock:
            self._known.get(user_id, {}).pop(key, None)

    def vanished(self, user_id: int) -> list[tuple[int, str]]:
        """Return, once, process and session of each hook that is gone."""
        with self._lock:
            known = self._known.get(user_id, {})
            gone = [
                (key, session) for key, session in known.items() if not is_here(key)
            ]
            for key, _ in gone:
                del known[key]
        return [(int(key.split(":")[1]), session) for key, session in gone]


def note(places: GuardPlaces, session_id: str, pid: int) -> None:
    """Write a hook that vanished into the log; pause its session at every third.

    Raises GateError.
    """
    with records.opened(places) as sessions:
        session = sessions.by_id(session_id)
        if session is None:
            return
        policy = _policy(places, session)
        mode = policy.mode_of(anomaly.CONTROL)
        session.vanished += 1
        pauses = session.vanished % PAUSES_AT == 0
        if pauses and mode is Mode.ENFORCE:
            session.paused = time.time() + anomaly.thresholds({})["pause_seconds"]
            session.paused_for = f"{session.vanished} hooks ended before their answer"
        sessions.changed = True
    entry = {
        "event": log_entry.HOOK_VANISHED,
        **log_entry.identity_fields(places),
        **log_entry.session_fields(session),
        "hook": pid,
        "anomaly": {"strong": False, "signs": {"hooks-vanished": session.vanished}},
        "mode": mode.value,
        "pauses": pauses,
    }
    log.append(places, policy, entry)


def _policy(places: GuardPlaces, session: Session) -> GuardPolicy:
    try:
        return pinned_policy(places, session.repository)
    except PinnedPolicyError:
        return GuardPolicy()

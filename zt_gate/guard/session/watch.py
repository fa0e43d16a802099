"""Watches running sessions: keeps what they did lately, and pauses or contains them.

The state is one private file for each repository, beside the sessions' records and under
their lock.
"""

from __future__ import annotations

import json
import os
import time

from zt_gate.guard.decision import Answer, Mode, decide
from zt_gate.guard.private_file import GuardStateError, read_private, write_private
from zt_gate.guard.session.activity import rows_of
from zt_gate.guard.session.anomaly import (
    CONTROL,
    Activity,
    SessionAnomaly,
    escalation,
    observe,
    thresholds,
)
from zt_gate.system.digests import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from zt_gate.guard.decision import GuardDecision
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.guard.session.records import Session, Sessions

#: Days for which a host counts as known, and seconds without an event after which what a
#: session did lately is forgotten.
_HOST_DAYS = 30
_QUIET = 3600


def watch(
    places: GuardPlaces,
    sessions: Sessions,
    session: Session,
    event: Mapping[str, Any],
    *,
    contained_before: float,
    policy: GuardPolicy,
) -> dict[str, Any]:
    """Add an event to what a session did lately; pause or contain it if that is unusual.

    ``event`` is the event's log entry; returns it with what an anomaly adds to it.  Call
    it under the lock of the sessions.  Raises GuardStateError.
    """
    entry = dict(event)
    mode = policy.mode_of(CONTROL)
    now = time.time()
    limits = policy.rights.get(session.task, {}).get("limits", {})
    found = _observed(places, sessions, session, entry, limits=limits, now=now)
    if found:
        entry["anomaly"] = {
            "strong": found.is_strong,
            "signs": {sign.name: sign.number for sign in found.signs},
        }
    if mode is not Mode.ENFORCE:
        if found:
            answer = Answer.DENY if found.is_strong else Answer.ASK
            _add_concern(entry, answer, mode, f"Unusual behaviour: {found.text}.")
        return entry
    if found.is_strong:
        session.contain(f"unusual behaviour: {found.text}")
    elif found:
        seconds = thresholds({})["pause_seconds"]
        session.paused, session.paused_for = now + seconds, found.text
    concern = escalation(entry, session, contained_before, now)
    if concern is not None:
        _add_concern(entry, concern.answer, mode, concern.reason)
        if concern.answer is Answer.DENY or entry.get("answer") == Answer.SILENT.value:
            entry["answer"] = concern.answer.value
    return entry


def escalated(
    decision: GuardDecision,
    entry: Any,
    session: Session,
    contained_before: float,
    policy: GuardPolicy,
) -> GuardDecision:
    """Return the decision about an event with what an anomaly adds to it."""
    if policy.mode_of(CONTROL) is not Mode.ENFORCE:
        return decision
    concern = escalation(entry, session, contained_before, time.time())
    if concern is None:
        return decision
    return decide((*decision.concerns, concern))


def activity_file(places: GuardPlaces, repository: str) -> str:
    """Return the file in which the sessions of a repository are watched."""
    name = sha256(os.fsencode(repository))[:24]
    return os.path.join(places.sessions, f"activity-{name}.json")


def _observed(
    places: GuardPlaces,
    sessions: Sessions,
    session: Session,
    entry: dict[str, Any],
    *,
    limits: Mapping[str, int],
    now: float,
) -> SessionAnomaly:
    path = activity_file(places, session.repository)
    hosts, rows = _read(path, now)
    activity = rows.pop(session.id, None) or Activity()
    if session.release and activity.cleared != session.contained:
        # A person has looked at what came before.
        activity = Activity(cleared=session.contained)
    seen = {"root": session.root, **entry}
    found = observe(activity, hosts, seen, thresholds(limits), now)
    running = {
        one.id for one in sessions.known if abs(now - one.seen) < _QUIET or one.paused
    }
    table = {
        "hosts": hosts,
        "sessions": {
            name: row.as_table()
            for name, row in (*rows.items(), (session.id, activity))
            if name in running
        },
    }
    write_private(path, json.dumps(table, separators=(",", ":")).encode("ascii"))
    return found


def _read(path: str, now: float) -> tuple[dict[str, int], dict[str, Activity]]:
    data = read_private(path)
    if data is None:
        return {}, {}
    try:
        table = json.loads(data)
        oldest = now // 86_400 - _HOST_DAYS
        hosts = {str(key): int(day) for key, day in table["hosts"].items()}
        rows = {str(key): Activity(**row) for key, row in table["sessions"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise GuardStateError(f"{path} is damaged. A person removes it") from error
    return {key: day for key, day in hosts.items() if day >= oldest}, rows


def _add_concern(
    entry: dict[str, Any], answer: Answer, mode: Mode, reason: str
) -> None:
    """Put what an anomaly answers into the log entry of the event."""
    row = {
        "control": CONTROL,
        "answer": answer.value,
        "mode": mode.value,
        "reason": reason,
        "effect": "",
        "attack": False,
    }
    entry["concerns"] = [*rows_of(entry, "concerns"), row]

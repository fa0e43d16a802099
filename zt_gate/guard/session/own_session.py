"""The session of a process that zt-gate itself starts work for: ``exec``, or a Python caller.

What an agent starts belongs to the agent's session, with its task; what a person starts
is a session of its own.  Either is known to ``zt-gate guard session``, so containment
finds the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.guard.private_file import GuardStateError
from zt_gate.guard.session import clock, records
from zt_gate.guard.session.identity import is_here, own_key, process_keys

if TYPE_CHECKING:
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.guard.repository import ProjectPlace
    from zt_gate.guard.session.records import Session

#: In a session's labels: a process of zt-gate that cleans up before it ends.
KEEPER = "zt-gate"


def begin(
    places: GuardPlaces,
    place: ProjectPlace,
    policy: GuardPolicy,
    task: str,
    keys: tuple[str, ...] = (),
) -> Session:
    """Return the session of this process, which is recorded in it.

    Raises UsageError if the session, or another one of the repository, is contained, or
    if an agent's session has another task; and GuardStateError.  With ``keys``, which
    name the process and those above it, it is another one's session: that gets the
    policy's task, whichever the process wants.
    """
    is_anothers = bool(keys)
    keys = keys or (own_key(), *process_keys())
    key = keys[0]
    with records.opened(places) as sessions:
        session = sessions.of_event(KEEPER, key, keys, place, places.home)
        contained = sessions.containing(session)
        if contained:
            from zt_gate.guard.session.release import is_released

            for one in contained:
                if not is_released(one, policy):
                    raise UsageError(
                        f"the session {one.id} is contained: {one.contained_for}. A person "
                        "looks at it: zt-gate guard session list"
                    )
        if session.task and task and session.task != task:
            raise UsageError(
                f"this belongs to the session {session.id}, which has the task "
                f"{session.task!a}: one session has one task"
            )
        session.task = session.task or (policy.task if is_anothers else task)
        _forget_ended(session)
        sessions.changed = True
    if sessions.jumped:
        raise GuardStateError(clock.reason(sessions.jumped))
    return session


def _forget_ended(session: Session) -> None:
    """Drop own processes that ended: an agent may start hundreds, and the list is bounded."""
    for key in keeper_of(session):
        if not is_here(key):
            session.labels.remove(f"{KEEPER}:{key}")
            if key in session.processes:
                session.processes.remove(key)


def keeper_of(session: Session) -> frozenset[str]:
    """Return the keys of a session's processes that revoke and clean up themselves."""
    prefix = f"{KEEPER}:"
    labels = (label for label in session.labels if label.startswith(prefix))
    return frozenset(label.removeprefix(prefix) for label in labels)

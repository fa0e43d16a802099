"""Ends the containment of a session: a person's decision, with the policy's proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.guard.session.records import Session
    from zt_gate.policy.approvals import Approval

RULE = "guard/contained-session"


def is_released(session: Session, policy: GuardPolicy) -> bool:
    """Whether a person released a contained session, with the proof that is required.

    The proof is checked each time, so a record that a program wrote does not count.
    """
    if not session.release:
        return False
    from zt_gate.guard.person import problem_of_record

    return not problem_of_record(
        session.release, RULE, _change(session), policy.proof, session.repository
    )


def release(
    name: str,
    places: GuardPlaces,
    environ: Mapping[str, str],
    *,
    by: str,
    reason: str,
    key: str,
    ask: Callable[[str], str],
) -> str:
    """Release a contained session and return its id.

    ``name`` is the session's id or its beginning.  ``ask`` puts a question to the person
    at a terminal; ``key`` is the key of a security key, "" for the usual one.  Raises
    UsageError, ApprovalError or GuardStateError; the session stays contained then.
    """
    from zt_gate.errors import UsageError
    from zt_gate.guard import log
    from zt_gate.guard.person import proven
    from zt_gate.guard.policy import pinned_policy
    from zt_gate.guard.session import records
    from zt_gate.record import asdict

    with records.opened(places) as sessions:
        session = sessions.by_id(name)
        if session is None or not session.contained:
            raise UsageError(
                f"no contained session {name!a}; see: zt-gate guard session list"
            )
        policy = pinned_policy(places, session.repository)
        digits = session.id[:4]
        if ask(f"type {digits} to release the session: ") != digits:
            raise UsageError("nothing was released: the digits do not match")
        request = _request(session, by, reason)
        approval = proven(request, policy.proof, environ, key, ask, "released")
        log.append(
            places,
            policy,
            {"event": "released", "session": session.id, "by": by, "reason": reason},
        )
        session.release = asdict(approval)
        session.attempts = 0
        session.paused = 0.0
        # What was denied stays denied; the session may go on with the rest.
        session.contained_for = f"{session.contained_for} (released by {by})"
        sessions.changed = True
    return session.id


def _request(session: Session, by: str, reason: str) -> Approval:
    from zt_gate.guard.person import request

    return request(RULE, _change(session), session.repository, by, reason, days=30)


def _change(session: Session) -> str:
    """Return what identifies this containment: an older release does not fit it."""
    return f"session {session.id} contained {session.contained:.3f}"

"""Ends the containment of a session: a person's decision, with the policy's proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.guard.session.records import Session
    from zt_gate.policy.approval_proof import ProofChecker
    from zt_gate.policy.approvals import Approval
    from zt_gate.policy.schema import Proof

RULE = "guard/contained-session"


def is_released(session: Session, policy: GuardPolicy) -> bool:
    """Whether a person released a contained session, with the proof that is required.

    The proof is checked each time, so a record that a program wrote does not count.
    """
    if not session.release:
        return False
    from zt_gate.policy.approvals import Approval, ApprovalError

    try:
        approval = Approval(**session.release)
        checker = _checker(session, policy)
    except (TypeError, ApprovalError):
        return False
    if approval.rule != RULE or approval.change != _change(session):
        return False
    return approval.holds(_today()) and not checker.problem(approval)


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
        approval = _proven(
            _request(session, by, reason), _checker(session, policy), environ, key, ask
        )
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
    from datetime import UTC, datetime, timedelta

    from zt_gate.policy.approvals import Approval
    from zt_gate.system.digests import sha256

    expires = datetime.now(UTC).date() + timedelta(days=30)
    change = _change(session)
    return Approval(
        sha256(change.encode())[:32],
        RULE,
        "",
        reason,
        by,
        _today(),
        expires.isoformat(),
        session.repository,
        change,
    )


def _change(session: Session) -> str:
    """Return what identifies this containment: an older release does not fit it."""
    return f"session {session.id} contained {session.contained:.3f}"


def _today() -> str:
    import time

    return time.strftime("%Y-%m-%d", time.gmtime())


def _checker(session: Session, policy: GuardPolicy) -> ProofChecker:
    from zt_gate.policy.approval_proof import ProofChecker, places, required_proof

    where = places()
    proof = required_proof(cast("Proof", policy.proof), where)
    return ProofChecker(proof, session.repository, where)


def _proven(
    approval: Approval,
    checker: ProofChecker,
    environ: Mapping[str, str],
    key: str,
    ask: Callable[[str], str],
) -> Approval:
    from zt_gate.errors import UsageError
    from zt_gate.policy import approval_signing
    from zt_gate.policy.approval_proof import setup_problem

    problem = setup_problem(checker.proof, checker.where)
    if problem:
        raise UsageError(f"nothing was released: {problem}")
    if checker.proof == "none":
        return approval
    if checker.proof == "ssh-sk":
        key = key or approval_signing.default_key(environ)
        proven = approval_signing.signed(approval, key, environ)
    else:
        code = ask("one-time code: ") if checker.proof == "totp" else ""
        helper = checker.where.helper
        (proven,) = approval_signing.recorded([approval], checker.proof, helper, code)
    problem = checker.problem(proven)
    if problem:
        raise UsageError(f"nothing was released: {problem}")
    return proven

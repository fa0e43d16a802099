"""A person's decision about the guard's state, with the proof that ``[approval]`` asks for.

The record of a decision is checked each time that it is used, so one that a program wrote
does not count where a proof is required.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from zt_gate.policy.approval_proof import ProofChecker
    from zt_gate.policy.approvals import Approval
    from zt_gate.policy.schema import Proof


def request(
    rule: str, change: str, repository: str, by: str, reason: str, *, days: int
) -> Approval:
    """Return a decision that has no proof yet; ``change`` identifies what it is about."""
    from datetime import UTC, datetime, timedelta

    from zt_gate.policy.approvals import Approval
    from zt_gate.system.digests import sha256

    expires = datetime.now(UTC).date() + timedelta(days=days)
    return Approval(
        sha256(change.encode())[:32],
        rule,
        "",
        reason,
        by,
        _today(),
        expires.isoformat(),
        repository,
        change,
    )


def proven(  # noqa: PLR0917
    approval: Approval,
    proof: str,
    environ: Mapping[str, str],
    key: str,
    ask: Callable[[str], str],
    done: str,
) -> Approval:
    """Return the decision with the proof of the policy, ``proof``, or of the machine.

    ``key`` is the key of a security key, "" for the usual one; ``ask`` puts a question to
    the person; ``done`` is what was not done if there is no proof.  Raises UsageError or
    ApprovalError then.
    """
    from zt_gate.errors import UsageError
    from zt_gate.policy import approval_signing
    from zt_gate.policy.approval_proof import setup_problem

    checker = _checker(proof, approval.repository)
    problem = setup_problem(checker.proof, checker.where)
    if problem:
        raise UsageError(f"nothing was {done}: {problem}")
    if checker.proof == "none":
        return approval
    if checker.proof == "ssh-sk":
        key = key or approval_signing.default_key(environ)
        found = approval_signing.signed(approval, key, environ)
    else:
        code = ask("one-time code: ") if checker.proof == "totp" else ""
        helper = checker.where.helper
        (found,) = approval_signing.recorded([approval], checker.proof, helper, code)
    problem = checker.problem(found)
    if problem:
        raise UsageError(f"nothing was {done}: {problem}")
    return found


def problem_of_record(
    record: Mapping[str, Any], rule: str, change: str, proof: str, repository: str
) -> str:
    """Return why the record of a decision does not hold now, "" if it does."""
    from zt_gate.policy.approvals import Approval, ApprovalError

    try:
        approval = Approval(**record)
        checker = _checker(proof, repository)
    except (TypeError, ApprovalError) as error:
        return f"its record cannot be used ({error})"
    if approval.rule != rule or approval.change != change:
        return "it was given for something else"
    if not approval.holds(_today()):
        return f"it ended on {approval.expires}"
    return checker.problem(approval)


def _checker(proof: str, repository: str) -> ProofChecker:
    from zt_gate.policy.approval_proof import ProofChecker, places, required_proof

    where = places()
    return ProofChecker(required_proof(cast("Proof", proof), where), repository, where)


def _today() -> str:
    import time

    return time.strftime("%Y-%m-%d", time.gmtime())

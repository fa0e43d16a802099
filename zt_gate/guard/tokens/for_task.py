"""A token for a task of a project, in the session of the process that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.guard.policy import pinned_policy
from zt_gate.guard.repository import surroundings
from zt_gate.guard.session import own_session
from zt_gate.guard.task import built_in
from zt_gate.guard.tokens import session_tokens
from zt_gate.guard.tokens.base import TokenRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.tokens.session_tokens import ScopedToken


def create_for_task(  # noqa: PLR0917
    places: GuardPlaces,
    issuer: str,
    task: str,
    minutes: int,
    folder: str,
    environ: Mapping[str, str],
) -> ScopedToken:
    """Return a token for a task; raises GateError.

    What an earlier process left is revoked first.
    """
    if not task:
        raise UsageError("a token needs a task")
    place = surroundings(folder)
    policy = pinned_policy(places, place.key)
    policy.task_named(task, built_in)
    session = own_session.begin(places, place, policy, task)
    session_tokens.revoke_leftovers(places, environ)
    request = TokenRequest(task, minutes, session.id)
    return session_tokens.create(places, issuer, request, place.root, environ)

"""What an ``exec`` has besides its sandbox: its session, and a token for its task."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zt_gate.errors import GateError
from zt_gate.guard.session import own_session
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from zt_gate.guard.broker.keeper import BrokerKeeper
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.guard.repository import ProjectPlace


class EndedBySignalError(GateError):
    """``exec`` was told to end before its command ran."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What a token adds: variables, hosts, and files that must not be readable inside."""

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    hosts: tuple[str, ...] = ()
    secret_files: tuple[str, ...] = ()


@contextmanager
def granted(  # noqa: PLR0917
    places: GuardPlaces,
    place: ProjectPlace,
    policy: GuardPolicy,
    task: str,
    issuer: str,
    minutes: int,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    broker: BrokerKeeper | None = None,
) -> Iterator[Granted]:
    """Begin the session, and hold a token while the block runs.

    ``broker`` keeps the session where there is one.  ``issuer`` is "" for no token.
    Tokens that an earlier process left are revoked first; ``say`` hears what could not
    be.  Raises UsageError, TokenError and GuardStateError: then nothing may start.  At the
    end the token is revoked, which raises TokenError if the issuer does not confirm it.
    """
    if broker is not None:
        session = broker.begin_exec(place, task)
    else:
        session = own_session.begin(places, place, policy, task)
    from zt_gate.guard.tokens import session_tokens
    from zt_gate.guard.tokens.base import TokenRequest
    from zt_gate.guard.tokens.settings import issuer_settings, secret_files

    for left in session_tokens.revoke_leftovers(places, environ):
        if left.problem:
            say(
                f"a token of the session {left.record.session}, which has ended, may still "
                f"be valid: {left.problem}"
            )
    if not issuer:
        yield Granted()
        return
    request = TokenRequest(task, minutes or session_tokens.MINUTES, session.id)
    kinds = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    previous = {kind: signal.signal(kind, _stop) for kind in kinds}
    try:
        files = secret_files(issuer_settings(places, issuer, place.root), places)
        token = session_tokens.create(places, issuer, request, place.root, environ)
        try:
            yield Granted(token.variables, token.hosts, files)
        finally:
            # A second signal must not leave the token behind.
            for kind in kinds:
                signal.signal(kind, signal.SIG_IGN)
            token.revoke()
    finally:
        for kind, handler in previous.items():
            signal.signal(kind, handler)


def _stop(number: int, _frame: FrameType | None) -> None:
    """Raise for a signal that would end this process without revoking."""
    raise EndedBySignalError(f"ended by {signal.Signals(number).name}")

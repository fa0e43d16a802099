"""Tokens of sessions: created for a task, revoked at the end, at containment, after a crash."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Self

from zt_gate.errors import GateError, UsageError
from zt_gate.guard.session.identity import is_here, own_key
from zt_gate.guard.tokens import ask, records
from zt_gate.guard.tokens.base import TokenError, TokenRequest
from zt_gate.guard.tokens.records import TokenRecord
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.tokens.base import IssuedToken

#: Minutes of a token where nobody says otherwise, and the most: one day.
MINUTES = 60
MOST_MINUTES = 1440
#: Seconds after its end for which a token that nobody can revoke is remembered.
_KEPT = 30 * 86_400


@dataclass(frozen=True, slots=True)
class ScopedToken:
    """A token for one task; ``with`` revokes it at the end.

    ``value`` is the token, ``variables`` the environment by which programs find it, and
    ``hosts`` are where it is used.  ``seconds`` is its lifetime.
    """

    value: str = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    hosts: tuple[str, ...]
    seconds: int
    record: TokenRecord
    _places: GuardPlaces = field(repr=False)
    _environ: Mapping[str, str] = field(repr=False)

    def revoke(self) -> None:
        """End the token at its issuer; raises TokenError if that is not confirmed.

        Its record stays then, and the next start tries again.
        """
        _revoke(self._places, self.record, self.value, self._environ)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.revoke()


@dataclass(frozen=True, slots=True)
class Revocation:
    """What became of a token that was to be revoked; ``problem`` is "" if it is."""

    record: TokenRecord
    problem: str = ""


def create(
    places: GuardPlaces,
    issuer: str,
    request: TokenRequest,
    root: str,
    environ: Mapping[str, str],
) -> ScopedToken:
    """Issue a token and write its record; raises TokenError, GuardStateError, UsageError.

    If the record cannot be written, the token is revoked at once: nobody gets it.
    """
    if not 1 <= request.minutes <= MOST_MINUTES:
        raise UsageError(f"a token lives 1 to {MOST_MINUTES} minutes")
    token = ask.issue(places, issuer, request, root, environ)
    now = time.time()
    record = TokenRecord(
        os.urandom(8).hex(),
        issuer,
        token.handle,
        request.task,
        request.session,
        root,
        own_key(),
        now,
        now + token.longest,
    )
    try:
        records.store(places, record)
    except GateError as error:
        _undo(places, record, token, environ, error)
        raise
    return ScopedToken(
        token.value,
        token.variables,
        token.hosts,
        token.seconds,
        record,
        places,
        dict(environ),
    )


def revoke_leftovers(
    places: GuardPlaces, environ: Mapping[str, str]
) -> Sequence[Revocation]:
    """Revoke what processes left that ended without revoking; raises GuardStateError."""
    left = [one for one in records.stored(places) if not is_here(one.process)]
    return [_tried(places, record, environ) for record in left]


def revoke_of_session(
    places: GuardPlaces, session: str, environ: Mapping[str, str]
) -> Sequence[Revocation]:
    """Revoke the tokens of a session, and what ended processes left.

    With a broker, a command in the sandbox has a session of its own: what is left of it is
    known by its process.  Raises GuardStateError.
    """
    own = [
        one
        for one in records.stored(places)
        if one.session == session or not is_here(one.process)
    ]
    return [_tried(places, record, environ) for record in own]


def _tried(
    places: GuardPlaces, record: TokenRecord, environ: Mapping[str, str]
) -> Revocation:
    try:
        _revoke(places, record, "", environ)
    except (TokenError, UsageError) as error:
        if time.time() > record.ends + _KEPT:
            records.forget(places, record)
        return Revocation(record, str(error))
    return Revocation(record)


def _revoke(
    places: GuardPlaces, record: TokenRecord, value: str, environ: Mapping[str, str]
) -> None:
    ask.revoke(places, record.issuer, record.handle, value, record.root, environ)
    records.forget(places, record)


def _undo(
    places: GuardPlaces,
    record: TokenRecord,
    token: IssuedToken,
    environ: Mapping[str, str],
    reason: GateError,
) -> None:
    try:
        ask.revoke(
            places, record.issuer, token.handle, token.value, record.root, environ
        )
    except GateError as error:
        raise TokenError(
            f"{reason}. The token that was issued could not be revoked either: {error}"
        ) from error

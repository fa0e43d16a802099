"""What an issuer of tokens is: it issues one token for a task, and revokes it.

A token's value is in memory and in the session's environment only.  What is stored is its
``handle``, with which a token can be revoked but not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from zt_gate.errors import GateError
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
_LONGEST = 300


class TokenError(GateError):
    """A token could not be issued, checked or revoked; the text has no secret."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What is asked of an issuer: a token for a task, for some minutes.

    ``session`` is the guard's id of the session; issuers that can store it do.
    """

    task: str
    minutes: int
    session: str


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """One token.

    ``handle`` names it at the issuer without being it: with it the token is revoked.
    ``variables`` are the environment by which programs find the token; the value is among
    them.  ``hosts`` are those where it is used.  ``seconds`` is its lifetime, ``longest``
    the time after which it ends whatever happens.
    """

    handle: str
    value: str = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    hosts: tuple[str, ...]
    seconds: int
    longest: int


class TokenIssuer(Protocol):
    """Issues and revokes; made from the user's settings by ``issuer`` in its module."""

    def issue(self, request: TokenRequest) -> IssuedToken:
        """Return a token that has what was asked for, and no more; raises TokenError.

        A token with other rights is revoked at once, and is an error.
        """

    def revoke(self, handle: str, value: str) -> None:
        """Return when the issuer has confirmed that the token does not work any more.

        ``value`` is the token itself, "" if it is not known any more, as after a crash.
        Revoking twice is no error.  Raises TokenError.
        """


def checked_address(address: str, what: str) -> str:
    """Return an address to which a secret may be sent; raises TokenError.

    It is encrypted, or a loopback address.
    """
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise TokenError(f"{what} is no address: {address!a}") from None
    is_loopback = parts.scheme == "http" and host in _LOOPBACK
    if not host or parts.username is not None or parts.query or parts.fragment:
        raise TokenError(f"{what} is no address: {address!a}")
    if parts.scheme != "https" and not is_loopback:
        raise TokenError(f"{what} must begin with https://: {address!a}")
    return address.rstrip("/")


def host_of(address: str) -> str:
    """Return the host of a checked address as a task names it, with an unusual port."""
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def shown(text: Any, *secrets: str) -> str:
    """Return what a server said, on one line, short, and without the secrets."""
    line = " ".join(str(text).split())
    for secret in secrets:
        if secret:
            line = line.replace(secret, "[token]")
    return ascii(line[:_LONGEST])[1:-1]


def for_task(settings: Mapping[str, Any], key: str, task: str, issuer: str) -> Any:
    """Return what a table of the settings has for a task; raises TokenError."""
    table = settings.get(key) or {}
    if task not in table:
        raise TokenError(
            f"no {key} for the task {task!a}: a person adds it to [guard.tokens.{issuer}] "
            "in config.toml"
        )
    return table[task]

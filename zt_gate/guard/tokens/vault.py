"""Tokens of a Vault or OpenBao server, through ``hvac`` (``zt-gate[vault]``).

The issuing token, a person's, creates a child token with the task's policy, and needs
``auth/token/create``, ``lookup-accessor`` and ``revoke-accessor``.  The server's word is
not enough: after issuing and after revoking it is asked what the accessor stands for.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NoReturn

from zt_gate.guard.tokens.base import (
    IssuedToken,
    TokenError,
    TokenRequest,
    checked_address,
    for_task,
    host_of,
    shown,
)
from zt_gate.guard.tokens.secret_file import read_secret_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Seconds that the server has for one answer, and before a failed revocation is tried again.
_SECONDS = 8
_PAUSE = 0.5
#: What servers say of an accessor whose token does not exist any more.
_GONE = ("invalid accessor", "bad token", "token not found", "no token found")
NEEDED = ("address", "policies")
KEYS = ("address", "policies", "token-file", "role", "namespace", "mount", "ca-file")


def issuer(settings: Mapping[str, Any], secret: str) -> VaultIssuer:
    """Return the issuer; ``secret`` is the issuing token.  Raises TokenError."""
    return VaultIssuer(settings, secret)


def issuing_secret(
    home: str, settings: Mapping[str, Any], environ: Mapping[str, str]
) -> str:
    """Return the issuing token; raises TokenError."""
    if environ.get("VAULT_TOKEN") and "token-file" not in settings:
        return environ["VAULT_TOKEN"]
    path = str(settings.get("token-file") or os.path.join(home, ".vault-token"))
    text = read_secret_file(path).strip()
    if not text.isascii() or not text.isprintable() or not text:
        raise TokenError(f"{path} has no token")
    return text


class VaultIssuer:
    """Issues and revokes at one server; see ``TokenIssuer``."""

    def __init__(self, settings: Mapping[str, Any], secret: str) -> None:
        try:
            import hvac
            import requests
        except ImportError:
            raise TokenError(
                "the package hvac is not installed; install zt-gate[vault]"
            ) from None
        self._settings = settings
        self._secret = secret
        self._address = checked_address(str(settings["address"]), "vault's address")
        self._mount = str(settings.get("mount") or "token")
        session = requests.Session()
        session.trust_env = False  # no proxy, no ~/.netrc
        self._client = hvac.Client(
            url=self._address,
            token=secret,
            verify=str(settings.get("ca-file") or "") or True,
            timeout=_SECONDS,
            allow_redirects=False,
            session=session,
            namespace=str(settings.get("namespace") or "") or None,
        )

    def issue(self, request: TokenRequest) -> IssuedToken:
        """Return a token with the task's policies alone; see ``TokenIssuer``."""
        policies = for_task(self._settings, "policies", request.task, "vault")
        answer = self._asked(
            "create a token",
            lambda: self._client.auth.token.create(
                role_name=str(self._settings.get("role") or "") or None,
                policies=list(policies),
                no_default_policy=True,
                renewable=False,
                ttl=f"{request.minutes}m",
                explicit_max_ttl=f"{2 * request.minutes}m",
                type="service",
                display_name=f"zt-gate-{request.task}",
                meta={"zt-gate-session": request.session, "zt-gate-task": request.task},
                mount_point=self._mount,
            ),
        )
        auth = answer.get("auth")
        auth = auth if isinstance(auth, dict) else {}
        value, handle = _word(auth.get("client_token")), _word(auth.get("accessor"))
        if not value or not handle or value == self._secret:
            raise TokenError(f"{self._address} answered without a new token")
        seconds = 60 * request.minutes
        problem = _problem(auth, answer, policies, seconds) or self._problem_at(
            handle, policies, seconds
        )
        if problem:
            self._refuse(handle, value, problem)
        variables = {"VAULT_TOKEN": value, "VAULT_ADDR": self._address}
        if self._settings.get("namespace"):
            variables["VAULT_NAMESPACE"] = str(self._settings["namespace"])
        hosts = (host_of(self._address),)
        return IssuedToken(handle, value, variables, hosts, seconds, 2 * seconds)

    def revoke(self, handle: str, value: str = "") -> None:
        """Revoke by the accessor, and ask whether it is gone; see ``TokenIssuer``."""
        last: TokenError | None = None
        for attempt in range(2):
            try:
                if attempt:
                    time.sleep(_PAUSE)
                self._revoked(handle, value)
            except TokenError as error:
                last = error
            else:
                return
        assert last is not None
        raise last

    def _revoked(self, handle: str, value: str) -> None:
        try:
            self._asked(
                "revoke a token",
                lambda: self._client.auth.token.revoke_accessor(
                    handle, mount_point=self._mount
                ),
                value,
            )
        except _GoneError:
            return
        try:
            self._lookup(handle, value)
        except _GoneError:
            return
        raise TokenError(
            f"{self._address} says that the token was revoked, but it still exists"
        )

    def _problem_at(self, handle: str, policies: Any, seconds: int) -> str:
        """Return what the server has stored otherwise than asked, "" for nothing."""
        try:
            data = self._lookup(handle, "").get("data")
        except TokenError as error:
            return str(error)
        if not isinstance(data, dict) or data.get("accessor") != handle:
            return "the server does not know it"
        if not _is_number(data.get("explicit_max_ttl"), 1, 2 * seconds):
            return "it has another maximal lifetime"
        if not _is_number(data.get("ttl"), 0, seconds):
            return "it lives longer"
        if data.get("renewable") is not False:
            return "it can be renewed"
        return _other_policies(data, policies)

    def _lookup(self, handle: str, value: str) -> dict[str, Any]:
        return self._asked(
            "look up a token",
            lambda: self._client.auth.token.lookup_accessor(
                handle, mount_point=self._mount
            ),
            value,
        )

    def _refuse(self, handle: str, value: str, problem: str) -> NoReturn:
        text = f"{self._address} issued another token than asked: {problem}"
        try:
            self.revoke(handle, value)
        except TokenError as error:
            raise TokenError(f"{text}; it could not be revoked: {error}") from None
        raise TokenError(f"{text}; it was revoked")

    def _asked(
        self, what: str, call: Callable[[], Any], value: str = ""
    ) -> dict[str, Any]:
        """Return the JSON of an answer; raises TokenError, _GoneError."""
        from hvac.exceptions import VaultDown, VaultError
        from requests import RequestException

        place = f"{self._address} did not {what}"
        try:
            answer = call()
        except VaultDown:
            raise TokenError(f"{place}: it is sealed or not ready") from None
        except VaultError as error:
            text = shown("; ".join(map(str, error.errors or ())), self._secret, value)
            if any(word in text.lower() for word in _GONE):
                raise _GoneError(text) from None
            kind = type(error).__name__
            raise TokenError(f"{place}: {text or kind}") from None
        except (RequestException, ValueError) as error:
            raise TokenError(f"{place}: no answer ({type(error).__name__})") from None
        if isinstance(answer, dict):
            return answer
        if getattr(answer, "status_code", 0) == 204:
            return {}
        raise TokenError(f"{place}: the answer is not JSON")


class _GoneError(TokenError):
    """The server does not know the accessor."""


def _problem(
    auth: Mapping[str, Any], answer: Mapping[str, Any], policies: Any, seconds: int
) -> str:
    warnings = answer.get("warnings") or ()
    missing = [text for text in warnings if "does not exist" in str(text)]
    if missing:
        return shown(missing[0])
    if auth.get("renewable") is not False:
        return "it can be renewed"
    if auth.get("token_type", "service") != "service":
        return "it cannot be revoked"
    if not _is_number(auth.get("lease_duration"), 1, seconds):
        return "it lives longer"
    return _other_policies(auth, policies)


def _other_policies(data: Mapping[str, Any], policies: Any) -> str:
    given = [*(data.get("policies") or ()), *(data.get("identity_policies") or ())]
    more = sorted({str(name) for name in given} - set(policies))
    if more:
        return f"it has the policies {shown(', '.join(more))}, too"
    if set(policies) - {str(name) for name in given}:
        return "it lacks a policy"
    return ""


def _word(value: Any) -> str:
    is_word = isinstance(value, str) and len(value) < 4096 and value.isprintable()
    return str(value) if is_word else ""


def _is_number(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most

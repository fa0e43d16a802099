"""Installation tokens of a GitHub App.

GitHub gives each an hour and no shorter life, and revokes one only when it is shown the
token.  So after a crash such a token cannot be revoked: it ends by itself.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from zt_gate.guard.tokens.base import (
    IssuedToken,
    TokenError,
    TokenRequest,
    checked_address,
    for_task,
    host_of,
    shown,
)
from zt_gate.guard.tokens.http import call
from zt_gate.guard.tokens.secret_file import checked_secret_file

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDED = (
    "app-id", "installation-id", "key-file", "permissions", "repositories",
)  # fmt: skip
KEYS = (
    "app-id", "installation-id", "key-file", "address", "permissions", "repositories",
)  # fmt: skip
_ADDRESS = "https://api.github.com"
_LIFE = 3600
_RANK = {"": 0, "read": 1, "write": 2, "admin": 3}
_OPENSSL = ("/usr/bin/openssl", "/usr/local/bin/openssl", "/opt/homebrew/bin/openssl")


def issuer(settings: Mapping[str, Any], secret: str) -> GithubAppIssuer:
    """Return the issuer; ``secret`` is the path of the app's key.  Raises TokenError."""
    return GithubAppIssuer(settings, secret)


def issuing_secret(
    home: str, settings: Mapping[str, Any], environ: Mapping[str, str]
) -> str:
    """Return the path of the app's key, which the signer alone reads; raises TokenError."""
    del home, environ
    return checked_secret_file(str(settings["key-file"]))


class GithubAppIssuer:
    """Issues and revokes for one installation; see ``TokenIssuer``."""

    def __init__(self, settings: Mapping[str, Any], secret: str) -> None:
        self._settings = settings
        self._key_file = secret
        self._address = checked_address(
            str(settings.get("address") or _ADDRESS), "github-app's address"
        )

    def issue(self, request: TokenRequest) -> IssuedToken:
        """Return a token with the task's permissions; see ``TokenIssuer``."""
        if request.minutes * 60 > _LIFE:
            raise TokenError("a token of a GitHub App lives an hour: ask for less")
        wanted = for_task(self._settings, "permissions", request.task, "github-app")
        body: dict[str, Any] = {"permissions": dict(wanted)}
        body["repositories"] = list(
            for_task(self._settings, "repositories", request.task, "github-app")
        )
        number = self._settings["installation-id"]
        status, content = call(
            "POST",
            f"{self._address}/app/installations/{int(number)}/access_tokens",
            _headers(self._assertion()),
            json.dumps(body).encode("ascii"),
        )
        answer = _json(content)
        if status != 201:
            raise TokenError(
                f"{self._address} issued no token ({status}): "
                f"{shown(answer.get('message', ''))}"
            )
        value = answer.get("token")
        if not isinstance(value, str) or not value or not value.isprintable():
            raise TokenError(f"{self._address} answered without a token")
        problem = _problem(answer, wanted, body["repositories"])
        if problem:
            self.revoke("", value)
            raise TokenError(
                f"{self._address} issued another token than asked: {problem}; it was revoked"
            )
        hosts = (host_of(self._address), *_git_hosts(self._address))
        variables = {"GITHUB_TOKEN": value, "GH_TOKEN": value}
        return IssuedToken(
            f"installation {number}", value, variables, hosts, _LIFE, _LIFE
        )

    def revoke(self, handle: str, value: str) -> None:
        """Revoke with the token itself, and see that it is refused; see ``TokenIssuer``."""
        del handle
        if not value:
            raise TokenError(
                "GitHub revokes a token only with the token, which is not kept"
            )
        status, _ = call(
            "DELETE", f"{self._address}/installation/token", _headers(value)
        )
        if status not in {204, 401}:
            raise TokenError(f"{self._address} did not revoke the token ({status})")
        status, _ = call(
            "GET", f"{self._address}/installation/repositories", _headers(value)
        )
        if status != 401:
            raise TokenError(
                f"{self._address} says that the token was revoked, but takes it ({status})"
            )

    def _assertion(self) -> str:
        """Return the signed statement by which the app proves itself (RFC 7519, RS256)."""
        now = int(time.time())
        claims = {
            "iat": now - 60,
            "exp": now + 540,
            "iss": str(self._settings["app-id"]),
        }
        text = ".".join(
            _base64(json.dumps(part).encode())
            for part in ({"alg": "RS256", "typ": "JWT"}, claims)
        )
        return f"{text}.{_base64(self._signature(text.encode('ascii')))}"

    def _signature(self, data: bytes) -> bytes:
        program = next((path for path in _OPENSSL if os.access(path, os.X_OK)), "")
        if not program:
            raise TokenError("openssl is not installed, which signs for a GitHub App")
        done = subprocess.run(
            [program, "dgst", "-sha256", "-sign", self._key_file],
            input=data,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0 or not done.stdout:
            raise TokenError(f"{self._key_file} is no key of a GitHub App")
        return done.stdout


def _headers(bearer: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {bearer}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "zt-gate",
        "Content-Type": "application/json",
    }


def _json(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        raise TokenError("GitHub's answer is not JSON") from None
    return answer if isinstance(answer, dict) else {}


def _problem(
    answer: Mapping[str, Any], wanted: Mapping[str, str], repositories: list[str]
) -> str:
    """Return what a token has more than was asked, "" for nothing."""
    given = answer.get("permissions")
    if not isinstance(given, dict):
        return "its permissions are not known"
    for name, kind in given.items():
        if name == "metadata" and kind == "read":
            continue  # every installation token may read it
        if _RANK.get(str(kind), 9) > _RANK.get(str(wanted.get(name, "")), 0):
            return f"it may {shown(kind)} {shown(name)}"
    if set(wanted) - set(given):
        return "it lacks a permission"
    if answer.get("repository_selection") != "selected":
        return "it is for all repositories"
    rows = answer.get("repositories")
    names = {row.get("name") for row in rows} if isinstance(rows, list) else None
    if names != set(repositories):
        return "it is for other repositories"
    try:
        expires = datetime.fromisoformat(str(answer["expires_at"]))
    except (KeyError, ValueError):
        return "its end is not known"
    if (expires - datetime.now(UTC)).total_seconds() > _LIFE + 300:
        return "it lives longer than an hour"
    return ""


def _git_hosts(address: str) -> tuple[str, ...]:
    return ("github.com",) if address == _ADDRESS else ()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")

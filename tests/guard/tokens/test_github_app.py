"""Installation tokens of a GitHub App, against a local stand-in of the two endpoints."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.local_server import LocalServer
from zt_gate.guard.tokens.base import TokenError, TokenRequest
from zt_gate.guard.tokens.github_app import GithubAppIssuer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUEST = TokenRequest("ci", 30, "s1")


class StandIn:
    """GitHub's API for one installation; ``change`` replaces parts of its answer."""

    def __init__(self, public: str) -> None:
        self.public = public
        self.alive: set[str] = set()
        self.asked: dict[str, Any] = {}
        self.change: dict[str, Any] = {}
        self.keeps = False
        self.http = LocalServer(_Handler, stand_in=self)
        self.address = self.http.address


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn

    def do_POST(self) -> None:
        import jwt

        stand = self.stand_in
        size = int(self.headers["Content-Length"])
        stand.asked = json.loads(self.rfile.read(size))
        bearer = self.headers["Authorization"].removeprefix("Bearer ")
        claims = jwt.decode(bearer, stand.public, algorithms=["RS256"])
        is_short = claims["exp"] - claims["iat"] <= 660
        if claims["iss"] != "7" or not is_short:
            self.send(401, {"message": "Bad credentials"})
            return
        if self.path != "/app/installations/42/access_tokens":
            self.send(404, {"message": "Not Found"})
            return
        value = f"ghs_{len(stand.alive)}"
        stand.alive.add(value)
        end = datetime.now(UTC) + timedelta(hours=1)
        self.send(201, {
            "token": value,
            "expires_at": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "permissions": {**stand.asked["permissions"], "metadata": "read"},
            "repository_selection": "selected",
            "repositories": [{"name": name} for name in stand.asked["repositories"]],
            **stand.change,
        })  # fmt: skip

    def do_GET(self) -> None:
        self.with_token(200)

    def do_DELETE(self) -> None:
        self.with_token(204)

    def with_token(self, status: int) -> None:
        stand = self.stand_in
        value = self.headers["Authorization"].removeprefix("Bearer ")
        if value not in stand.alive:
            self.send(401, {"message": "Bad credentials"})
            return
        if status == 204 and not stand.keeps:
            stand.alive.remove(value)
        self.send(status, {})

    def send(self, status: int, answer: dict[str, Any]) -> None:
        content = b"" if status == 204 else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[tuple[StandIn, GithubAppIssuer]]:
    pytest.importorskip("jwt")
    key = tmp_path / "app.pem"
    words = ["openssl", "genpkey", "-algorithm", "RSA", "-out", str(key)]
    subprocess.run(words, check=True, capture_output=True)
    words = ["openssl", "pkey", "-in", str(key), "-pubout"]
    public = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    server = StandIn(public)
    settings = {
        "app-id": 7,
        "installation-id": 42,
        "key-file": str(key),
        "address": server.address,
        "permissions": {"ci": {"contents": "read"}},
        "repositories": {"ci": ["project"]},
    }
    yield server, GithubAppIssuer(settings, str(key))
    server.http.close()


def test_a_token_has_the_permissions_of_its_task(
    stand: tuple[StandIn, GithubAppIssuer],
) -> None:
    server, issuer = stand
    token = issuer.issue(REQUEST)
    assert server.asked == {
        "permissions": {"contents": "read"},
        "repositories": ["project"],
    }
    assert server.alive == {token.value}
    assert token.variables["GH_TOKEN"] == token.value
    assert token.value not in token.handle
    issuer.revoke(token.handle, token.value)
    assert server.alive == set()
    issuer.revoke(token.handle, token.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"permissions": {"contents": "write"}}, "it may write contents"),
        ({"permissions": {"contents": "read", "actions": "read"}}, "may read actions"),
        ({"permissions": {"metadata": "read"}}, "it lacks a permission"),
        ({"repository_selection": "all"}, "it is for all repositories"),
        ({"repositories": [{"name": "other"}]}, "it is for other repositories"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "it lives longer than an hour"),
        ({"expires_at": None}, "its end is not known"),
    ],
)
def test_another_token_than_asked_is_revoked(
    stand: tuple[StandIn, GithubAppIssuer], change: dict[str, Any], said: str
) -> None:
    server, issuer = stand
    server.change = change
    with pytest.raises(TokenError, match=said):
        issuer.issue(REQUEST)
    assert server.alive == set()


def test_a_revocation_that_is_only_claimed_is_an_error(
    stand: tuple[StandIn, GithubAppIssuer],
) -> None:
    server, issuer = stand
    token = issuer.issue(REQUEST)
    server.keeps = True
    with pytest.raises(
        TokenError, match="says that the token was revoked, but takes it"
    ):
        issuer.revoke(token.handle, token.value)


def test_what_cannot_be_had_is_said(
    stand: tuple[StandIn, GithubAppIssuer], tmp_path: Path
) -> None:
    server, issuer = stand
    token = issuer.issue(REQUEST)
    with pytest.raises(TokenError, match="only with the token"):
        issuer.revoke(token.handle, "")
    with pytest.raises(TokenError, match="lives an hour"):
        issuer.issue(TokenRequest("ci", 61, "s1"))
    with pytest.raises(TokenError, match="no permissions for the task 'x'"):
        issuer.issue(TokenRequest("x", 30, "s1"))
    (tmp_path / "app.pem").write_text("no key")
    with pytest.raises(TokenError, match="is no key of a GitHub App"):
        issuer.issue(REQUEST)
    server.http.close()

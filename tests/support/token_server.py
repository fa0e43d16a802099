"""A local server of the token endpoints of Vault and OpenBao, with faults on request.

It answers as the API's documentation says: the shape of answers and errors, policies,
lifetimes, children that end with their parent, accessors.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.local_server import LocalServer

_UNITS = {"s": 1, "m": 60, "h": 3600}
_LONGEST = 32 * 86_400


@dataclass
class Token:
    """One token as the server stores it."""

    value: str
    accessor: str
    policies: list[str]
    parent: str = ""
    ttl: int = _LONGEST
    explicit_max_ttl: int = 0
    renewable: bool = True
    meta: dict[str, str] = field(default_factory=dict)
    display_name: str = "token"
    kind: str = "service"
    made: float = field(default_factory=time.time)

    @property
    def left(self) -> int:
        return int(self.made + self.ttl - time.time())


class TokenServer:
    """The server; ``fault`` names what it does wrong, "" for nothing."""

    def __init__(self, known_policies: tuple[str, ...] = ("ci-read",)) -> None:
        self.known_policies = {*known_policies, "default", "root"}
        self.fault = ""
        self.calls: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        root = f"hvs.{secrets.token_hex(12)}"
        self.root = Token(root, secrets.token_hex(12), ["root"])
        self.tokens = {root: self.root}
        self.issued: list[Token] = []
        self.released = threading.Event()
        self._http = LocalServer(_Handler, tokens=self)
        self.address = self._http.address

    def close(self) -> None:
        """Stop: a connection is refused from now on."""
        self.released.set()
        self._http.close()

    def alive(self) -> list[Token]:
        """The issued tokens that still work."""
        return [one for one in self.issued if self.valid(one.value) is not None]

    def valid(self, value: str) -> Token | None:
        token = self.tokens.get(value)
        return token if token is not None and token.left > 0 else None

    def by_accessor(self, accessor: str) -> Token | None:
        fitting = (one for one in self.tokens.values() if one.accessor == accessor)
        token = next(fitting, None)
        return token if token is not None and token.left > 0 else None

    def end(self, token: Token) -> None:
        """Revoke a token with its children."""
        self.tokens.pop(token.value, None)
        for child in [one for one in self.tokens.values() if one.parent == token.value]:
            self.end(child)

    def create(
        self, caller: Token, asked: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        policies = [str(name) for name in asked.get("policies") or caller.policies]
        if "root" not in caller.policies and not set(policies) <= set(caller.policies):
            return 400, {"errors": ["child policies must be subset of parent"]}
        if not asked.get("no_default_policy"):
            policies.append("default")
        missing = [name for name in policies if name not in self.known_policies]
        if self.fault == "more policies":
            policies.append("root")
        ttl = _seconds(asked.get("ttl"), _LONGEST)
        most = _seconds(asked.get("explicit_max_ttl"), 0)
        token = Token(
            f"hvs.{secrets.token_hex(12)}",
            secrets.token_hex(12),
            sorted(set(policies)),
            caller.value,
            min(ttl, most or ttl),
            0 if self.fault == "no maximum" else most,
            bool(asked.get("renewable", True)) or self.fault == "renewable",
            asked.get("meta") or {},
            f"token-{asked.get('display_name', '')}",
            "batch" if self.fault == "batch" else str(asked.get("type") or "service"),
        )
        if self.fault == "longer":
            token.ttl *= 10
        self.tokens[token.value] = token
        self.issued.append(token)
        auth = {
            "client_token": caller.value if self.fault == "own token" else token.value,
            "accessor": "" if self.fault == "no accessor" else token.accessor,
            "policies": token.policies,
            "token_policies": token.policies,
            "metadata": token.meta,
            "lease_duration": token.ttl,
            "renewable": token.renewable,
            "entity_id": "",
            "token_type": token.kind,
            "orphan": False,
            "num_uses": 0,
        }
        if self.fault == "lies about policies":
            token.policies.append("root")
            auth["policies"] = auth["token_policies"] = policies
        warnings = [f'Policy "{name}" does not exist' for name in missing] or None
        return 200, _answer(auth=auth, warnings=warnings)

    def lookup(self, token: Token, *, with_id: bool) -> tuple[int, dict[str, Any]]:
        data = {
            "accessor": token.accessor,
            "creation_time": int(token.made),
            "creation_ttl": token.ttl,
            "display_name": token.display_name,
            "entity_id": "",
            "explicit_max_ttl": token.explicit_max_ttl,
            "id": token.value if with_id else "",
            "meta": token.meta,
            "num_uses": 0,
            "orphan": False,
            "path": "auth/token/create",
            "policies": token.policies,
            "renewable": token.renewable,
            "ttl": token.left,
            "type": token.kind,
        }
        return 200, _answer(data=data)


def _answer(**fields: Any) -> dict[str, Any]:
    return {
        "request_id": secrets.token_hex(8),
        "lease_id": "",
        "renewable": False,
        "lease_duration": 0,
        "data": None,
        "wrap_info": None,
        "warnings": None,
        "auth": None,
        **fields,
    }


def _seconds(text: Any, default: int) -> int:
    if not text:
        return default
    return int(str(text)[:-1]) * _UNITS[str(text)[-1]]


class _Handler(BaseHTTPRequestHandler):
    tokens: TokenServer

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._serve(json.loads(self.rfile.read(length) or b"{}"))

    def _serve(self, asked: dict[str, Any]) -> None:
        server = self.tokens
        path = self.path.removeprefix("/v1/")
        server.calls.append(path)
        server.bodies.append(asked)
        fault = server.fault
        if fault == "slow":
            server.released.wait(120)
        if fault == "drip":
            self._drip()
            return
        if fault == "garbage":
            self._send(200, b"<html>welcome</html>")
            return
        if fault == "elsewhere":
            self.send_response(307)
            self.send_header("Location", "http://127.0.0.1:1/v1/steal")
            self.end_headers()
            return
        if fault == "sealed":
            self._send_json(503, {"errors": ["Vault is sealed"]})
            return
        if fault == "drop before" and "revoke" in path:
            self.close_connection = True
            self.connection.close()
            return
        status, answer = self._answer_to(path, asked)
        if fault == "drop after" and "revoke" in path:
            self.close_connection = True
            self.connection.close()
            return
        self._send_json(status, answer)

    def _answer_to(
        self, path: str, asked: dict[str, Any]
    ) -> tuple[int, dict[str, Any] | None]:
        server = self.tokens
        caller = server.valid(self.headers.get("X-Vault-Token", ""))
        if caller is None:
            return 403, {"errors": ["permission denied"]}
        name = path.removeprefix("auth/token/")
        if name == "lookup-self":
            return server.lookup(caller, with_id=True)
        if name == "revoke-self":
            server.end(caller)
            return 204, None
        if name == "renew-self":
            if not caller.renewable:
                return 400, {"errors": ["lease is not renewable"]}
            return 200, _answer()
        if "root" not in caller.policies and "issue" not in caller.policies:
            return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
        if name == "create":
            return server.create(caller, asked)
        if name in {"lookup-accessor", "revoke-accessor"}:
            return self._by_accessor(name, asked)
        return 404, {"errors": []}

    def _by_accessor(
        self, name: str, asked: dict[str, Any]
    ) -> tuple[int, dict[str, Any] | None]:
        server = self.tokens
        token = server.by_accessor(str(asked.get("accessor", "")))
        if token is None and name == "revoke-accessor":
            warnings = ["No token found with this accessor"]
            return 200, _answer(warnings=warnings)
        if token is None:
            return 403, {"errors": ["1 error occurred:\n\t* invalid accessor\n\n"]}
        if name == "lookup-accessor":
            return server.lookup(token, with_id=False)
        if server.fault != "keeps it":
            server.end(token)
        return 204, None

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while not self.tokens.released.wait(0.5):
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                return

    def _send_json(self, status: int, answer: dict[str, Any] | None) -> None:
        self._send(status, b"" if answer is None else json.dumps(answer).encode())

    def _send(self, status: int, content: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Print nothing."""

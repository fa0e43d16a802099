"""GitHub's REST interface: the few calls that the gate needs, and no redirects.

The token goes to the one address that the runner names and stands in no message.
What is not answered is an error, never an empty list.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.request import OpenerDirector

#: Wall seconds for all calls of one run, and for one of them.
SECONDS = 120.0
_ONE_CALL = 30.0
_MAX_BYTES = 20 << 20
_PER_PAGE = 100
_MAX_PAGES = 50
_VERSION = "2022-11-28"
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class ApiError(GateError):
    """A call was not answered as it should be; ``status`` is the HTTP status, 0 for none."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class ForgeClient:
    """One repository's interface; ``deadline`` is a ``time.monotonic()`` value."""

    url: str
    token: str = field(repr=False)
    deadline: float

    @classmethod
    def of(cls, url: str, token: str) -> ForgeClient:
        """Check the address; raises ApiError where the token could be read on the way."""
        parts = urlsplit(url)
        near = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not (parts.scheme == "https" or near) or parts.username is not None:
            raise ApiError(
                "GITHUB_API_URL is no https address; the token is not sent there"
            )
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ApiError(
                "there is no token for GitHub's interface: give the input token"
            )
        return cls(url.rstrip("/"), token, time.monotonic() + SECONDS)

    def get(self, path: str) -> Any:
        """Return what stands at ``path``; raises ApiError."""
        return self.send("GET", path)

    def pages(self, path: str) -> list[Any]:
        """Return a whole list; raises ApiError also where it is longer than can be read."""
        found: list[Any] = []
        mark = "&" if "?" in path else "?"
        for page in range(1, _MAX_PAGES + 1):
            items = self.get(f"{path}{mark}per_page={_PER_PAGE}&page={page}")
            if not isinstance(items, list):
                raise ApiError(f"GET {path}: no list was answered")
            found += items
            if len(items) < _PER_PAGE:
                return found
        raise ApiError(f"GET {path}: more than {_MAX_PAGES * _PER_PAGE} entries")

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Make one call and return the JSON that is answered; raises ApiError."""
        import http.client
        from urllib.error import HTTPError, URLError
        from urllib.request import Request

        data = None if body is None else json.dumps(body).encode("ascii")
        request = Request(self.url + path, data, method=method)  # noqa: S310 - checked in of()
        request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        for name, value in (
            ("Accept", "application/vnd.github+json"),
            ("X-GitHub-Api-Version", _VERSION),
            ("User-Agent", "zt-gate"),
            ("Content-Type", "application/json"),
        ):
            request.add_header(name, value)
        what = f"{method} {path.partition('?')[0]}"
        left = min(_ONE_CALL, self.deadline - time.monotonic())
        if left <= 0:
            raise ApiError(f"{what}: GitHub's interface took more than {SECONDS:.0f} s")
        try:
            with _opener().open(request, timeout=left) as answer:
                text = _read(answer, self.deadline)
        except HTTPError as error:
            error.close()
            raise ApiError(f"{what}: {_meaning(error.code)}", error.code) from None
        except (URLError, OSError, http.client.HTTPException) as error:
            raise ApiError(f"{what}: no answer ({type(error).__name__})") from None
        if text is None:
            raise ApiError(f"{what}: the answer is too long or too slow")
        try:
            return json.loads(text or b"null")
        except (ValueError, RecursionError):
            raise ApiError(f"{what}: the answer is no JSON") from None


def _opener() -> OpenerDirector:
    """Return what follows no redirect: where one leads is not where the token belongs."""
    from urllib import request

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler,
        request.UnknownHandler,
        request.HTTPHandler,
        request.HTTPSHandler,
        request.HTTPDefaultErrorHandler,
        request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


def _read(answer: Any, deadline: float) -> bytes | None:
    """Read an answer in pieces; None where it is too long, or comes too slowly."""
    text = bytearray()
    while chunk := answer.read1(1 << 16):
        text += chunk
        if len(text) > _MAX_BYTES or time.monotonic() > deadline:
            return None
    return bytes(text)


def _meaning(status: int) -> str:
    if status in {401, 403}:
        return f"not allowed ({status}): look at the job's permissions, or at the rate limit"
    if status == 404:
        return "not found, or not visible for this token (404)"
    if 300 <= status < 400:
        return f"moved ({status}); redirects are not followed"
    return f"status {status}"

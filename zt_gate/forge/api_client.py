"""A client for the few calls of GitHub's REST API that the gate needs.

It sends the token only to the address that the runner names, follows no redirects,
and puts the token in no message.  A missing answer is an error, never an empty list.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from zt_gate.errors import GateError
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.request import OpenerDirector

#: Wall seconds for all calls of one run, and for a single call.
SECONDS = 120.0
_CALL_SECONDS = 30.0
_MAX_BYTES = 20 << 20
_PER_PAGE = 100
_MAX_PAGES = 50
_VERSION = "2022-11-28"
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class ApiError(GateError):
    """A call failed; ``status`` is the HTTP status, 0 if there is none."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class ForgeClient:
    """A client of the API; ``deadline`` is a ``time.monotonic()`` value."""

    url: str
    token: str = field(repr=False)
    deadline: float

    @classmethod
    def of(cls, url: str, token: str) -> ForgeClient:
        """Return a client; raises ApiError for an unencrypted address or invalid token."""
        parts = urlsplit(url)
        is_loopback = parts.scheme == "http" and parts.hostname in _LOOPBACK
        is_safe = parts.scheme == "https" or is_loopback
        if not is_safe or parts.username is not None:
            raise ApiError(
                "GITHUB_API_URL is not an https URL, so the token is not sent"
            )
        is_word = token.isascii() and token.isprintable() and " " not in token
        if not token or not is_word:
            raise ApiError("no valid token for GitHub's API; set the input token")
        return cls(url.rstrip("/"), token, time.monotonic() + SECONDS)

    def get(self, path: str) -> Any:
        """Return the JSON at ``path``; raises ApiError."""
        return self.send("GET", path)

    def pages(self, path: str) -> list[Any]:
        """Return a whole list; raises ApiError, also if it has too many entries."""
        entries: list[Any] = []
        separator = "&" if "?" in path else "?"
        for number in range(1, _MAX_PAGES + 1):
            page = self.get(f"{path}{separator}per_page={_PER_PAGE}&page={number}")
            if not isinstance(page, list):
                raise ApiError(f"GET {path}: the answer is not a list")
            entries += page
            if len(page) < _PER_PAGE:
                return entries
        raise ApiError(f"GET {path}: more than {_MAX_PAGES * _PER_PAGE} entries")

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Make one call and return the JSON of the answer; raises ApiError."""
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
        call = f"{method} {path.partition('?')[0]}"
        timeout = min(_CALL_SECONDS, self.deadline - time.monotonic())
        if timeout <= 0:
            raise ApiError(f"{call}: GitHub's API took more than {SECONDS:.0f} s")
        try:
            with _opener().open(request, timeout=timeout) as answer:
                content = _read(answer, self.deadline)
        except HTTPError as error:
            error.close()
            raise ApiError(f"{call}: {_explain(error.code)}", error.code) from None
        except (URLError, OSError, http.client.HTTPException) as error:
            raise ApiError(f"{call}: no answer ({type(error).__name__})") from None
        if content is None:
            raise ApiError(f"{call}: the answer is too long or too slow")
        try:
            return json.loads(content or b"null")
        except (ValueError, RecursionError):
            raise ApiError(f"{call}: the answer is not JSON") from None


def _opener() -> OpenerDirector:
    """Return an opener that follows no redirect, which could take the token elsewhere."""
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
    """Return the body of an answer, None if it is too long or arrives too slowly."""
    content = bytearray()
    while chunk := answer.read1(1 << 16):
        content += chunk
        if len(content) > _MAX_BYTES or time.monotonic() > deadline:
            return None
    return bytes(content)


def _explain(status: int) -> str:
    if status in {401, 403}:
        return f"not allowed ({status}); check the job's permissions and the rate limit"
    if status == 404:
        return "not found, or not visible to this token (404)"
    if 300 <= status < 400:
        return f"moved ({status}); zt-gate follows no redirects"
    return f"HTTP status {status}"

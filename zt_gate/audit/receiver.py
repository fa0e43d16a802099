"""Where exported records go: an HTTP server that acknowledges them, or a file."""

from __future__ import annotations

import http.client
import json
import os
import ssl
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zt_gate import __version__
from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS = 30.0
_MOST_ANSWERED = 1 << 20
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class ReceiverError(GateError):
    """A receiver did not acknowledge records; they are sent again by the next export."""


def post(url: str, body: bytes, media_type: str, token: str) -> bytes:
    """Send a body and return the answer; raises ReceiverError unless the status is 2xx.

    A redirect is not followed: the address is the user's, and so is the token.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            host, parts.port, timeout=_SECONDS, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=_SECONDS)
    headers = {"Content-Type": media_type, "User-Agent": f"zt-gate/{__version__}"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with closing(connection):
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answer = response.read(_MOST_ANSWERED)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", "") or type(error).__name__
        raise ReceiverError(f"{host} did not take the records: {reason}") from error
    if not 200 <= response.status < 300:
        raise ReceiverError(
            f"{host} did not take the records: status {response.status}"
        )
    return answer


def checked_partial_success(answer: bytes) -> None:
    """Raise ReceiverError if an OTLP receiver says that it rejected spans."""
    if not answer.strip():
        return
    try:
        partial = json.loads(answer).get("partialSuccess") or {}
        rejected = int(partial.get("rejectedSpans") or 0)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ReceiverError("the receiver's answer is not OTLP in JSON") from error
    if rejected:
        raise ReceiverError(f"the receiver rejected {rejected} spans")


def append(path: str, data: bytes) -> None:
    """Append to a file, and wait until the disk has it; raises ReceiverError."""
    try:
        handle = os.open(path, _APPEND, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
    except OSError as error:
        raise ReceiverError(f"{path} cannot be written: {error.strerror}") from error


def sender(
    url: str, file: str, token: str, media_type: str, *, is_otlp: bool
) -> Callable[[bytes], None]:
    """Return what sends a body to the URL, or else appends it to the file."""

    def to_file(body: bytes) -> None:
        append(file, body if body.endswith(b"\n") else body + b"\n")

    def to_server(body: bytes) -> None:
        answer = post(url, body, media_type, token)
        if is_otlp:
            checked_partial_success(answer)

    return to_server if url else to_file

"""HTTP for the registries: the standard library, few connections, one deadline.

A client belongs to one thread.  Whatever a server does becomes a Response or a
RegistryError; credentials go to the origin that they were given for and nowhere else.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
import zlib
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit

from zt_gate import __version__
from zt_gate.ecosystems.registries.package_index import (
    Index,
    RegistryError,
    ResponseTooLargeError,
)
from zt_gate.ecosystems.registries.proxies import is_loopback, proxy_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.ecosystems.registries.response_timeout import ResponseTimeout

_MOST_BYTES = 8 * 1024 * 1024
_MOST_REDIRECTS = 3
_PAUSE = 0.15
_LONGEST_PAUSE = 2.0
_AGAIN = frozenset((429, 500, 502, 503, 504))
_PHRASES = {
    401: "requires credentials (401)",
    403: "denied access (403)",
    407: "is behind a proxy that requires credentials (407)",
    429: "is rate limiting requests (429)",
}


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer.

    ``type`` is the media type in lower case without parameters, ``modified``
    the header Last-Modified as it came, "" where there is none.
    """

    status: int
    type: str
    body: bytes
    modified: str = ""

    def json(self) -> Any:
        """Return the body as JSON; raises RegistryError unless it is announced as that and is."""
        if not (self.type.endswith(("/json", "+json"))):
            raise RegistryError("returned a response that is not JSON")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise RegistryError("returned invalid JSON") from error


class TlsSettings:
    """Certificates to trust, loaded once for all threads and only where TLS is spoken."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._files = {
            environ[name]
            for name in (
                "PIP_CERT",
                "REQUESTS_CA_BUNDLE",
                "NODE_EXTRA_CA_CERTS",
                "SSL_CERT_FILE",
            )
            if environ.get(name)
        }

    @cached_property
    def context(self) -> ssl.SSLContext:
        """Return the context: the system's certificates and those of the user's settings."""
        context = ssl.create_default_context()
        for name in sorted(self._files - {ssl.get_default_verify_paths().cafile or ""}):
            try:
                context.load_verify_locations(cafile=name)
            except (OSError, ssl.SSLError):
                continue  # fewer certificates are trusted, never more
        return context


@dataclass(slots=True)
class Client:
    """Connections of one thread; ``deadline`` is a ``time.monotonic()`` value.

    ``response_timeout`` limits how long nobody answers, None for as long as the deadline.
    """

    environ: Mapping[str, str]
    tls: TlsSettings
    deadline: float
    most_bytes: int = _MOST_BYTES
    response_timeout: ResponseTimeout | None = None
    _open: dict[tuple[str, str], http.client.HTTPConnection] = field(
        default_factory=dict
    )

    def get(self, index: Index, path: str, accept: str) -> Response:
        """Ask for ``path`` below the index, following redirects on the same host.

        Returns 200, 404 and 410; raises RegistryError for everything else.
        """
        return self._ask(index, path, accept, None)

    def post(self, index: Index, path: str, document: object) -> Response:
        """Send a JSON document that only asks, and return as ``get`` does.

        405 and 501 are returned, too: servers without the service answer them.
        """
        return self._ask(index, path, "application/json", json.dumps(document).encode())

    def head(self, index: Index, path: str) -> int:
        """Ask, once, whether ``path`` is answered at all; returns the status, raises RegistryError."""
        parts = self._checked(index.url + path, index)
        return self._once(parts, index, "*/*", None, "HEAD")[0]

    def _ask(
        self, index: Index, path: str, accept: str, sent: bytes | None
    ) -> Response:
        url = index.url + path
        for _ in range(_MOST_REDIRECTS + 1):
            parts = self._checked(url, index)
            status, headers, body = self._persistent(parts, index, accept, sent)
            if status in ({301, 302, 303, 307, 308} if sent is None else {307, 308}):
                url = _redirected(parts, headers.get("location", ""))
                continue
            if status not in (
                {200, 404, 410} if sent is None else {200, 404, 405, 410, 501}
            ):
                raise RegistryError(
                    _PHRASES.get(status, f"returned HTTP status {status}")
                )
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            return Response(status, kind, body, headers.get("last-modified", ""))
        raise RegistryError("redirected too many times")

    def close(self) -> None:
        """Close all connections."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if self.response_timeout is not None:
            left = min(left, self.response_timeout.remaining())
        if left <= 0.0:
            raise RegistryError("did not answer before the deadline")
        return left

    def _checked(self, url: str, index: Index) -> SplitResult:
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise RegistryError("has an invalid URL") from error
        if parts.scheme not in {"http", "https"} or not host:
            raise RegistryError("has a URL that is neither http nor https")
        if "${" in url:
            raise RegistryError(
                "has a URL with a variable; only the user's own settings may use variables"
            )
        if not url.isascii() or any(mark in url for mark in "${} \t\r\n\x00"):
            raise RegistryError("has a URL with invalid characters")
        if parts.scheme == "http" and not index.cleartext and not is_loopback(host):
            raise RegistryError(
                "uses plain http, which only the user's own settings may allow; not contacted"
            )
        return parts

    def _persistent(
        self, parts: SplitResult, index: Index, accept: str, sent: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask, and once more after a fault that may pass."""
        try:
            answer = self._once(parts, index, accept, sent)
        except ResponseTooLargeError:
            raise
        except RegistryError:
            if self._left() <= _PAUSE:
                raise
            time.sleep(_PAUSE)
            return self._once(parts, index, accept, sent)
        pause = _pause(answer[1].get("retry-after", ""))
        if answer[0] in _AGAIN and pause < min(_LONGEST_PAUSE, self._left()):
            time.sleep(pause)
            return self._once(parts, index, accept, sent)
        return answer

    def _once(
        self,
        parts: SplitResult,
        index: Index,
        accept: str,
        sent: bytes | None,
        method: str = "GET",
    ) -> tuple[int, Mapping[str, str], bytes]:
        waiting = (
            nullcontext()
            if self.response_timeout is None
            else self.response_timeout.request_in_flight()
        )
        try:
            with waiting:
                return self._exchange(parts, index, accept, sent, method)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise RegistryError("has an untrusted or expired certificate") from error
        except TimeoutError as error:
            self.close()
            raise RegistryError("did not answer before the deadline") from error
        except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
            self.close()
            raise RegistryError(_broken(error)) from error

    def _exchange(
        self,
        parts: SplitResult,
        index: Index,
        accept: str,
        sent: bytes | None,
        method: str,
    ) -> tuple[int, Mapping[str, str], bytes]:
        connection, target = self._connection(parts)
        headers = {
            "Accept": accept,
            "Accept-Encoding": "gzip",
            "User-Agent": f"zt-gate/{__version__}",
        }
        if index.authorization and _same_origin(parts, urlsplit(index.url)):
            headers["Authorization"] = index.authorization
        connection.timeout = self._left()
        if connection.sock is not None:
            connection.sock.settimeout(self._left())
        if sent is None:
            connection.request(method, target, headers=headers)
        else:
            headers["Content-Type"] = "application/json"
            connection.request("POST", target, body=sent, headers=headers)
        response = connection.getresponse()
        known = {name.lower(): value for name, value in response.getheaders()}
        if method == "HEAD":
            response.close()
            return response.status, known, b""
        body = self._body(connection, response, known.get("content-encoding", ""))
        if response.will_close:
            connection.close()
        return response.status, known, body

    def _body(
        self,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        coding: str,
    ) -> bytes:
        unpack = (
            zlib.decompressobj(wbits=31) if coding.strip().lower() == "gzip" else None
        )
        pieces: list[bytes] = []
        size = 0
        while True:
            left = self._left()
            if connection.sock is not None:
                connection.sock.settimeout(left)
            piece = response.read1(1 << 16)
            if not piece:
                break
            if unpack is not None:
                piece = unpack.decompress(piece, self.most_bytes + 1 - size)
            pieces.append(piece)
            size += len(piece)
            if size > self.most_bytes or (
                unpack is not None and unpack.unconsumed_tail
            ):
                self.close()
                raise ResponseTooLargeError("returned more than 8 MB")
        if response.length:  # read1 does not mind a body that ends early
            raise http.client.IncompleteRead(b"", response.length)
        response.close()  # nor does it notice the end, without which nothing more can be asked
        if unpack is not None and not unpack.eof:
            raise http.client.IncompleteRead(b"")
        return b"".join(pieces)

    def _connection(self, parts: SplitResult) -> tuple[http.client.HTTPConnection, str]:
        """Return an open or new connection, and the request target to send on it."""
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        proxy = proxy_for(parts, self.environ)
        key = (parts.scheme, parts.netloc)
        if proxy is not None and parts.scheme == "http":
            target = f"http://{parts.netloc}{target}"
        if key not in self._open:
            self._open[key] = self._connect(parts, proxy)
        return self._open[key], target

    def _connect(
        self, parts: SplitResult, proxy: Index | None
    ) -> http.client.HTTPConnection:
        at = urlsplit(proxy.url) if proxy is not None else parts
        host = at.hostname or ""
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, at.port or 80, timeout=self._left())
        port = at.port or (80 if proxy is not None else 443)
        secure = http.client.HTTPSConnection(
            host, port, timeout=self._left(), context=self.tls.context
        )
        if proxy is not None:
            extra = (
                {"Proxy-Authorization": proxy.authorization}
                if proxy.authorization
                else {}
            )
            secure.set_tunnel(parts.hostname or "", parts.port or 443, headers=extra)
        return secure


def _redirected(parts: SplitResult, location: str) -> str:
    target = urljoin(parts.geturl(), location)
    try:
        there = urlsplit(target)
        same = there.hostname == parts.hostname and (
            _same_origin(parts, there)
            or (parts.scheme, there.scheme) == ("http", "https")
        )
    except ValueError:
        same = False
    if not location or not same:
        raise RegistryError("redirected to another host")
    return target


def _same_origin(one: SplitResult, other: SplitResult) -> bool:
    return (one.scheme, one.hostname, one.port) == (
        other.scheme,
        other.hostname,
        other.port,
    )


def _pause(header: str) -> float:
    """Return how long a server asks us to wait; a date counts as too long."""
    value = header.strip()
    if not value:
        return _PAUSE
    return float(value) if value.isdigit() and len(value) < 6 else float("inf")


def _broken(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "has a host name that does not resolve"
    if isinstance(error, ConnectionRefusedError):
        return "refused the connection"
    if isinstance(error, ssl.SSLError):
        return "failed the TLS handshake"
    return "closed the connection early"

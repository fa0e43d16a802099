"""HTTP client of the registries: standard library only, one deadline for all requests.

A client belongs to one thread.  Every response and failure of a server becomes a
Response or a RegistryError.  Credentials are sent only to the origin that they are
configured for.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
import zlib
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit

from zt_gate import __version__, lazy_re
from zt_gate.ecosystems.registries.package_index import (
    CertificateFileError,
    Index,
    RegistryError,
    ResponseTooLargeError,
)
from zt_gate.ecosystems.registries.proxies import is_loopback, proxy_for
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.ecosystems.registries.package_index import CaFile
    from zt_gate.ecosystems.registries.response_timeout import ResponseTimeout
    from zt_gate.ecosystems.registries.tls import TlsSettings

_MAX_BYTES = 8 * 1024 * 1024
_READ_SIZE = 1 << 16
_GZIP_WINDOW_BITS = 31
_MAX_REDIRECTS = 3
#: Seconds before the only retry.
_RETRY_DELAY = 0.15
_MAX_RETRY_DELAY = 2.0
_RETRY_STATUSES = frozenset((429, 500, 502, 503, 504))
_GET_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_POST_REDIRECTS = frozenset((307, 308))
_GET_STATUSES = frozenset((200, 404, 410))
# Servers without the service reply to POST with 405 or 501.
_POST_STATUSES = _GET_STATUSES | {405, 501}
_PART_STATUSES = frozenset((206,))
_CONTENT_RANGE = lazy_re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})")
_STATUS_ERRORS = {
    401: "requires credentials (401)",
    403: "denied access (403)",
    407: "is behind a proxy that requires credentials (407)",
    429: "is rate limiting requests (429)",
}


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response.

    ``type`` is the media type in lower case without parameters, ``modified`` the
    header Last-Modified as received, "" without one.  ``total`` is the size of the file
    of which the body is a part, 0 for a whole body.
    """

    status: int
    type: str
    body: bytes
    modified: str = ""
    total: int = 0

    def json(self) -> Any:
        """Return the body as JSON; raises RegistryError if type or content are not JSON."""
        if not self.type.endswith(("/json", "+json")):
            raise RegistryError("returned a response that is not JSON")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise RegistryError("returned invalid JSON") from error


@dataclass(frozen=True, slots=True)
class _Request:
    """One request to send; ``body`` is a JSON document, None for a request without one."""

    parts: SplitResult
    index: Index
    accept: str
    body: bytes | None = None
    method: str = "GET"
    #: The first and the last byte that are wanted, None for all.
    part: tuple[int, int] | None = None


#: The status, the headers by names in lower case, and the body.
_RawResponse = tuple[int, "Mapping[str, str]", bytes]


@dataclass(slots=True)
class Client:
    """The connections of one thread.

    ``deadline`` is a ``time.monotonic()`` value.  ``response_timeout`` limits the time
    without any response; None: only the deadline does.
    """

    environ: Mapping[str, str]
    tls: TlsSettings
    deadline: float
    max_bytes: int = _MAX_BYTES
    response_timeout: ResponseTimeout | None = None
    _connections: dict[
        tuple[str, str, tuple[CaFile, ...]], http.client.HTTPConnection
    ] = field(default_factory=dict)

    def get(self, index: Index, path: str, accept: str) -> Response:
        """Request ``path`` below the index; follows redirects on the same host.

        Returns responses with status 200, 404 and 410; raises RegistryError for any
        other.
        """
        return self._send(index, path, accept, None)

    def get_part(self, index: Index, path: str, first: int, last: int) -> Response:
        """Request the bytes from ``first`` to ``last`` of a file, as ``get`` does.

        Raises RegistryError also where the server would send the whole file, which is not
        read then.
        """
        response = self._send(index, path, "*/*", None, (first, last))
        if len(response.body) > last - first + 1:
            raise RegistryError("returned another part of a file than was requested")
        return response

    def post(self, index: Index, path: str, document: object) -> Response:
        """Send a JSON document as a query, and return the response as ``get`` does.

        Also returns 405 and 501, with which servers without the service reply.
        """
        body = json.dumps(document).encode()
        return self._send(index, path, "application/json", body)

    def head(self, index: Index, path: str) -> int:
        """Return the status of ``path``, without a retry; raises RegistryError."""
        parts = self._checked(index.url + path, index)
        status, _, _ = self._send_once(_Request(parts, index, "*/*", method="HEAD"))
        return status

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _send(
        self,
        index: Index,
        path: str,
        accept: str,
        body: bytes | None,
        part: tuple[int, int] | None = None,
    ) -> Response:
        """Send a request and follow its redirects."""
        redirects, accepted = _GET_REDIRECTS, _GET_STATUSES
        if body is not None:
            redirects, accepted = _POST_REDIRECTS, _POST_STATUSES
        elif part is not None:
            accepted = _PART_STATUSES
        url = index.url + path
        for _ in range(_MAX_REDIRECTS + 1):
            parts = self._checked(url, index)
            request = _Request(parts, index, accept, body, part=part)
            status, headers, content = self._send_with_retry(request)
            if status in redirects:
                url = _redirect_target(parts, headers.get("location", ""))
                continue
            if part is not None and status in {200, 416}:
                raise RegistryError("does not send a part of a file")
            if status not in accepted:
                default = f"returned HTTP status {status}"
                raise RegistryError(_STATUS_ERRORS.get(status, default))
            media_type = headers.get("content-type", "").partition(";")[0]
            modified = headers.get("last-modified", "")
            media_type = media_type.strip().lower()
            total = 0 if part is None else _total_size(headers, part)
            return Response(status, media_type, content, modified, total)
        raise RegistryError("redirected too many times")

    def _remaining(self) -> float:
        """Return the seconds that are left; raises RegistryError if there are none."""
        seconds = self.deadline - time.monotonic()
        if self.response_timeout is not None:
            seconds = min(seconds, self.response_timeout.remaining())
        if seconds <= 0.0:
            raise RegistryError("did not answer before the deadline")
        return seconds

    def _checked(self, url: str, index: Index) -> SplitResult:
        """Return the parts of a URL that may be requested; raises RegistryError."""
        if index.unusable:
            raise RegistryError(index.unusable)
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

    def _send_with_retry(self, request: _Request) -> _RawResponse:
        """Send a request, and once more after a failure that may be temporary."""
        try:
            response = self._send_once(request)
        except (ResponseTooLargeError, CertificateFileError):
            raise
        except RegistryError:
            if self._remaining() <= _RETRY_DELAY:
                raise
            time.sleep(_RETRY_DELAY)
            return self._send_once(request)
        status, headers, _ = response
        delay = _retry_delay(headers.get("retry-after", ""))
        if status in _RETRY_STATUSES and delay < min(
            _MAX_RETRY_DELAY, self._remaining()
        ):
            time.sleep(delay)
            return self._send_once(request)
        return response

    def _send_once(self, request: _Request) -> _RawResponse:
        """Send a request; every failure becomes a RegistryError."""
        in_flight = (
            nullcontext()
            if self.response_timeout is None
            else self.response_timeout.request_in_flight()
        )
        try:
            with in_flight:
                return self._exchange(request)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise RegistryError(
                "has a certificate that is not trusted or has expired"
            ) from error
        except TimeoutError as error:
            self.close()
            raise RegistryError("did not answer before the deadline") from error
        except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
            self.close()
            raise RegistryError(_connection_error(error)) from error

    def _exchange(self, request: _Request) -> _RawResponse:
        """Send a request and read its response."""
        connection, target = self._connection(request.parts, request.index)
        headers = _headers(request)
        connection.timeout = self._remaining()
        if connection.sock is not None:
            connection.sock.settimeout(self._remaining())
        if request.body is None:
            connection.request(request.method, target, headers=headers)
        else:
            connection.request("POST", target, body=request.body, headers=headers)
        response = connection.getresponse()
        fields = {name.lower(): value for name, value in response.getheaders()}
        if request.method == "HEAD":
            response.close()
            return response.status, fields, b""
        if request.part is not None and not _is_wanted_part(response, request.part):
            connection.close()  # with a body that is not read
            return response.status, fields, b""
        content = self._read_body(
            connection, response, fields.get("content-encoding", "")
        )
        if response.will_close:
            connection.close()
        return response.status, fields, content

    def _read_body(
        self,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        content_encoding: str,
    ) -> bytes:
        """Read a whole body; raises ResponseTooLargeError, or HTTPException if it is cut off."""
        is_gzip = content_encoding.strip().lower() == "gzip"
        unpacker = zlib.decompressobj(wbits=_GZIP_WINDOW_BITS) if is_gzip else None
        chunks: list[bytes] = []
        size = 0
        while True:
            remaining = self._remaining()
            if connection.sock is not None:
                connection.sock.settimeout(remaining)
            chunk = response.read1(_READ_SIZE)
            if not chunk:
                break
            if unpacker is not None:
                chunk = unpacker.decompress(chunk, self.max_bytes + 1 - size)
            chunks.append(chunk)
            size += len(chunk)
            has_more = unpacker is not None and bool(unpacker.unconsumed_tail)
            if size > self.max_bytes or has_more:
                self.close()
                raise ResponseTooLargeError("returned more than 8 MB")
        if response.length:  # read1 accepts a body that ends early
            raise http.client.IncompleteRead(b"", response.length)
        response.close()  # read1 does not; an open response blocks the connection
        if unpacker is not None and not unpacker.eof:
            raise http.client.IncompleteRead(b"")
        return b"".join(chunks)

    def _connection(
        self, parts: SplitResult, index: Index
    ) -> tuple[http.client.HTTPConnection, str]:
        """Return an open or new connection, and the request target to send on it."""
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        proxy = proxy_for(parts, self.environ)
        if proxy is not None and parts.scheme == "http":
            target = f"http://{parts.netloc}{target}"
        key = (parts.scheme, parts.netloc, index.ca_files)
        if key not in self._connections:
            self._connections[key] = self._connect(parts, proxy, index)
        return self._connections[key], target

    def _connect(
        self, parts: SplitResult, proxy: Index | None, index: Index
    ) -> http.client.HTTPConnection:
        peer = urlsplit(proxy.url) if proxy is not None else parts
        host = peer.hostname or ""
        timeout = self._remaining()
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, peer.port or 80, timeout=timeout)
        default_port = 80 if proxy is not None else 443
        context = self.tls.context_for(index)
        connection = http.client.HTTPSConnection(
            host, peer.port or default_port, timeout=timeout, context=context
        )
        if proxy is not None:
            headers: dict[str, str] = {}
            if proxy.authorization:
                headers["Proxy-Authorization"] = proxy.authorization
            connection.set_tunnel(
                parts.hostname or "", parts.port or 443, headers=headers
            )
        return connection


def _headers(request: _Request) -> dict[str, str]:
    headers = {
        "Accept": request.accept,
        "Accept-Encoding": "gzip",
        "User-Agent": f"zt-gate/{__version__}",
    }
    if request.part is not None:
        first, last = request.part
        headers |= {"Range": f"bytes={first}-{last}", "Accept-Encoding": "identity"}
    authorization = request.index.authorization
    if authorization and _same_origin(request.parts, urlsplit(request.index.url)):
        headers["Authorization"] = authorization
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    return headers


def _is_wanted_part(response: http.client.HTTPResponse, part: tuple[int, int]) -> bool:
    """Return whether a response has no more than a part of a file."""
    size = part[1] - part[0] + 1
    return response.status == 206 and (response.length or 0) <= size


def _total_size(headers: Mapping[str, str], part: tuple[int, int]) -> int:
    """Return the size of the file of which a part was sent; raises RegistryError."""
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None or int(match[1]) != part[0]:
        raise RegistryError("returned another part of a file than was requested")
    return int(match[3])


def _redirect_target(parts: SplitResult, location: str) -> str:
    """Return the URL of a redirect on the same host; raises RegistryError for any other."""
    url = urljoin(parts.geturl(), location)
    if not location or not _may_redirect(parts, url):
        raise RegistryError("redirected to another host")
    return url


def _may_redirect(parts: SplitResult, url: str) -> bool:
    """Return whether a redirect keeps the origin, or only changes http to https."""
    try:
        target = urlsplit(url)
        is_upgrade = (parts.scheme, target.scheme) == ("http", "https")
        return target.hostname == parts.hostname and (
            _same_origin(parts, target) or is_upgrade
        )
    except ValueError:
        return False


def _same_origin(first: SplitResult, second: SplitResult) -> bool:
    return (first.scheme, first.hostname, first.port) == (
        second.scheme,
        second.hostname,
        second.port,
    )


def _retry_delay(retry_after: str) -> float:
    """Return the delay of a Retry-After header in seconds; a date counts as too long."""
    value = retry_after.strip()
    if not value:
        return _RETRY_DELAY
    is_seconds = value.isdigit() and len(value) < 6
    return float(value) if is_seconds else float("inf")


def _connection_error(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "has a host name that does not resolve"
    if isinstance(error, ConnectionRefusedError):
        return "refused the connection"
    if isinstance(error, ssl.SSLError):
        return "failed the TLS handshake"
    return "closed the connection early"

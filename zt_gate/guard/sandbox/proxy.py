"""The way out: a proxy that connects to the task's hosts, and to no others.

It resolves names itself, so that the sandbox needs no resolver and a name cannot lead to
another address than the one that was checked.  It reads no more than the request line and
headers: what is in a TLS connection stays between its ends.
"""

from __future__ import annotations

import ipaddress
import os
import select
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_LONGEST_HEAD = 64 << 10
_SECONDS = 30.0
_IDLE_SECONDS = 600.0
_PORTS = frozenset((80, 443))
_METHODS_WITH_ADDRESS = b"http://"
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_PROTOCOL_ASSIGNMENTS = ipaddress.ip_network("192.0.0.0/24")


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """A host of a task: a name, ``*.name`` for its subdomains, or an address; a port.

    Port 0 means 80 and 443.
    """

    name: str
    port: int = 0

    def fits(self, host: str, port: int) -> bool:
        """Whether a request for a host and port is one for this host."""
        if port not in ({self.port} if self.port else _PORTS):
            return False
        if self.name == "*":
            return True
        if self.name.startswith("*."):
            return host.endswith(self.name[1:]) and host != self.name[1:]
        return host == self.name


def allowed_hosts(entries: Iterable[str]) -> tuple[AllowedHost, ...]:
    """Return the hosts of a task's ``network``; raises ValueError for what is none."""
    hosts = []
    for entry in entries:
        name, colon, port = entry.strip().lower().rpartition(":")
        is_bare_address = entry.count(":") > 1 and "]" not in entry
        if not colon or not port.isdigit() or is_bare_address:
            name, port = entry.strip().lower(), "0"
        name = name.strip("[]").rstrip(".") if name != "*." else ""
        plain = (
            name.removeprefix("*.").replace("-", "").replace(".", "").replace(":", "")
        )
        if name != "*" and not plain.replace("_", "").isalnum():
            raise ValueError(f"{entry!a} is not a host name, an address or host:port")
        hosts.append(AllowedHost(name, int(port)))
    return tuple(hosts)


class Proxy:
    """Listens on a Unix socket at ``path``; ``on_request`` hears each decision."""

    def __init__(
        self,
        path: str,
        hosts: Sequence[AllowedHost],
        on_request: Callable[[str, bool], None] | None = None,
    ) -> None:
        self.path = path
        self._hosts = tuple(hosts)
        self._on_request = on_request or (lambda _host, _is_allowed: None)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(path)
        os.chmod(path, 0o600)
        self._socket.listen(64)
        self._closed = threading.Event()

    def start(self) -> None:
        """Serve in the background until ``close``."""
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Stop listening; connections that are open end with the sandbox."""
        self._closed.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with suppress(OSError):
            os.unlink(self.path)

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                inner, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._hear, args=(inner,), daemon=True).start()

    def _hear(self, inner: socket.socket) -> None:
        with inner, suppress(OSError, ValueError):
            inner.settimeout(_SECONDS)
            head, rest = _head(inner)
            method, target, _ = head.split(b"\r\n", 1)[0].split(b" ", 2)
            if method == b"CONNECT":
                host, port = _host_and_port(target.decode("ascii"), 443)
                first = rest
            elif target.lower().startswith(_METHODS_WITH_ADDRESS):
                authority, _, path = target[7:].partition(b"/")
                host, port = _host_and_port(authority.decode("ascii"), 80)
                first = _direct(head, method, authority, path) + rest
            else:
                _refuse(inner, "only requests through a proxy are carried")
                return
            outer = self._connect(inner, host, port)
            if outer is None:
                return
            with outer:
                if method == b"CONNECT":
                    inner.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                if first:
                    outer.sendall(first)
                # Another request on the same connection could name another host.
                _carry(inner, outer, one_way_closes=method != b"CONNECT")

    def _connect(
        self, inner: socket.socket, host: str, port: int
    ) -> socket.socket | None:
        allowed = next((entry for entry in self._hosts if entry.fits(host, port)), None)
        self._on_request(f"{host}:{port}", allowed is not None)
        if allowed is None:
            _refuse(inner, f"the task may not reach {host}:{port}")
            return None
        for address in _addresses(host, port):
            if _is_inside(address) and not _is_address(allowed.name):
                _refuse(inner, f"{host} leads into this machine or its network")
                return None
            with suppress(OSError):
                return socket.create_connection((address, port), timeout=_SECONDS)
        _refuse(inner, f"{host}:{port} cannot be reached")
        return None


def _head(connection: socket.socket) -> tuple[bytes, bytes]:
    """Return a request's head and what follows it; raises ValueError."""
    data = b""
    deadline = time.monotonic() + _SECONDS
    while b"\r\n\r\n" not in data:
        if len(data) > _LONGEST_HEAD or time.monotonic() > deadline:
            raise ValueError("the head of the request is too long or too slow")
        part = connection.recv(1 << 14)
        if not part:
            raise ValueError("the request ends in its head")
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _direct(head: bytes, method: bytes, authority: bytes, path: bytes) -> bytes:
    """Return a request for a proxy as its host wants it, on a connection of its own.

    The host in the header is the one that was compared (RFC 9112, 3.2.2): behind one
    address another name can be another site.
    """
    lines = head.split(b"\r\n")
    if any(b"\n" in line or b"\r" in line for line in lines):
        raise ValueError("a line of the head ends in another way")
    version = lines[0].rsplit(b" ", 1)[1]
    kept = [
        line
        for line in lines[1:]
        if not line.lower().startswith(
            (b"proxy-", b"connection:", b"keep-alive:", b"host:", b"host ")
        )
    ]
    first = b" ".join((method, b"/" + path, version))
    return b"\r\n".join(
        (first, b"Host: " + authority, *kept, b"Connection: close", b"", b"")
    )


def _host_and_port(authority: str, default: int) -> tuple[str, int]:
    host, colon, port = authority.rpartition(":")
    if not colon or not port.isdigit():
        host, port = authority, str(default)
    if "@" in host:
        raise ValueError("an address with a user")
    return host.strip("[]").rstrip(".").lower(), int(port)


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_inside(address: str) -> bool:
    """Whether an address is none of the public network (CWE-918)."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if parsed.version == 4:
        return not _is_public(parsed)
    if parsed.ipv4_mapped:
        return not _is_public(parsed.ipv4_mapped)
    # Of the others only global unicast; a router turns some of that into IPv4.
    if parsed not in _GLOBAL_UNICAST or not _is_public(parsed):
        return True
    return parsed.sixtofour is not None or parsed.teredo is not None


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    special = address.is_multicast or address in _PROTOCOL_ASSIGNMENTS
    return address.is_global and not special


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _refuse(connection: socket.socket, reason: str) -> None:
    body = f"zt-gate: {reason}\n".encode("ascii", "replace")
    connection.sendall(
        b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n"
        b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )


def _carry(inner: socket.socket, outer: socket.socket, *, one_way_closes: bool) -> None:
    ends = {inner: outer, outer: inner}
    while True:
        ready, _, _ = select.select(list(ends), [], [], _IDLE_SECONDS)
        if not ready:
            return
        for end in ready:
            data = end.recv(1 << 16)
            if not data:
                return
            if one_way_closes and end is inner and _begins_request(data):
                return
            ends[end].sendall(data)


def _begins_request(data: bytes) -> bool:
    word = data.split(b" ", 1)[0]
    return word.isalpha() and word.isupper() and b" HTTP/1." in data[:4096]

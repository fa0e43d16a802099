"""Carries out the connections of a command without namespaces: to the proxy, and nowhere else.

The kernel asks about each ``connect`` (seccomp_unotify(2)).  The command's socket is
replaced by one that is connected to the proxy already.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from zt_gate.guard.sandbox.asked import add_descriptor, answer_asked, check_valid
from zt_gate.guard.sandbox.init import carry

if TYPE_CHECKING:
    from zt_gate.guard.sandbox.asked import Asked

_SET_NUMBER = 1  # SECCOMP_ADDFD_FLAG_SETFD
_CONNECTION_REFUSED, _UNREACHABLE = 111, 101
_LONGEST = 128


class Connections:
    """Answers ``connect``: connections to ``port`` of this machine go to the socket ``proxy``."""

    def __init__(self, proxy: str, port: int) -> None:
        self._proxy = proxy
        self._port = port

    def __call__(self, listener: int, request: Asked) -> None:
        """Answer one call."""
        error = _UNREACHABLE
        with suppress(OSError, ValueError, struct.error):
            descriptor, address, length = request.arguments[:3]
            given = _address(request.process, address, length)
            # What was read is the asking process's only if that is still there.
            check_valid(listener, request)
            if _leads_to(given, self._port):
                error = _CONNECTION_REFUSED
                _replace(listener, request, descriptor & 0xFFFFFFFF, self._proxy)
                error = 0
        answer_asked(listener, request, error)


def _address(process: int, place: int, length: int) -> bytes:
    with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        memory.seek(place)
        return memory.read(min(length, _LONGEST))


def _leads_to(address: bytes, port: int) -> bool:
    """Whether a ``struct sockaddr`` is a port of this machine's loopback."""
    family = struct.unpack_from("=H", address)[0]
    if struct.unpack_from(">H", address, 2)[0] != port:
        return False
    if family == socket.AF_INET:
        return address[4:8] == bytes((127, 0, 0, 1))
    mapped = bytes(10) + b"\xff\xff" + bytes((127, 0, 0, 1))
    return family == socket.AF_INET6 and address[8:24] == mapped


def _replace(listener: int, request: Asked, descriptor: int, proxy: str) -> None:
    """Put a connected socket into the place of the command's own."""
    flags = _flags(request.process, descriptor)
    near, far = _connected_pair()
    with near:
        near.setblocking(not flags & os.O_NONBLOCK)
        close = os.O_CLOEXEC if flags & os.O_CLOEXEC else 0
        try:
            add_descriptor(
                listener, request, near, _SET_NUMBER, at=descriptor, flags=close
            )
        except OSError:
            far.close()
            raise
    threading.Thread(target=carry, args=(far, proxy), daemon=True).start()


def _flags(process: int, descriptor: int) -> int:
    with open(f"/proc/{process}/fdinfo/{descriptor}") as file:
        for line in file:
            if line.startswith("flags:"):
                return int(line.split()[1], 8)
    raise ValueError("the descriptor has no flags")


def _connected_pair() -> tuple[socket.socket, socket.socket]:
    """Return two ends of a TCP connection; others on this machine do not get between."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        near = socket.create_connection(listener.getsockname())
        while True:
            far, peer = listener.accept()
            if peer == near.getsockname():
                return near, far
            far.close()

"""Carries out the connections of a command without namespaces: to the proxy, and nowhere else.

The kernel asks about each ``connect`` (seccomp_unotify(2)).  The command's socket is
replaced by one that is connected to the proxy already.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import threading
from contextlib import suppress

from zt_gate.guard.sandbox.init import carry

_RECEIVE, _SEND, _IS_VALID, _ADD = 0xC0502100, 0xC0182101, 0x40082102, 0xC0182103
_SET_NUMBER = 1  # SECCOMP_ADDFD_FLAG_SETFD
_CONNECTION_REFUSED, _UNREACHABLE = 111, 101
_LONGEST = 128


def hand_over_connections(parent: socket.socket, proxy: str, port: int) -> None:
    """Serve a command's connections in the background.

    ``parent`` brings the kernel's descriptor; connections to ``port`` of this machine go
    to the socket at ``proxy``.  Nothing is served if the command could not be started.
    """
    _, descriptors, _, _ = socket.recv_fds(parent, 16, 1)
    parent.close()
    if descriptors:
        threading.Thread(
            target=_serve, args=(descriptors[0], proxy, port), daemon=True
        ).start()


def _serve(listener: int, proxy: str, port: int) -> None:
    while True:
        request = bytearray(80)
        try:
            fcntl.ioctl(listener, _RECEIVE, request)
        except InterruptedError:
            continue
        except FileNotFoundError:  # the process that asked has ended
            continue
        except OSError:
            return
        name, process = struct.unpack_from("=QI", request)
        descriptor, address, length = struct.unpack_from("=QQQ", request, 32)
        error = _UNREACHABLE
        with suppress(OSError, ValueError, struct.error):
            given = _address(process, address, length)
            # What was read is the asking process's only if that is still there.
            fcntl.ioctl(listener, _IS_VALID, struct.pack("=Q", name))
            if _leads_to(given, port):
                error = _CONNECTION_REFUSED
                _replace(listener, name, process, descriptor & 0xFFFFFFFF, proxy)
                error = 0
        with suppress(OSError):
            fcntl.ioctl(listener, _SEND, struct.pack("=QqiI", name, 0, -error, 0))


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


def _replace(
    listener: int, name: int, process: int, descriptor: int, proxy: str
) -> None:
    """Put a connected socket into the place of the command's own."""
    flags = _flags(process, descriptor)
    near, far = _connected_pair()
    with near:
        near.setblocking(not flags & os.O_NONBLOCK)
        close = os.O_CLOEXEC if flags & os.O_CLOEXEC else 0
        request = struct.pack(
            "=QIIII", name, _SET_NUMBER, near.fileno(), descriptor, close
        )
        try:
            fcntl.ioctl(listener, _ADD, request)
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

"""Who is at the other end of a Unix socket, as the kernel says it."""

from __future__ import annotations

import socket
import struct
import sys

from zt_gate.record import dataclass

_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Peer:
    """Process, user and group of the other end when it connected; ``pid`` 0 is unknown."""

    pid: int
    uid: int
    gid: int


def peer_of(connection: socket.socket) -> Peer:
    """Return the other end (unix(7), ``SO_PEERCRED``); raises OSError."""
    if sys.platform == "linux":
        size = _CREDENTIALS.size
        data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return Peer(*_CREDENTIALS.unpack(data))
    raise OSError("the peer of a socket cannot be asked for on this system")

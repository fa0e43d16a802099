"""Who is at the other end of a Unix socket, as the kernel says it."""

from __future__ import annotations

import socket
import struct
import sys

from zt_gate.record import dataclass

_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Through:
    """An ``exec`` that connected for a process in its sandbox.

    ``task`` narrows the session's task.  ``home``, ``state`` and ``temporary`` are the
    hook's folders in the sandbox.
    """

    pid: int
    uid: int
    home: str
    state: str
    temporary: str
    task: str


@dataclass(frozen=True, slots=True)
class Peer:
    """Process, user and group of the other end when it connected; ``pid`` 0 is unknown."""

    pid: int
    uid: int
    gid: int
    #: Who handed the connection over, None for a caller that connected itself.
    through: Through | None = None


def peer_of(connection: socket.socket) -> Peer:
    """Return the other end (unix(7), ``SO_PEERCRED``); raises OSError."""
    if sys.platform == "linux":
        size = _CREDENTIALS.size
        data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return Peer(*_CREDENTIALS.unpack(data))
    raise OSError("the peer of a socket cannot be asked for on this system")


def name_senders(connection: socket.socket) -> None:
    """Let the kernel add its sender to each message of a connection; raises OSError."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)


def sent(connection: socket.socket, count: int) -> tuple[bytes, Peer]:
    """Return the next bytes and who sent them (unix(7), ``SCM_CREDENTIALS``).

    Raises OSError; also where the kernel names no sender.
    """
    room = socket.CMSG_SPACE(_CREDENTIALS.size)
    data, more, _, _ = connection.recvmsg(count, room)
    for level, kind, value in more:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            return data, Peer(*_CREDENTIALS.unpack(value[: _CREDENTIALS.size]))
    if not data:  # the end has no sender
        return data, Peer(0, -1, -1)
    raise OSError("the sender of a message is not known")

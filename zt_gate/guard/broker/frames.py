"""Messages on the broker's socket: four bytes of length, then JSON in UTF-8."""

from __future__ import annotations

import json
import struct
import time
from typing import TYPE_CHECKING, Any

from zt_gate.guard.broker.peer import sent

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from zt_gate.guard.broker.peer import Peer

#: Bytes of one message; an event may have a megabyte, and JSON escapes make it longer.
LARGEST = 8 << 20
_LENGTH = struct.Struct(">I")


class FrameError(Exception):
    """A message is too long, incomplete, late, or no JSON object; the text says which."""


def send(connection: socket.socket, message: dict[str, Any], seconds: float) -> None:
    """Send one message; raises FrameError."""
    data = json.dumps(message, ensure_ascii=True).encode("ascii")
    if len(data) > LARGEST:
        raise FrameError(f"a message of {len(data):,} bytes is too long")
    connection.settimeout(seconds)
    try:
        connection.sendall(_LENGTH.pack(len(data)) + data)
    except OSError as error:
        raise FrameError(f"the other side does not listen: {error}") from error


def receive(
    connection: socket.socket, seconds: float, largest: int = LARGEST
) -> dict[str, Any]:
    """Return the next message, of at most ``largest`` bytes; raises FrameError.

    ``seconds`` are for the whole message: a sender of one byte at a time does not hold
    the other side for longer.
    """
    return _received(connection.recv, connection, seconds, largest)


def receive_sent(
    connection: socket.socket, seconds: float, largest: int = LARGEST
) -> tuple[dict[str, Any], Peer]:
    """Return the next message and the process that sent it; raises FrameError.

    The connection must have ``SO_PASSCRED``.  The kernel names the sender of each part;
    a message of several senders is none.
    """
    senders: set[Peer] = set()

    def read(count: int) -> bytes:
        part, sender = sent(connection, count)
        senders.add(sender)
        return part

    message = _received(read, connection, seconds, largest)
    if len(senders) != 1:
        raise FrameError("a message has several senders")
    return message, senders.pop()


def _received(
    read: Callable[[int], bytes],
    connection: socket.socket,
    seconds: float,
    largest: int,
) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    head = _exactly(read, connection, _LENGTH.size, deadline)
    (length,) = _LENGTH.unpack(head)
    if length > largest:
        raise FrameError(f"a message of {length:,} bytes is too long")
    data = _exactly(read, connection, length, deadline)
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FrameError("a message is not JSON") from error
    if not isinstance(message, dict):
        raise FrameError("a message is not a JSON object")
    return message


def _exactly(
    read: Callable[[int], bytes],
    connection: socket.socket,
    count: int,
    deadline: float,
) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        left = deadline - time.monotonic()
        if left <= 0:
            raise FrameError("the other side did not answer in time")
        connection.settimeout(left)
        try:
            part = read(min(count - len(parts), 1 << 20))
        except OSError as error:
            raise FrameError(f"the other side did not answer: {error}") from error
        if not part:
            raise FrameError("the other side closed the connection")
        parts += part
    return bytes(parts)

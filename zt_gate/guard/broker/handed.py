"""The hook's side inside ``guard exec``: a connection to the broker that exec hands over.

In the sandbox no program can make a socket with a path, and no folder has the broker's.
A hook asks for a socket of an unknown protocol.  The sandbox's filter lets
``exec`` answer that call, and what comes back is a socket that ``exec``, outside, has
connected to the broker: one for each question, and no other process has it.
"""

from __future__ import annotations

import errno
import os
import socket

from zt_gate.guard.broker.client import SECONDS, BrokerError
from zt_gate.guard.broker.frames import FrameError, receive, send
from zt_gate.guard.broker.peer import peer_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: The protocol that stands for the broker; no protocol of Unix sockets has a number but 0.
PROTOCOL = 0x7A67
#: What ``exec`` says to the broker before it hands a connection over.
GREETING = "hand-over"


def is_needed() -> bool:
    """Whether this process may make no Unix sockets, as in a sandbox of ``exec``."""
    try:
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close()
    except OSError as error:
        return error.errno == errno.EAFNOSUPPORT
    return False


def ask_handed(message: dict[str, Any], *, seconds: float = SECONDS) -> dict[str, Any]:
    """Return the broker's answer to one message; raises BrokerError."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, PROTOCOL) as connection:
            # The kernel says who listens: nobody who could be the agent.
            if peer_of(connection).uid == os.geteuid():
                raise BrokerError("the sandbox's connection is not the broker's")
            send(connection, message, seconds)
            return receive(connection, seconds)
    except FrameError as error:
        raise BrokerError(f"the broker outside the sandbox: {error}") from error
    except OSError as error:
        raise BrokerError(
            "the sandbox hands over no connection to the broker: "
            f"{error.strerror or error}"
        ) from error

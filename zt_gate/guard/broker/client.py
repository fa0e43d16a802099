"""The hook's side: asks the broker, and believes only the broker."""

from __future__ import annotations

import os
import socket
import stat
from typing import Any

from zt_gate.guard.broker.frames import FrameError, receive, send
from zt_gate.guard.broker.peer import peer_of
from zt_gate.system.root_owned import NotRootOwnedError, check_root_owned

#: Where the service listens; its folder belongs to the broker's account.
SOCKET = "/run/zt-gate-guard/socket"
SECONDS = 10.0


class BrokerError(Exception):
    """The broker gave no answer that can be believed; the text says why."""


def ask(
    message: dict[str, Any],
    owner: int,
    *,
    path: str = SOCKET,
    seconds: float = SECONDS,
) -> dict[str, Any]:
    """Return the broker's answer to one message; raises BrokerError.

    ``owner`` is the user id of the broker's account.  A socket that another account made,
    or that lies in a folder which others can write, is not asked.
    """
    with connected(owner, path, seconds) as connection:
        try:
            send(connection, message, seconds)
            return receive(connection, seconds)
        except FrameError as error:
            raise BrokerError(f"the broker at {path}: {error}") from error


def connected(owner: int, path: str, seconds: float) -> socket.socket:
    """Return a connection to the broker, and to nobody else; raises BrokerError."""
    _check_place(path, owner)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(path)
        peer = peer_of(connection)
        if peer.uid != owner:
            raise BrokerError(
                f"the service at {path} runs as user {peer.uid}, not as the broker"
            )
    except OSError as error:
        connection.close()
        reason = error.strerror or str(error)
        raise BrokerError(f"the broker at {path} cannot be asked: {reason}") from error
    except BrokerError:
        connection.close()
        raise
    return connection


def _check_place(path: str, owner: int) -> None:
    """Check that only the broker and root can put a socket there; raises BrokerError."""
    folder = os.path.dirname(path)
    try:
        info = os.lstat(folder)
    except OSError as error:
        raise BrokerError(
            f"the broker's folder {folder} cannot be read: {error.strerror}"
        ) from error
    if not stat.S_ISDIR(info.st_mode):
        raise BrokerError(f"{folder} is not a folder")
    if info.st_uid not in {owner, 0} or info.st_mode & 0o022:
        raise BrokerError(f"others than the broker can write {folder}")
    try:
        check_root_owned(os.path.dirname(folder), os.geteuid() or owner or 1)
    except NotRootOwnedError as error:
        raise BrokerError(f"the broker's folder is not safe: {error}") from error

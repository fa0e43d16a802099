"""The service's side: hears hooks, one thread each, within fixed limits."""

from __future__ import annotations

import os
import socket
import stat
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zt_gate.guard.broker.frames import FrameError, receive, send
from zt_gate.guard.broker.peer import peer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.guard.broker.peer import Peer

    Handler = Callable[[dict[str, Any], Peer], dict[str, Any]]

_SECONDS = 10.0
#: Hooks that are heard at the same time; more wait, each user for his own turn.
_AT_ONCE = 32
_AT_ONCE_BY_USER = 16
_BACKLOG = 128


class BrokerServer:
    """A listening socket; ``handler`` answers each message.

    A handler's exception is an answer with ``error``, which the hook denies for.
    """

    def __init__(self, path: str, handler: Handler) -> None:
        self.path = path
        self._handler = handler
        self._slots = threading.Semaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._by_user: dict[int, int] = {}
        self._socket = _listening(path)
        self._closed = threading.Event()

    def serve(self) -> None:
        """Hear hooks until ``close``."""
        while not self._closed.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                if self._closed.is_set():
                    return
                continue
            self._slots.acquire()
            thread = threading.Thread(
                target=self._hear, args=(connection,), daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # no further thread can be had
                self._slots.release()
                connection.close()

    def close(self) -> None:
        """Stop hearing; the socket's file is removed."""
        self._closed.set()
        # A thread that waits in accept() does not notice a closed socket by itself.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with suppress(OSError):
            os.unlink(self.path)

    def _hear(self, connection: socket.socket) -> None:
        try:
            with connection:
                peer = peer_of(connection)
                if not self._enter(peer.uid):
                    return
                try:
                    self._answer(connection, peer)
                finally:
                    self._leave(peer.uid)
        except (OSError, FrameError):
            return
        finally:
            self._slots.release()

    def _answer(self, connection: socket.socket, peer: Peer) -> None:
        message = receive(connection, _SECONDS)
        try:
            answer = self._handler(message, peer)
        except Exception as error:  # noqa: BLE001 - the hook must hear that it failed
            answer = {"error": f"{type(error).__name__}: {error}"}
        send(connection, answer, _SECONDS)

    def _enter(self, user: int) -> bool:
        """Count a hook of a user: one who opens many connections shuts out only himself."""
        with self._lock:
            count = self._by_user.get(user, 0)
            if count >= _AT_ONCE_BY_USER:
                return False
            self._by_user[user] = count + 1
        return True

    def _leave(self, user: int) -> None:
        with self._lock:
            self._by_user[user] -= 1


def _listening(path: str) -> socket.socket:
    """Return a socket at ``path``; an old one of a service that ended is replaced."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(path)
        os.chmod(path, 0o666)  # noqa: S103 - the kernel tells who connects
        made.listen(_BACKLOG)
    except BaseException:
        made.close()
        raise
    return made

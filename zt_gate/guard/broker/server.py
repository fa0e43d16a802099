"""The service's side: hears hooks, one thread each, within fixed limits."""

from __future__ import annotations

import os
import socket
import stat
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zt_gate.guard.broker.frames import FrameError, receive, receive_sent, send
from zt_gate.guard.broker.handed import GREETING
from zt_gate.guard.broker.peer import Peer, Through, name_senders, peer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[dict[str, Any], Peer], dict[str, Any]]
    Vanished = Callable[[dict[str, Any], Peer], None]

_SECONDS = 10.0
#: Seconds for the other side to read an answer and to close.
_TAKEN_SECONDS = 2.0
#: Hooks that are heard at the same time; more wait, each user for his own turn.
_AT_ONCE = 32
_AT_ONCE_BY_USER = 16
_BACKLOG = 128
#: Bytes of a message from a sandbox: an event may have a megabyte.
_LARGEST_HANDED = 2 << 20


class BrokerServer:
    """A listening socket; ``handler`` answers each message.

    A handler's exception is an answer with ``error``, which the hook denies for.
    ``on_vanished`` hears of a message whose sender ended before it had the answer.
    """

    def __init__(
        self, path: str, handler: Handler, on_vanished: Vanished | None = None
    ) -> None:
        self.path = path
        self._handler = handler
        self._on_vanished = on_vanished
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
        if message.get("do") == GREETING:
            message, peer = _handed(connection, message, peer)
        try:
            answer = self._handler(message, peer)
        except Exception as error:  # noqa: BLE001 - the hook must hear that it failed
            answer = {"error": f"{type(error).__name__}: {error}"}
        if peer.through is not None:  # who handed it over has it open, too
            send(connection, answer, _SECONDS)
            return
        if not _taken(connection, answer) and self._on_vanished is not None:
            with suppress(Exception):  # nobody is there to hear of it
                self._on_vanished(message, peer)

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


def _taken(connection: socket.socket, answer: dict[str, Any]) -> bool:
    """Send an answer; return whether the other side read it whole.

    The kernel resets a Unix socket that is closed with something unread.
    """
    try:
        send(connection, answer, _SECONDS)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(_TAKEN_SECONDS)
        return connection.recv(1) == b""
    except (FrameError, ConnectionError):
        return False
    except OSError:  # it stays open: the other side is there
        return True


def _handed(
    connection: socket.socket, greeting: dict[str, Any], by: Peer
) -> tuple[dict[str, Any], Peer]:
    """Return the message on a connection that is handed over now, and who sent it.

    What is said of the sender is the kernel's word, not that of who hands over.
    """
    names = ("home", "state", "temporary", "task")
    words = [str(greeting.get(name, ""))[:4096] for name in names]
    through = Through(by.pid, by.uid, *words)
    name_senders(connection)
    send(connection, {"ready": True}, _SECONDS)
    message, sender = receive_sent(connection, _SECONDS, _LARGEST_HANDED)
    return message, Peer(sender.pid, sender.uid, sender.gid, through)


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

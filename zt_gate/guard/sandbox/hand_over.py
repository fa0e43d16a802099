"""Hands connections to the broker into the sandbox: the side of ``exec``.

Clients start hooks with standard input and output alone (Claude Code closes every other
descriptor), so none can be inherited through them.  What is inherited is the filter, and
that asks here.  Each question of a hook gets a connection of its own: no other process
can read the answer, and what a program sends on one counts as its own word.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zt_gate.guard.broker import client
from zt_gate.guard.broker.budget import Budget
from zt_gate.guard.broker.frames import FrameError, receive, send
from zt_gate.guard.broker.handed import GREETING
from zt_gate.guard.sandbox.asked import add_descriptor, answer_asked, check_valid
from zt_gate.record import dataclass

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from zt_gate.guard.sandbox.asked import Asked

#: SECCOMP_ADDFD_FLAG_SEND: the descriptor is the call's result.
_AS_RESULT = 2
#: Connections of one sandbox at once: half of what the broker gives a user.
_AT_ONCE = 8
#: Questions that wait; more are refused at once.
_MOST_WAITING = 64
_AT_FIRST, _A_SECOND = 200, 20
_SECONDS = 20.0
_PAUSE = 0.05
_POLL_MILLISECONDS = 30_000


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """Where the broker is, and what it hears about the sandbox; see ``Through``."""

    owner: int
    socket: str
    task: str
    home: str = ""
    state: str = ""
    temporary: str = ""

    def as_table(self) -> dict[str, Any]:
        """Return all values by name."""
        return {"owner": self.owner, "socket": self.socket, **self.told()}

    def told(self) -> dict[str, str]:
        """Return what the broker hears."""
        return {
            "task": self.task,
            "home": self.home,
            "state": self.state,
            "temporary": self.temporary,
        }


def hand_over_of(
    table: Mapping[str, Any], on_contained: Callable[[str], None]
) -> HandOver:
    """Return what answers the filter, from the values of a place."""
    return HandOver(BrokerPlace(**table), on_contained)


class HandOver:
    """Answers the filter's question for the broker.

    ``on_contained`` is called with the reason when the session was contained: the command
    is to be ended.
    """

    def __init__(self, place: BrokerPlace, on_contained: Callable[[str], None]) -> None:
        self._place = place
        self._on_contained = on_contained
        self._slots = threading.Semaphore(_AT_ONCE)
        self._waiting = threading.Semaphore(_MOST_WAITING)
        self._budget = Budget(_AT_FIRST, _A_SECOND)

    def __call__(self, listener: int, request: Asked) -> None:
        """Answer one question, in a thread of its own."""
        if not self._waiting.acquire(blocking=False):
            answer_asked(listener, request, errno.EAGAIN)
            return
        thread = threading.Thread(
            target=self._answer, args=(listener, request), daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # no further thread can be had
            self._waiting.release()
            answer_asked(listener, request, errno.EAGAIN)

    def _answer(self, listener: int, request: Asked) -> None:
        deadline = time.monotonic() + _SECONDS
        is_waiting = True
        try:
            if not self._slots.acquire(timeout=_SECONDS):
                answer_asked(listener, request, errno.EAGAIN)
                return
            try:
                if not self._may_ask(deadline):
                    answer_asked(listener, request, errno.EAGAIN)
                    return
                connection = self._handed(listener, request)
                self._waiting.release()
                is_waiting = False
                if connection is not None:
                    with connection:
                        _wait_for_end(connection)
                    self._look_for_containment()
            finally:
                self._slots.release()
        finally:
            if is_waiting:
                self._waiting.release()

    def _look_for_containment(self) -> None:
        place = self._place
        message = {"do": "exec-contained"}
        # Without an answer nothing is known, and the hooks deny.
        with suppress(client.BrokerError):
            answer = client.ask(message, place.owner, path=place.socket)
            reason = answer.get("contained")
            if isinstance(reason, str) and reason:
                self._on_contained(reason)

    def _may_ask(self, deadline: float) -> bool:
        while not self._budget.take(1):
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
        return True

    def _handed(self, listener: int, request: Asked) -> socket.socket | None:
        """Give the process a connection, and return it; None if there is none."""
        connection = None
        try:
            check_valid(listener, request)
            connection = self._greeted()
            add_descriptor(
                listener, request, connection, _AS_RESULT, flags=os.O_CLOEXEC
            )
        except (client.BrokerError, OSError):
            # The hook says that it got none, and denies.
            answer_asked(listener, request, errno.ECONNREFUSED)
            if connection is not None:
                connection.close()
            return None
        return connection

    def _greeted(self) -> socket.socket:
        """Return a connection that the broker takes for one of the sandbox."""
        place = self._place
        connection = client.connected(place.owner, place.socket, _SECONDS)
        try:
            send(connection, {"do": GREETING, **place.told()}, _SECONDS)
            if receive(connection, _SECONDS).get("ready") is not True:
                raise OSError("the broker takes no connection of a sandbox")
            connection.settimeout(None)
            # It belongs to the machine's network: inside, it must get no name there.
            connection.bind("")
        except FrameError as error:
            connection.close()
            raise OSError(str(error)) from error
        except BaseException:
            connection.close()
            raise
        return connection


def _wait_for_end(connection: socket.socket) -> None:
    """Wait until the broker has closed a connection; what comes on it is not read."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    with suppress(OSError):
        poll.poll(_POLL_MILLISECONDS)


def say_contained(reason: str) -> None:
    """Tell the person why the command ends."""
    sys.stderr.write(f"zt-gate: ended: the session is contained: {reason}\n")

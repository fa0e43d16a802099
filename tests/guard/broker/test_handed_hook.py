"""The hook's side of a connection that is handed over: what it believes.  Needs root."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.guard.broker.test_keeper import (
    BROKER,
    USER,
    _fork_as,
)
from zt_gate.guard.broker.client import BrokerError
from zt_gate.guard.broker.handed import ask_handed, is_needed
from zt_gate.guard.sandbox import init, seccomp
from zt_gate.guard.sandbox.asked import Asked, add_descriptor, answer_asked, serve_asked
from zt_gate.guard.sandbox.hand_over import BrokerPlace, HandOver

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.guard.broker.test_keeper import Machine

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can run programs of two other users"
)
_SECONDS = 30.0


class Filtered:
    """A process of the user under the sandbox's filter, whose questions are answered here."""

    def __init__(self, answer: Callable[[int, Asked], None] | None) -> None:
        self._answer = answer

    def __call__(self, work: Callable[[], Any]) -> str:
        """Return what a function returns there, or the text of a BrokerError."""
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        libc = ctypes.CDLL(None, use_errno=True)
        code = seccomp.filter_program(first=seccomp.broker_rules())
        name = seccomp.processor()

        def filtered() -> bytes:
            ours.close()
            libc.prctl(38, 1, 0, 0, 0)
            listener = init.listening_filter(libc, code, name)
            socket.send_fds(theirs, [b"x"], [listener])
            os.close(listener)
            theirs.recv(1)  # until there is somebody who answers, or nobody any more
            try:
                return str(work()).encode()
            except BrokerError as error:
                return f"BrokerError: {error}".encode()

        pid = _fork_as(USER, filtered, write_end)
        os.close(write_end)
        theirs.close()
        if self._answer is None:
            _, descriptors, _, _ = socket.recv_fds(ours, 16, 1)
            os.close(descriptors[0])
            ours.close()
        else:
            answers = {seccomp.socket_call(): self._answer}
            # The pair stays open: its copy is closed there.
            copy = ours.dup()
            serve_asked(copy, answers)
            ours.send(b"x")
        with os.fdopen(read_end, "rb") as file:
            found = file.read()
        os.waitpid(pid, 0)
        return found.decode()


def giving(make: Callable[[], socket.socket]) -> Callable[[int, Asked], None]:
    """Return an answer that gives a socket."""

    def answer(listener: int, request: Asked) -> None:
        with make() as given:
            add_descriptor(listener, request, given, 2, flags=os.O_CLOEXEC)

    return answer


def test_a_hook_in_the_sandbox_knows_that_it_is_there() -> None:
    assert not is_needed()
    assert Filtered(None)(is_needed) == "True"


def test_a_hook_reaches_the_broker_through_the_filter_alone(machine: Machine) -> None:
    """The whole way, without the sandbox around it: one connection for each question."""

    def work() -> Any:
        return json.dumps(ask_handed({"do": "begin"}))

    place = BrokerPlace(BROKER, machine.socket, "develop", "/h", "/s", "/t")
    # The test is root's process, and its broker hears that it is no exec of the user.
    answer = json.loads(Filtered(HandOver(place, lambda _reason: None))(work))
    assert "not in the sandbox of this exec" in answer["error"]


def test_without_anybody_who_answers_a_hook_gets_an_error() -> None:
    said = Filtered(None)(lambda: ask_handed({}))
    assert "hands over no connection" in said


def test_a_relay_that_ends_while_a_hook_waits_gives_an_error() -> None:
    def end(listener: int, _request: Asked) -> None:
        os.close(listener)

    said = Filtered(end)(lambda: ask_handed({}))
    assert "hands over no connection" in said


def test_a_broker_that_is_gone_gives_an_error(machine: Machine) -> None:
    machine.stop()
    place = BrokerPlace(BROKER, machine.socket, "develop")
    said = Filtered(HandOver(place, lambda _reason: None))(lambda: ask_handed({}))
    assert "hands over no connection" in said


def test_a_socket_of_the_users_own_is_not_believed() -> None:
    def make() -> socket.socket:
        os.seteuid(USER)
        try:
            ours, theirs = socket.socketpair()
        finally:
            os.seteuid(0)
        theirs.close()
        return ours

    said = Filtered(giving(make))(lambda: ask_handed({}))
    assert "is not the broker's" in said


@pytest.mark.parametrize(
    ("said", "expected"),
    [(b"\0\0\0\4nope", "not JSON"), (b"\0\0\0\2[]", "not a JSON object"),
     (b"\0\0", "closed"), (b"", "closed"), (b"\xff" * 8, "too long"),
     (None, "did not answer")],
)  # fmt: skip
def test_an_answer_that_is_none_gives_an_error(
    said: bytes | None, expected: str
) -> None:
    def make() -> socket.socket:
        os.seteuid(BROKER)
        try:
            ours, theirs = socket.socketpair()
        finally:
            os.seteuid(0)
        if said is None:
            kept.append(theirs)
        else:
            theirs.sendall(said)
            theirs.shutdown(socket.SHUT_WR)
            kept.append(theirs)
        return ours

    kept: list[socket.socket] = []
    found = Filtered(giving(make))(lambda: ask_handed({}, seconds=1))
    for one in kept:
        one.close()
    assert found.startswith("BrokerError: ")
    assert expected in found


def test_more_questions_than_wait_are_refused_at_once(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zt_gate.guard.sandbox import hand_over

    monkeypatch.setattr(hand_over, "_MOST_WAITING", 1)
    place = BrokerPlace(BROKER, machine.socket, "develop")
    over = HandOver(place, lambda _reason: None)
    gate = threading.Event()
    monkeypatch.setattr(over, "_answer", lambda *_given: gate.wait(_SECONDS))
    said: list[int] = []
    monkeypatch.setattr(
        hand_over, "answer_asked", lambda _listener, _request, error: said.append(error)
    )
    request = Asked(1, 1, 1, (0,) * 6)
    for _ in range(3):
        over(0, request)
    gate.set()
    assert len(said) == 2


def test_other_calls_than_the_brokers_are_not_asked_about() -> None:
    asked: list[Asked] = []

    def answer(listener: int, request: Asked) -> None:
        asked.append(request)
        answer_asked(listener, request, 1)

    def work() -> Any:
        found = []
        for kind, protocol in ((1, 0), (2, 0x7A67), (5, 0x7A67), (3, 0x7A67)):
            try:
                socket.socket(socket.AF_UNIX, kind, protocol).close()
            except OSError as error:
                found.append(error.errno)
        return found

    assert Filtered(answer)(work) == str([97] * 4)
    assert asked == []

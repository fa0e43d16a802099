"""Connections that ``exec`` hands over: what the broker and the hook believe.  Needs root."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

# Children change their user and cannot read the interpreter's own files any more.
import zt_gate.guard.clients.claude_code
import zt_gate.guard.session.release  # noqa: F401
from tests.guard.broker.test_keeper import (
    BROKER,
    USER,
    run_as,
)
from zt_gate.guard.broker import exec_sessions
from zt_gate.guard.broker.budget import Budget
from zt_gate.guard.broker.client import ask, connected
from zt_gate.guard.broker.frames import FrameError, receive, send
from zt_gate.guard.broker.handed import GREETING
from zt_gate.guard.policy import policy_of_broker

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.guard.broker.test_keeper import Machine

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can run programs of two other users"
)
_SECONDS = 30.0
_FOLDERS = {"home": "/h", "state": "/s", "temporary": "/t"}


def place_of(machine: Machine) -> dict[str, str]:
    return {
        "root": str(machine.project), "common": "", "git_folder": "", "identity": "me",
    }  # fmt: skip


def begin_of(machine: Machine, client: str = "claude-code") -> dict[str, Any]:
    return {"do": "begin", "client": client, "label": "s", **place_of(machine)}


class Exec:
    """What ``exec`` does, in a process of the user: it is known, greets and hands over."""

    def __init__(self, machine: Machine, task: str = "develop") -> None:
        self._machine = machine
        self._task = task

    def known(self) -> dict[str, Any]:
        """Let the broker know this process as an exec."""
        message = {"do": "exec", "task": self._task, **place_of(self._machine)}
        return ask(message, BROKER, path=self._machine.socket)

    def connection(self) -> socket.socket:
        """Return a connection that the broker takes for a sandbox's."""
        found = connected(BROKER, self._machine.socket, _SECONDS)
        send(found, {"do": GREETING, "task": self._task, **_FOLDERS}, _SECONDS)
        assert receive(found, _SECONDS) == {"ready": True}
        return found

    def asked(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a question of a process below this one."""
        with self.connection() as connection:
            return below(lambda: answered(connection, message))


def answered(connection: socket.socket, message: dict[str, Any]) -> dict[str, Any]:
    try:
        send(connection, message, _SECONDS)
        return receive(connection, _SECONDS)
    except FrameError as error:
        return {"refused": str(error)}


def child_of(work: Callable[[], bytes], write_end: int = -1) -> int:
    """Run a function in a child of this process, and write there what it returns."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.alarm(60)
        data = work()
        if write_end >= 0:
            os.write(write_end, data)
    finally:
        os._exit(0)


def below(work: Callable[[], Any]) -> Any:
    """Return what a function returns in a child of this process."""
    read_end, write_end = os.pipe()
    pid = child_of(lambda: json.dumps(work()).encode(), write_end)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as file:
        data = file.read()
    os.waitpid(pid, 0)
    return json.loads(data)


def as_user(work: Callable[[], Any]) -> Any:
    return json.loads(run_as(USER, lambda: json.dumps(work()).encode()))


def test_a_hook_inside_gets_the_brokers_policy_and_its_log_line_has_its_process(
    machine: Machine,
) -> None:
    def work() -> Any:
        one = Exec(machine, "code-review")
        session = one.known()["session"]
        begun = one.asked(begin_of(machine))
        with one.connection() as connection:
            entry = {"answer": "deny", "pid": 1, "grade": "enforced"}
            message = {
                "do": "end", "session": session["id"], "counts": {}, "attacks": ["x"],
                "control": "gate/x", "entry": entry,
            }  # fmt: skip
            pid, ended = below(lambda: [os.getpid(), answered(connection, message)])
        return session, begun, pid, ended

    session, begun, pid, ended = as_user(work)
    assert begun["session"]["id"] == session["id"] == ended["session"]["id"]
    assert begun["task"] == "code-review"
    assert begun["session"]["task"] == "develop"
    assert {name: begun[name] for name in _FOLDERS} == _FOLDERS
    policy = policy_of_broker(begun["policy"])
    assert policy.is_managed
    assert policy.task == "develop"
    assert "inside guard exec" in begun["within_reach"]
    assert ended["session"]["attempts"] == 1
    file = machine.base / "state" / str(USER) / "log" / "guard.jsonl"
    vanished, line = (json.loads(line) for line in file.read_bytes().splitlines())
    assert vanished["event"] == "hook-vanished", "what began was another process"
    assert line["pid"] == pid
    assert line["grade"] == "advises"


def test_only_a_process_below_the_exec_is_heard(machine: Machine) -> None:
    def work() -> Any:
        one = Exec(machine)
        one.known()
        with one.connection() as connection:
            own = answered(connection, begin_of(machine))
        ours, theirs = socket.socketpair()

        def give() -> bytes:
            other = Exec(machine)
            other.known()
            with other.connection() as connection:
                socket.send_fds(theirs, [b"x"], [connection.fileno()])
            theirs.recv(1)
            return b""

        child = child_of(give)
        _, descriptors, _, _ = socket.recv_fds(ours, 16, 1)
        with socket.socket(fileno=descriptors[0]) as connection:
            above = answered(connection, begin_of(machine))
        ours.send(b"x")
        os.waitpid(child, 0)
        return own, above

    for answer in as_user(work):
        assert "not in the sandbox of this exec" in answer["error"]


def test_an_exec_that_nobody_knows_hands_over_nothing_that_is_heard(
    machine: Machine,
) -> None:
    answer = as_user(lambda: Exec(machine).asked(begin_of(machine)))
    assert "no exec is known" in answer["error"]
    # A session of the same processes alone is none of an exec.
    machine.begin()
    answer = as_user(lambda: Exec(machine).asked(begin_of(machine)))
    assert "no exec is known" in answer["error"]


def test_no_program_calls_itself_an_exec_as_a_client(machine: Machine) -> None:
    answer = machine.message(USER, **begin_of(machine, "zt-gate"))
    assert "not the name of a client" in answer["error"]


@pytest.mark.parametrize(
    "message",
    [{"do": "lines", "about": "list", "session": ""},
     {"do": "lines", "about": "contain", "session": "x", "reason": "y"},
     {"do": "exec", "task": "deploy"}, {"do": "exec-contained"}, {"do": GREETING},
     {"do": "release", "session": "x"}, {"do": ["begin"]}, {}],
)  # fmt: skip
def test_a_program_inside_asks_for_nothing_but_its_events(
    machine: Machine, message: dict[str, Any]
) -> None:
    def work() -> Any:
        one = Exec(machine)
        one.known()
        return one.asked(message)

    assert "error" in as_user(work)


def test_a_program_inside_writes_to_no_other_session(machine: Machine) -> None:
    machine.event("a.py")
    before = machine.sessions()

    def work() -> Any:
        one = Exec(machine)
        own = one.known()["session"]["id"]
        message = {
            "do": "end", "session": before[0]["id"], "counts": {}, "attacks": ["x"] * 3,
            "control": "x", "entry": {},
        }  # fmt: skip
        return own, one.asked(message)

    own, answer = as_user(work)
    # Where the other one is an outer session of the same processes, they are one.
    if own != before[0]["id"]:
        assert "not a session of the caller" in answer["error"]
        assert machine.sessions()[0]["attempts"] == 0


def test_what_is_no_message_of_one_sender_gets_no_answer(machine: Machine) -> None:
    data = json.dumps(begin_of(machine)).encode()
    head = struct.pack(">I", len(data))

    def two_senders() -> Any:
        one = Exec(machine)
        one.known()
        with one.connection() as connection:
            below(lambda: connection.sendall(head + data[:10]))
            below(lambda: connection.sendall(data[10:]))
            return read_all(connection)

    def raw(content: bytes) -> Any:
        one = Exec(machine)
        one.known()
        with one.connection() as connection:
            below(lambda: connection.sendall(content))
            return read_all(connection)

    assert as_user(two_senders) == ""
    for content in (struct.pack(">I", 3 << 20) + b"{}", head + b"x" * len(data)):
        assert as_user(lambda content=content: raw(content)) == ""
    assert machine.event("a.py") == ""


def read_all(connection: socket.socket) -> str:
    connection.settimeout(_SECONDS)
    found = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(1 << 16):
            found += part
    return found.decode("ascii", "replace")


def test_descriptors_that_come_with_a_message_are_not_taken(machine: Machine) -> None:
    def work() -> Any:
        one = Exec(machine)
        one.known()
        data = json.dumps(begin_of(machine)).encode()
        content = struct.pack(">I", len(data)) + data
        with one.connection() as connection:
            ours, theirs = socket.socketpair()
            below(
                lambda: socket.send_fds(connection, [content], [theirs.fileno()] * 50)
            )
            theirs.close()
            receive(connection, _SECONDS)
            ours.settimeout(_SECONDS)
            return ours.recv(1).decode()  # "" if no other process has the other end

    assert as_user(work) == ""


def test_a_sandbox_that_asks_too_much_is_refused_and_others_are_not(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.stop()
    monkeypatch.setattr(exec_sessions, "_QUESTIONS", 3)
    monkeypatch.setattr(exec_sessions, "_QUESTIONS_A_SECOND", 0)
    machine.start()

    def work() -> Any:
        one = Exec(machine)
        one.known()
        return [one.asked(begin_of(machine)).get("error", "") for _ in range(5)]

    answers = as_user(work)
    assert answers[:3] == ["", "", ""]
    assert all("asks more than" in answer for answer in answers[3:])
    assert machine.event("a.py") == ""


def test_a_budget_is_refilled_and_never_above_its_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    budget = Budget(10, 2)
    assert budget.take(10)
    assert not budget.take(1)
    now[0] += 1
    assert budget.take(2)
    now[0] += 1000
    assert not budget.take(11)
    assert budget.take(10)


def test_a_contained_session_begins_no_exec_and_ends_a_running_one(
    machine: Machine,
) -> None:
    def work() -> Any:
        one = Exec(machine)
        session = one.known()["session"]["id"]

        def contained() -> Any:
            message = {"do": "exec-contained"}
            return ask(message, BROKER, path=machine.socket)["contained"]

        before = contained()
        for _ in range(3):
            message = {
                "do": "end", "session": session, "counts": {}, "attacks": ["x"],
                "control": "gate/x", "entry": {},
            }  # fmt: skip
            one.asked(message)
        return before, contained(), one.known()

    before, after, again = as_user(work)
    assert before == ""
    assert "3 attempts" in after
    assert "is contained" in again["error"]


def test_an_exec_cannot_change_the_task_of_a_session(machine: Machine) -> None:
    def work() -> Any:
        ask(begin_of(machine), BROKER, path=machine.socket)
        # The process above this one is the client of the session now.
        return below(lambda: Exec(machine, "deploy").known())

    answer = as_user(work)
    assert "one session has one task" in answer["error"]

"""Hooks that are killed before they have the broker's answer, and hooks that are not."""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.guard.broker.test_keeper import USER, Machine, _fork_as, run_as
from zt_gate.guard import hook
from zt_gate.guard.broker import frames
from zt_gate.guard.judge import EventJudge
from zt_gate.guard.log_entry import HOOK_VANISHED

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can run programs of two other users"
)


def event_of(machine: Machine, path: str = "a.py") -> bytes:
    return json.dumps({
        "hook_event_name": "PreToolUse", "session_id": "s", "cwd": str(machine.project),
        "permission_mode": "default", "tool_name": "Read",
        "tool_input": {"file_path": path},
    }).encode()  # fmt: skip


def killed_while_judging(machine: Machine, patch: pytest.MonkeyPatch) -> int:
    """Start a hook, kill it while it judges, and return its process."""
    ready, told = os.pipe()

    def judge(*_: object) -> Any:
        os.write(told, b".")
        signal.pause()

    with patch.context() as inside:
        inside.setattr(EventJudge, "judge", judge)
        pid = _fork_as(
            USER,
            lambda: _handled(machine, event_of(machine)),
        )
    assert os.read(ready, 1) == b"."
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(ready)
    os.close(told)
    return pid


def _handled(machine: Machine, data: bytes) -> bytes:
    rendered = hook.handle("claude-code", data, {}, places=machine.places())
    return rendered.stdout + rendered.stderr


def vanished(machine: Machine) -> list[dict[str, Any]]:
    return [line for line in machine.log() if line["event"] == HOOK_VANISHED]


def test_a_hook_that_is_killed_while_it_judges_is_an_anomaly(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = killed_while_judging(machine, monkeypatch)
    assert machine.event("a.py") == ""
    (line,) = vanished(machine)
    (session,) = machine.sessions()
    assert (line["hook"], line["session"]) == (pid, session["id"])
    assert line["anomaly"]["signs"] == {"hooks-vanished": 1}
    assert session["paused"] == 0.0
    machine.event("a.py")
    assert len(vanished(machine)) == 1


def test_the_third_killed_hook_pauses_the_session(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        killed_while_judging(machine, monkeypatch)
    assert machine.event("", "Bash", command="touch b.txt") == ""
    killed_while_judging(machine, monkeypatch)
    said = machine.event("", "Bash", command="touch b.txt")
    assert '"ask"' in said
    assert "3 hooks ended before their answer" in said
    assert machine.event("a.py") == ""  # reading goes on
    (session,) = machine.sessions()
    assert session["vanished"] == 3


def test_a_message_of_the_user_does_not_count_in_between(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of the session that could count on would leave out each third."""
    for _ in range(2):
        killed_while_judging(machine, monkeypatch)
    session = machine.begin()["session"]["id"]
    machine.message(
        USER, do="end", session=session, counts={"vanished": 1, "hooks-vanished": 1},
        attacks=[], control="", entry={"vanished": 9},
    )  # fmt: skip
    killed_while_judging(machine, monkeypatch)
    machine.event("a.py")
    (row,) = machine.sessions()
    # The message's own begin was a process that ended its event in another one.
    assert row["vanished"] >= 3
    assert row["paused"] > 0


def untaken_end(machine: Machine) -> bytes:
    """End an event as a hook that is gone before it reads the answer."""
    begin = {
        "do": "begin", "client": "claude-code", "label": "s", "identity": "",
        "root": str(machine.project), "common": "", "git_folder": "",
    }  # fmt: skip
    with _connected(machine) as connection:
        frames.send(connection, begin, 10)
        name = frames.receive(connection, 10)["session"]["id"]
    end = {"do": "end", "session": name, "counts": {}, "attacks": [], "control": "",
           "entry": {"event": "PreToolUse"}}  # fmt: skip
    with _connected(machine) as connection:
        frames.send(connection, end, 10)
        connection.recv(1)  # the answer is there
    return b""


def _connected(machine: Machine) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(machine.socket)
    return connection


def test_a_hook_that_ends_with_the_answer_unread_is_an_anomaly(
    machine: Machine,
) -> None:
    run_as(USER, lambda: untaken_end(machine))
    _until(lambda: len(vanished(machine)) == 1)
    assert machine.event("a.py") == ""
    assert len(vanished(machine)) == 1


def _until(holds: Callable[[], bool]) -> None:
    import time

    deadline = time.monotonic() + 120
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail("it did not happen in two minutes")
        time.sleep(0.02)


def test_hooks_that_answer_or_fail_by_themselves_are_none(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure that denies is in the log as such."""
    for _ in range(5):
        assert machine.event("a.py") == ""

    def judge(*_: object) -> Any:
        raise ValueError("a fault of the guard")

    with monkeypatch.context() as inside:
        inside.setattr(EventJudge, "judge", judge)
        said = run_as(USER, lambda: _handled(machine, event_of(machine))).decode()
    assert "a fault of the guard" in said
    assert machine.event("a.py") == ""
    assert vanished(machine) == []
    faults = [
        line for line in machine.log()
        if any(one["control"] == "guard/fault" for one in line["concerns"])
    ]  # fmt: skip
    assert [line["answer"] for line in faults] == ["deny"]


def test_observing_anomalies_pauses_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.guard.broker.test_keeper import POLICY
    from tests.guard.test_policy import parse
    from zt_gate.guard.policy import pin_content

    observing = POLICY + b"modes = {'session/anomaly' = 'observe'}\n"
    content = pin_content(parse(observing, "p"), observing, "p", "")
    machine.managed("policy.json", content)
    for _ in range(3):
        killed_while_judging(machine, monkeypatch)
    assert machine.event("", "Bash", command="touch b.txt") == ""
    assert [line["pauses"] for line in vanished(machine)] == [False, False, True]
    assert machine.sessions()[0]["paused"] == 0.0

"""Containment in one action: real processes end, also those that left the tree."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tests.guard.test_hook import Guarded, guarded, reason_of
from zt_gate.guard.private_file import GuardStateError
from zt_gate.guard.session import containment, records
from zt_gate.guard.session.identity import own_key, pid_of
from zt_gate.guard.session.processes import end_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["guarded"]  # the fixture

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are ended on Linux alone"
)
#: A client with a child, a grandchild, and one that has left the tree, which all say so.
CLIENT = r"""
import os, subprocess, sys, time
folder = sys.argv[1]
say = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
def start(name, **more):
    return subprocess.Popen([sys.executable, "-c", say, folder + "/" + name], **more)
start("child")
words = sys.executable + " -c \"$1\" \"$2\" & wait"
subprocess.Popen(["sh", "-c", words, "sh", say, folder + "/grandchild"])
if os.fork() == 0:
    os.setsid()
    start("detached", env={**os.environ, "CLAUDECODE": "1"})
    os._exit(0)
start("other", env={"PATH": os.environ["PATH"]}, cwd="/")
open(folder + "/client", "w").write(str(os.getpid()))
time.sleep(600)
"""
NAMES = ("client", "child", "grandchild", "detached", "other")


def eventually(holds: Callable[[], object]) -> bool:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False


def key_of(pid: int) -> str:
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return f"{own_key().partition(':')[0]}:{pid}:{fields[19].decode()}"


class Client:
    """A process tree in a project, and who is in it."""

    def __init__(self, root: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(folder)], cwd=root
        )
        assert eventually(
            lambda: all(
                (folder / name).exists() and (folder / name).read_text()
                for name in NAMES
            )
        )
        self.keys = {name: key_of(int((folder / name).read_text())) for name in NAMES}

    def running(self) -> set[str]:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(0)
        return {name for name, key in self.keys.items() if pid_of(key)}

    def close(self) -> None:
        for key in self.keys.values():
            if pid_of(key):
                os.kill(pid_of(key), 9)
        self.process.wait(60)


@pytest.fixture
def client(guarded: Guarded, tmp_path: Path) -> Iterator[Client]:
    folder = tmp_path / "pids"
    folder.mkdir()
    found = Client(guarded.root, folder)
    yield found
    found.close()


def recorded(guarded: Guarded, key: str) -> records.Session:
    """Record a session whose only process is that of a key."""
    guarded.read("src/a.py")
    with records.opened(guarded.places) as sessions:
        session = sessions.known[-1]
        session.processes[:] = [key]
        sessions.changed = True
    return session


def test_all_that_a_client_started_ends_and_nothing_else(
    guarded: Guarded, client: Client, tmp_path: Path
) -> None:
    bystander = subprocess.Popen(["sleep", "600"], cwd=guarded.root)
    try:
        session = recorded(guarded, client.keys["client"])
        assert client.running() == set(NAMES)
        _, done = containment.contain(guarded.places, session.id, "ada", "a test", {})
        assert client.running() == set()
        assert done.problems == ()
        assert done.processes >= len(NAMES)
        assert bystander.poll() is None, "a person's own process in the project"
    finally:
        bystander.kill()
        bystander.wait()
    (entry,) = [one for one in guarded.entries() if one["event"] == "contained"]
    assert entry["by"] == "ada"
    assert entry["processes"] == done.processes
    assert "is contained: a test" in reason_of(guarded.read("src/a.py"))


def test_what_left_the_tree_is_found_after_its_client_has_ended(
    guarded: Guarded, client: Client
) -> None:
    session = recorded(guarded, client.keys["client"])
    os.kill(pid_of(client.keys["client"]), 9)
    client.process.wait(60)
    assert "detached" in client.running()
    containment.contain(guarded.places, session.id, "ada", "a test", {})
    assert "detached" not in client.running()


def test_another_project_s_session_is_left_alone(
    guarded: Guarded, client: Client
) -> None:
    session = recorded(guarded, client.keys["child"])
    session.root = "/nonexistent/project"
    done = end_processes(session, keepers=(), marks=("CLAUDECODE",))
    assert client.running() == set(NAMES) - {"child"}
    assert done.ended == 1


def test_a_number_that_another_process_has_now_is_not_ended(
    guarded: Guarded, client: Client
) -> None:
    key = client.keys["child"].rpartition(":")[0] + ":1"
    session = recorded(guarded, key)
    done = end_processes(session, keepers=(), marks=())
    assert done.ended == 0
    assert client.running() == set(NAMES)


def test_what_started_the_command_is_said_and_not_ended(guarded: Guarded) -> None:
    session = recorded(guarded, key_of(os.getpid()))
    _, done = containment.contain(guarded.places, session.id, "ada", "a test", {})
    assert done.problems == (
        f"process {os.getpid()} started this command: end it from another terminal",
    )
    assert guarded.session().contained


def test_without_room_for_the_mark_the_processes_end_all_the_same(
    guarded: Guarded, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = recorded(guarded, client.keys["client"])

    def full(*_: object) -> None:
        raise GuardStateError("sessions.json: No space left on device")

    monkeypatch.setattr(records, "write_private", full)
    with pytest.raises(GuardStateError, match="No space left"):
        containment.contain(guarded.places, session.id, "ada", "a test", {})
    assert client.running() == set()


HOOK = r"""
import json, os, subprocess, sys
root, home = sys.argv[1:3]
subprocess.Popen(["sleep", "600"])
for number in range(4):
    event = {"hook_event_name": "PreToolUse", "session_id": "s", "cwd": root,
             "permission_mode": "default", "tool_name": "Read",
             "tool_input": {"file_path": home + "/.aws/credentials"}}
    subprocess.run([sys.executable, "-m", "tests.guard.tokens.gate", home, "guard", "hook",
                    "claude-code"], input=json.dumps(event).encode())
import time
time.sleep(600)
"""


def test_the_guard_s_own_containment_ends_the_client(guarded: Guarded) -> None:
    """The third attack: the hook answers, and then the client ends."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    words = [sys.executable, "-c", HOOK, guarded.root, guarded.places.home]
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE) as process:
        try:
            output = process.communicate(timeout=180)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == -9
    assert output.count(b"holds credentials") == 3, "each was answered before the end"
    assert eventually(
        lambda: [one for one in guarded.entries() if one["event"] == "contained"]
    )
    entry = guarded.entries()[-1]
    assert entry["by"] == "zt-gate"
    assert "3 attempts" in entry["reason"]
    assert entry["processes"] >= 2
    assert json.loads(json.dumps(entry))["problems"] == []


def test_with_another_mode_the_client_lives(guarded: Guarded) -> None:
    from zt_gate.guard import hook

    for mode, number in (("observe", 0), ("enforce", 1)):
        guarded.pin(
            f"[guard]\ntask = 'develop'\nmodes = {{ 'session/processes' = '{mode}' }}\n"
        )
        with records.opened(guarded.places) as sessions:
            sessions.known.clear()
            sessions.changed = True
        called: list[str] = []
        event = {
            "hook_event_name": "PreToolUse", "session_id": mode, "cwd": guarded.root,
            "permission_mode": "default", "tool_name": "Read",
            "tool_input": {"file_path": "~/.aws/credentials"},
        }  # fmt: skip
        for _ in range(3):
            hook.handle(
                "claude-code", json.dumps(event).encode(), {}, places=guarded.places,
                on_contained=lambda _places, session, to=called: to.append(session.id),
            )  # fmt: skip
        assert len(called) == number, mode


def test_containment_does_not_wait_for_a_hook_that_has_already_ended(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asked the system for its parent, which was another one by then: ten seconds."""
    session = recorded(guarded, own_key())
    places = [guarded.places.home, guarded.places.state, os.geteuid(), "/no"]
    order = {"places": places, "session": session.as_table(), "parent": os.getpid()}
    stdin = SimpleNamespace(buffer=io.BytesIO(json.dumps(order).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waited"))
    enforced: list[object] = []
    monkeypatch.setattr(
        containment, "enforce", lambda *given: enforced.append(given[1])
    )
    containment.main()
    assert enforced == [session]

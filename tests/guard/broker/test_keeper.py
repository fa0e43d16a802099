"""The broker under an account of its own, and hooks of another user.  Needs root."""

from __future__ import annotations

import codecs
import ctypes  # noqa: F401
import json
import os
import signal
import socket
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest

# Children change their user and cannot read the interpreter's own files any more.
import zt_gate.audit.chain
import zt_gate.guard.broker.questions
import zt_gate.guard.broker.snapshot_sender
import zt_gate.guard.clients.claude_code
import zt_gate.guard.clients.codex
import zt_gate.guard.commands.files
import zt_gate.guard.commands.scope
import zt_gate.guard.files.judge
import zt_gate.guard.session.listing
import zt_gate.guard.session.release
import zt_gate.review.run  # noqa: F401
from tests.guard.test_policy import parse
from zt_gate import cli
from zt_gate.guard import hook
from zt_gate.guard.broker.client import BrokerError, ask
from zt_gate.guard.broker.keeper import BrokerHandler
from zt_gate.guard.broker.server import BrokerServer
from zt_gate.guard.places import GuardPlaces
from zt_gate.guard.policy import pin_content

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can run programs of two other users"
)

codecs.lookup("ascii")

#: User ids that no account has.
BROKER, USER, OTHER = 61_001, 61_002, 61_003
POLICY = b"[guard]\ntask = 'develop'\n"


class Machine:
    """A machine with a managed policy, a broker, and a project of one user."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.project = base / "home" / "project"
        self.socket = str(base / "run" / "socket")
        self.pid = 0
        for folder, owner, mode in (
            ("managed", 0, 0o755), ("run", BROKER, 0o755), ("state", BROKER, 0o700),
            ("home", USER, 0o755), ("home/project", USER, 0o755),
            ("home/.aws", USER, 0o700),
        ):  # fmt: skip
            (base / folder).mkdir()
            os.chown(base / folder, owner, owner)
            (base / folder).chmod(mode)
        (self.project / "a.py").write_text("x = 1\n")
        (base / "home" / ".aws" / "credentials").write_text("x\n")
        content = pin_content(parse(POLICY, "p"), POLICY, "p", "")
        self.managed("policy.json", content)
        settings = {"owner": BROKER, "socket": self.socket}
        self.managed("broker.json", json.dumps(settings).encode())

    def managed(self, name: str, content: bytes) -> Path:
        path = self.base / "managed" / name
        path.write_bytes(content)
        path.chmod(0o644)
        return path

    def start(self) -> None:
        self.pid = _fork_as(BROKER, self._serve)
        _wait_for(self.socket)

    def _serve(self) -> bytes:
        os.umask(0o077)
        handler = BrokerHandler(str(self.base / "state"), str(self.base / "managed"))
        BrokerServer(self.socket, handler, handler.vanished).serve()
        return b""

    def stop(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0

    def event(
        self,
        path: str,
        tool: str = "Read",
        user: int = USER,
        label: str = "s",
        **fields: Any,
    ) -> str:
        """Return the hook's answer to a call, as the user."""
        event = {
            "hook_event_name": "PreToolUse", "session_id": label, "cwd": str(self.project),
            "permission_mode": "default", "tool_name": tool,
            "tool_input": {"file_path": path, **fields} if path else fields,
        }  # fmt: skip
        data = json.dumps(event).encode()
        places = self.places(user)

        def answer() -> bytes:
            rendered = hook.handle("claude-code", data, {}, places=places)
            return rendered.stdout + rendered.stderr

        return run_as(user, answer).decode()

    def places(self, user: int = USER) -> GuardPlaces:
        """Return the places of a user of this machine."""
        return GuardPlaces(
            str(self.base / "home"), str(self.base / "home" / ".state" / "guard"), user,
            str(self.base / "managed"),
        )  # fmt: skip

    def log(self, user: int = USER) -> list[dict[str, Any]]:
        """Return the lines of the broker's log of a user."""
        file = self.base / "state" / str(user) / "log" / "guard.jsonl"
        return [json.loads(line) for line in file.read_bytes().splitlines()]

    def sessions(self, user: int = USER) -> list[dict[str, Any]]:
        file = self.base / "state" / str(user) / "sessions" / "sessions.json"
        found: list[dict[str, Any]] = json.loads(file.read_bytes())["sessions"]
        return found

    def message(self, user: int, **message: Any) -> dict[str, Any]:
        """Send a message to the broker as a user; an error is ``{"refused": …}``."""

        def send() -> bytes:
            try:
                return json.dumps(ask(message, BROKER, path=self.socket)).encode()
            except BrokerError as error:
                return json.dumps({"refused": str(error)}).encode()

        answer: dict[str, Any] = json.loads(run_as(user, send))
        return answer

    def begin(self, user: int = USER, label: str = "s") -> dict[str, Any]:
        return self.message(
            user, do="begin", client="claude-code", label=label, identity="",
            root=str(self.project), common="", git_folder="",
        )  # fmt: skip


def _wait_for(path: str) -> None:
    """Wait until something listens at a path."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(path)
            except OSError:
                time.sleep(0.01)
            else:
                return


def _fork_as(user: int, work: Any, write_end: int = -1) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
        data = work()
        if write_end >= 0:
            os.write(write_end, data)
        code = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode())
        raise
    finally:
        os._exit(code)


def run_as(user: int, work: Any) -> bytes:
    """Return what a function returns in a process of another user."""
    read_end, write_end = os.pipe()
    pid = _fork_as(user, work, write_end)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as file:
        data = file.read()
    os.waitpid(pid, 0)
    return data


def test_a_decision_is_enforced_and_its_log_is_the_brokers(machine: Machine) -> None:
    assert machine.event("a.py") == ""
    said = machine.event(str(machine.base / "home" / ".aws" / "credentials"))
    assert "[enforced]" in said
    assert "holds credentials" in said
    file = machine.base / "state" / str(USER) / "log" / "guard.jsonl"
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert [line["answer"] for line in lines] == ["silent", "deny"]
    assert {line["uid"] for line in lines} == {USER}
    assert {line["grade"] for line in lines} == {"enforced"}
    assert file.stat().st_uid == BROKER
    (session,) = machine.sessions()
    assert session["attempts"] == 1


def test_the_user_reaches_neither_log_nor_sessions(machine: Machine) -> None:
    machine.event("a.py")
    folder = machine.base / "state" / str(USER)

    def tries() -> bytes:
        reached = []
        for name in ("log/guard.jsonl", "sessions/sessions.json"):
            for mode in ("rb", "wb", "ab"):
                try:
                    open(folder / name, mode).close()
                except OSError:
                    continue
                reached.append(f"{name} {mode}")
        for target in (machine.socket, str(machine.base / "managed" / "broker.json")):
            try:
                os.unlink(target)
            except OSError:
                continue
            reached.append(target)
        return json.dumps(reached).encode()

    assert json.loads(run_as(USER, tries)) == []


def test_without_the_broker_everything_is_denied(machine: Machine) -> None:
    machine.stop()
    said = machine.event("a.py")
    assert "the broker at" in said
    assert "denies what it cannot judge" in said


def test_a_policy_that_observes_faults_denies_nothing_without_the_broker(
    machine: Machine,
) -> None:
    observing = POLICY + b"modes = {'*' = 'observe'}\n"
    content = pin_content(parse(observing, "p"), observing, "p", "")
    machine.managed("policy.json", content)
    machine.stop()
    said = machine.event("a.py")
    assert "the broker at" in said  # told, and not as an answer
    assert "deny" not in said


def test_a_service_of_another_account_is_not_believed(machine: Machine) -> None:
    machine.stop()
    folder = machine.base / "home" / "run"
    folder.mkdir()
    os.chown(folder, USER, USER)
    settings = {"owner": BROKER, "socket": str(folder / "socket")}
    machine.managed("broker.json", json.dumps(settings).encode())

    def serve() -> bytes:
        BrokerServer(str(folder / "socket"), lambda _message, _peer: {}).serve()
        return b""

    pid = _fork_as(USER, serve)
    try:
        _wait_for(str(folder / "socket"))
        assert "others than the broker" in machine.event("a.py")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_settings_that_are_not_roots_deny(machine: Machine) -> None:
    path = machine.base / "managed" / "broker.json"
    os.chown(path, USER, USER)
    assert "broker's settings are not used" in machine.event("a.py")


def test_a_forged_message_takes_nothing_away(machine: Machine) -> None:
    machine.event(str(machine.base / "home" / ".aws" / "credentials"))
    (session,) = machine.sessions()
    entry = {"answer": "silent", "uid": 0, "user": "root", "event": "forged"}
    answer = machine.message(
        USER, do="end", session=session["id"], counts={"reads": -5, "calls": 10**9},
        attacks=[], control="", entry=entry, scripts={"/x": "0"},
    )  # fmt: skip
    assert answer["session"]["attempts"] == 1
    (after,) = machine.sessions()
    assert after["denied"] == session["denied"]
    assert after["counts"] == session["counts"]
    assert after["scripts"] == {}
    file = machine.base / "state" / str(USER) / "log" / "guard.jsonl"
    last = json.loads(file.read_bytes().splitlines()[-1])
    assert last["uid"] == USER
    assert last["user"] != "root"


def test_another_accounts_session_is_not_resumed(machine: Machine) -> None:
    """``claude --resume ID`` by another account: denied, logged, and bound to nothing."""
    assert machine.event("a.py") == ""
    said = machine.event("a.py", user=OTHER)
    assert "This session is not resumed" in said
    assert f"a session of the account {USER}" in said
    assert machine.event("a.py", user=OTHER, label="own") == ""
    first, second = machine.log(OTHER)
    assert (first["label"], first["answer"]) == ("s", "deny")
    assert first["concerns"][0]["control"] == "session/other-account"
    assert second["answer"] == "silent"
    labels = [label for row in machine.sessions(OTHER) for label in row["labels"]]
    assert labels == ["claude-code:own"]
    assert machine.event("a.py") == ""
    (session,) = machine.sessions()
    assert session["labels"] == ["claude-code:s"]


def test_the_first_account_keeps_a_session_after_a_restart(machine: Machine) -> None:
    machine.event("a.py")
    machine.stop()
    machine.start()
    assert "This session is not resumed" in machine.event("a.py", user=OTHER)
    assert machine.event("a.py") == ""


def test_another_users_session_is_not_touched(machine: Machine) -> None:
    machine.event("a.py")
    (session,) = machine.sessions()
    answer = machine.message(
        OTHER, do="end", session=session["id"], counts={}, attacks=["x"] * 3,
        control="x", entry={},
    )  # fmt: skip
    assert "not a session of the caller" in answer["error"]
    other = machine.begin(OTHER, "own")
    assert other["session"]["id"] != session["id"]


@pytest.mark.parametrize(
    "message",
    [{}, {"do": "begin"}, {"do": "forget"}, {"do": "begin", "client": 3},
     {"do": "end", "session": "x" * 9000}],
)  # fmt: skip
def test_a_message_that_is_none_is_refused(
    machine: Machine, message: dict[str, Any]
) -> None:
    assert "error" in machine.message(USER, **message)
    assert machine.event("a.py") == ""


def test_containment_outlives_a_restart_of_the_broker(machine: Machine) -> None:
    for _ in range(3):
        machine.event(str(machine.base / "home" / ".aws" / "credentials"))
    machine.stop()
    machine.start()
    assert "is contained" in machine.event("a.py")


def test_the_broker_contains_unusual_behaviour_and_survives_odd_entries(
    machine: Machine,
) -> None:
    session = machine.begin()["session"]["id"]

    def end(entry: dict[str, Any]) -> dict[str, Any]:
        return machine.message(
            USER, do="end", session=session, counts={}, attacks=[], control="", entry=entry
        )  # fmt: skip

    for odd in ({"actions": 1}, {"actions": [1, {"kind": []}]}, {"concerns": {"a": 1}}):
        assert "session" in end({**odd, "answer": "x"}), odd
    text = "rm -f " + " ".join(f"x{number}" for number in range(130))
    entry = {"actions": [{"kind": "RunCommand", "text": text}], "answer": "silent"}
    assert "unusual behaviour" in end(entry)["session"]["contained_for"]
    assert "contained" in machine.event("a.py")


def test_a_user_sees_the_own_sessions_and_no_others(machine: Machine) -> None:
    machine.event(str(machine.base / "home" / ".aws" / "credentials"))
    (session,) = machine.sessions()
    listed = machine.message(USER, do="question", about="sessions")
    assert [row["id"] for row in listed["rows"]] == [session["id"]]
    (line,) = machine.message(
        USER, do="question", about="entries", session=session["id"]
    )["rows"]
    assert line["attempts"] == 1
    assert line["concerns"][0]["control"].startswith("credentials/")
    for about in ("sessions", "entries"):
        answer = machine.message(OTHER, do="question", about=about)
        assert answer["rows"] == [], about
    for about in ("contain", "note", "snapshot"):
        answer = machine.message(
            OTHER, do="question", about=about, session=session["id"]
        )
        assert "no session" in answer["error"], about


def test_a_user_contains_an_own_session_and_does_not_release_it(
    machine: Machine,
) -> None:
    machine.event("a.py")
    (session,) = machine.sessions()
    contained = machine.message(
        USER, do="question", about="contain", session=session["id"], reason="odd"
    )
    assert contained["session"]["id"] == session["id"]
    assert "is contained: odd" in machine.event("a.py")
    for about in ("release", "forget", None):
        answer = machine.message(
            USER, do="question", about=about, session=session["id"]
        )
        assert "unknown question" in answer["error"]


def test_the_commands_ask_the_broker(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.event("a.py")
    (session,) = machine.sessions()
    places = machine.places()
    monkeypatch.setattr("zt_gate.guard.places.guard_places", lambda: places)

    def commands() -> bytes:
        codes = [cli.main(["guard", "session", "list"])]
        codes.append(cli.main(["guard", "session", "show", session["id"]]))
        codes.append(cli.main(["guard", "report"]))
        codes.append(cli.main(["guard", "session", "rollback", session["id"]]))
        return json.dumps(codes).encode()

    assert json.loads(run_as(USER, commands)) == [0, 0, 0, 3]
    said = capfd.readouterr()
    assert session["id"] in said.out
    assert "has no snapshot" in said.err

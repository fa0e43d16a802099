"""What a person looks back at where a broker keeps sessions, log and snapshots."""

from __future__ import annotations

import getpass  # noqa: F401 - children of another user cannot load it any more
import json
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

# The same: what the commands load.
import zt_gate.commands.guard_posture
import zt_gate.commands.guard_report
import zt_gate.commands.guard_session
import zt_gate.doctor
import zt_gate.guard.alert
import zt_gate.guard.feedback
import zt_gate.guard.posture
import zt_gate.guard.session.containment
import zt_gate.guard.session.incident
import zt_gate.guard.session.page
import zt_gate.guard.session.release
import zt_gate.guard.tokens.session_tokens
import zt_gate.reports.escape
import zt_gate.reports.write
from tests.guard.broker.test_keeper import (
    BROKER,
    OTHER,
    USER,
    Machine,
    _fork_as,
    run_as,
)
from tests.guard.test_policy import parse
from zt_gate import cli
from zt_gate.guard.broker import questions, snapshots
from zt_gate.guard.broker.history import BrokerHistory
from zt_gate.guard.broker.keeper import BrokerKeeper
from zt_gate.guard.history import LocalHistory, find
from zt_gate.guard.keepers import history_of
from zt_gate.guard.places import GuardPlaces
from zt_gate.guard.policy import pin_content
from zt_gate.guard.private_file import write_private
from zt_gate.guard.session import rollback
from zt_gate.guard.session.records import Session

# What reads times is loaded at its first use, and children of another user cannot load it.
time.strptime("2026", "%Y")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can run programs of two other users"
)


def repository(on: Machine) -> Path:
    """Make the user's project a repository with work that is not committed."""
    environ = {"PATH": os.defpath, "HOME": str(on.base / "home")}

    def git(*words: str) -> None:
        subprocess.run(
            ["git", *words], cwd=on.project, env=environ, user=USER, group=USER,
            extra_groups=[], check=True, capture_output=True,
        )  # fmt: skip

    git("init", "-q")
    git("add", "a.py")
    git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "one")
    (on.project / "a.py").write_text("x = 2\n")
    (on.project / "new.bin").write_bytes(bytes(range(256)) * 20_000)
    os.chown(on.project / "new.bin", USER, USER)
    return on.project


def command(on: Machine, text: str) -> str:
    """Return the answer to a command of the agent."""
    return on.event("", "Bash", command=text)


def as_user(on: Machine, work: Any, user: int = USER) -> Any:
    """Return what a function of the places returns in a process of the user."""
    return json.loads(run_as(user, lambda: json.dumps(work(on.places(user))).encode()))


def verbs(on: Machine, *lines: str) -> list[int]:
    """Return the exit codes of commands that the user runs in the project."""

    def run(places: GuardPlaces) -> list[int]:
        zt_gate.guard.places.guard_places = lambda: places  # type: ignore[attr-defined]
        for module in (zt_gate.commands.guard_session,):
            module.user_name = lambda: "ada"  # type: ignore[attr-defined]
        os.chdir(on.project)
        return [cli.main(["guard", *line.split()]) for line in lines]

    codes: list[int] = as_user(on, run)
    return codes


def test_a_rollback_restores_what_the_broker_keeps_with_the_users_rights(
    machine: Machine,
) -> None:
    project = repository(machine)
    before = {
        path.name: path.read_bytes() for path in project.iterdir() if path.is_file()
    }
    assert command(machine, "touch b.txt") == ""
    (session,) = machine.sessions()
    folder = machine.base / "state" / str(USER) / "snapshots" / session["id"]
    assert (folder / "manifest.json").stat().st_uid == BROKER
    assert not (machine.base / "home" / ".state").exists()
    assert machine.log()[0]["snapshot"]
    assert "snapshot" not in machine.log()[-1] or len(machine.log()) == 1
    (project / "a.py").write_text("x = 3\n")
    (project / "new.bin").unlink()
    (project / "b.txt").write_text("b")
    os.chown(project / "b.txt", USER, USER)

    def undo(places: GuardPlaces) -> list[str]:
        found = find(history_of(places), session["id"])
        plan = rollback.plan(places, found)
        done = rollback.apply(places, found, plan)
        return sorted(f"{step.action} {step.path}" for step in done.steps)

    assert as_user(machine, undo) == ["remove b.txt", "restore a.py", "restore new.bin"]
    after = {
        path.name: path.read_bytes() for path in project.iterdir() if path.is_file()
    }
    assert after == before
    assert (project / "new.bin").stat().st_uid == USER


def test_a_snapshot_that_is_closed_is_not_changed(machine: Machine) -> None:
    project = repository(machine)
    command(machine, "touch b.txt")
    (session,) = machine.sessions()
    folder = machine.base / "state" / str(USER) / "snapshots"
    kept = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    answer = machine.message(
        USER, do="snapshot", session=session["id"],
        parts=[{"name": "", "after": 0, "last": True, "data": "e30="}],
    )  # fmt: skip
    assert answer == {"kept": False}
    (project / "a.py").write_text("x = 9\n")
    command(machine, "touch c.txt")
    assert {
        path: path.read_bytes() for path in folder.rglob("*") if path.is_file()
    } == kept
    for name in ("../x", "a" * 63, "/etc/x"):
        answer = machine.message(
            USER,
            do="snapshot",
            session=session["id"],
            parts=[{"name": name, "data": "e30="}],
        )
        assert "named by its digest" in answer["error"], name
    answer = machine.message(OTHER, do="snapshot", session=session["id"], parts=[])
    assert "not a session of the caller" in answer["error"]


def test_an_account_fills_its_own_space_of_snapshots_only(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has no copy is named by the rollback; calls go on."""
    machine.stop()
    monkeypatch.setattr(snapshots, "MOST_BYTES", 200_000)
    machine.start()
    project = repository(machine)
    assert command(machine, "touch b.txt") == ""
    (session,) = machine.sessions()

    (project / "new.bin").write_text("changed")
    (project / "a.py").write_text("x = 3\n")

    def planned(places: GuardPlaces) -> dict[str, list[str]]:
        plan = rollback.plan(places, find(history_of(places), session["id"]))
        return {step.path: [step.action, step.reason] for step in plan.steps}

    steps = as_user(machine, planned)
    assert steps["a.py"][0] == "restore"
    assert steps["new.bin"][0] == "cannot"
    assert "the snapshots of this account have" in steps["new.bin"][1]


def test_report_document_page_posture_and_permissions_ask_the_broker(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    project = repository(machine)
    command(machine, "touch b.txt")
    machine.event(str(machine.base / "home" / ".aws" / "credentials"))
    (session,) = machine.sessions()
    name = session["id"]
    codes = verbs(
        machine,
        f"session report {name} --output report.md",
        f"session show {name} --html show.html",
        "report --json",
        "posture --json",
        "permissions",
    )
    said = capfd.readouterr()
    assert codes[:4] == [0, 0, 0, 0], said.err
    document = (project / "report.md").read_text()
    assert "## 7. Document" in document
    assert machine.log()[-1]["concerns"][0]["control"] in document
    head = (machine.base / "state" / str(USER) / "log" / "guard.jsonl").read_bytes()[
        -67:
    ]
    assert head[:64].decode() in document
    assert name in (project / "show.html").read_text()
    decoder = json.JSONDecoder()
    start = said.out.index("{")
    report, end = decoder.raw_decode(said.out[start:])
    assert report["answers"] == {"deny": 1, "silent": 1}
    rest = said.out[start + end :]
    posture, _ = decoder.raw_decode(rest[rest.index("{") :])
    assert posture["friction"]["calls"] == 2


def test_what_a_person_saw_is_in_the_brokers_log_under_the_users_own_name(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.event("a.py")
    (session,) = machine.sessions()
    words = f"session report-incident {session['id']} --saw odd --no-contain"
    assert verbs(machine, words) == [0], capfd.readouterr()
    line = machine.log()[-1]
    assert (line["event"], line["saw"]) == ("incident", "odd")
    assert (line["by"], line["uid"]) == (str(USER), USER)
    assert "reported by" in capfd.readouterr().out
    forged = {"event": "released", "by": "root"}
    answer = machine.message(
        USER, do="question", about="note", session=session["id"], entry=forged
    )
    assert "an incident or a containment" in answer["error"]


def test_feedback_proposes_from_the_brokers_log(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    content = b"[guard]\ntask = 'code-review'\n"
    pinned = pin_content(parse(content, "p"), content, "p", "")
    machine.managed("policy.json", pinned)
    for _ in range(6):
        assert "deny" in command(machine, "touch b.txt")
    assert verbs(machine, "report") == [0]
    assert "Denials that recur" in capfd.readouterr().out


def test_containment_of_a_brokers_session_ends_its_processes(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    """The client runs as the user, and its hook told the broker of it."""
    sleep = shutil.which("sleep", path=os.defpath)
    assert sleep is not None
    ready = machine.base / "home" / "ready"

    def client() -> bytes:
        data = json.dumps({
            "hook_event_name": "PreToolUse", "session_id": "s", "cwd": str(machine.project),
            "permission_mode": "default", "tool_name": "Read",
            "tool_input": {"file_path": "a.py"},
        }).encode()  # fmt: skip
        os.setsid()
        pid = os.fork()
        if pid == 0:
            zt_gate.guard.hook.handle("claude-code", data, {}, places=machine.places())
            os._exit(0)
        os.waitpid(pid, 0)
        child = subprocess.Popen([sleep, "600"])
        ready.write_text(str(child.pid))
        signal.pause()
        return b""

    pid = _fork_as(USER, client)
    try:
        deadline = time.monotonic() + 120
        while not (ready.exists() and ready.read_text()):
            if time.monotonic() > deadline:
                pytest.fail("it did not happen in two minutes")
            time.sleep(0.05)
        (session,) = machine.sessions()
        assert [key.split(":")[1] for key in session["processes"]] == [str(pid)]
        background = int(ready.read_text())
        codes = verbs(machine, f"session contain {session['id']} --reason odd")
        assert codes == [0], capfd.readouterr()
        assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
        pid = 0
        assert not _runs(background)
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    line = machine.log()[-1]
    assert (line["event"], line["reason"], line["by"]) == (
        "contained",
        "odd",
        str(USER),
    )
    assert line["processes"] >= 2
    assert machine.sessions()[0]["contained_for"] == "odd"
    assert "ended: " in capfd.readouterr().out


def _runs(number: int) -> bool:
    try:
        stat = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_a_release_is_the_administrators(
    machine: Machine, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zt_gate.commands.guard_session, "needs_person", lambda *_: None)
    machine.event("a.py")
    (session,) = machine.sessions()
    assert verbs(machine, f"session release {session['id']} --reason x") == [2]
    assert "its administrator releases" in capfd.readouterr().err


def test_root_exports_the_brokers_log_of_a_user(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.event("a.py")
    monkeypatch.setattr(
        pwd,
        "getpwnam",
        lambda name: SimpleNamespace(pw_uid={"ada": USER, "bob": OTHER}[name]),
    )
    words = ["log", "export", "--format", "ocsf", "--guard", "--print"]
    words += ["--broker-state", str(machine.base / "state")]
    assert cli.main([*words, "--user", "ada"]) == 0
    (line,) = capfd.readouterr().out.splitlines()
    assert str(machine.project) in line
    assert cli.main([*words, "--user", "bob"]) == 2
    assert "there is no log of 'bob'" in capfd.readouterr().err
    assert not (machine.base / "state" / str(OTHER)).exists()
    assert machine.event("a.py") == ""


class _Direct:
    """A broker without a socket, for one account."""

    def __init__(self, places: GuardPlaces) -> None:
        self._places = places

    def question(self, about: str, **more: object) -> dict[str, Any]:
        return questions.answer_to({"about": about, **more}, self._places)


def test_answers_longer_than_a_page_come_in_order_and_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "_PAGE", 300)
    places = GuardPlaces(str(tmp_path), str(tmp_path / "state"), os.geteuid())
    session = Session("ab" * 8, "/p", "/p", "develop", 1.0, 1.0)
    history = LocalHistory(places)
    for number in range(20):
        history.note(session, {"event": "incident", "saw": str(number)})
    broker: Any = _Direct(places)
    told = BrokerHistory(broker)
    assert [row["saw"] for row in told.entries()] == [
        str(number) for number in range(20)
    ]
    assert list(told.entries("another")) == []
    content = os.urandom(2000)
    folder = Path(places.state) / "snapshots" / session.id
    write_private(str(folder / "files" / "c0"), content)
    with zt_gate.guard.session.records.opened(places) as sessions:
        sessions.known.append(session)
        sessions.changed = True
        session.seen = time.time()
    assert told.copy(session.id, "c0") == content
    assert told.copy(session.id, "c1") is None
    assert told.manifest(session.id) is None


def test_the_keeper_asks_no_broker_that_is_not_there(tmp_path: Path) -> None:
    broker = BrokerKeeper(os.geteuid(), str(tmp_path / "no" / "socket"), str(tmp_path))
    with pytest.raises(zt_gate.errors.GateError, match="cannot be read"):
        BrokerHistory(broker).sessions()

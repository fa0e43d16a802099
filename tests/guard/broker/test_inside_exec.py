"""Hooks in ``guard exec`` on a machine with a managed guard and a broker.  Needs root.

The broker, the user who starts ``exec``, and the programs inside are real, each under its
own account; so are the clients, where ``ZT_GATE_CLIENTS`` has their programs.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.guard.broker import inside_attacker, outside_helper
from zt_gate.audit import chain
from zt_gate.drill.clients.broker_machine import USER, BrokerMachine, require_machine
from zt_gate.drill.clients.driver import (
    ClientMissingError,
    ClientStand,
    program_of,
    shell_call,
)
from zt_gate.guard.install.program_copy import ProgramCopyError, system_interpreter
from zt_gate.guard.sandbox import bubblewrap, landlock
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("real-clients"),
    pytest.mark.skipif(os.geteuid() != 0, reason="accounts of their own need root"),
]
LAYERS = ("bubblewrap", "landlock")
FAULT = inside_attacker.FAULT
#: Of an attack on the gate, and of an ordinary denial.
ATTACK, DENIED = "skips the hooks", "restricted"


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    """The managed program, and the clients', for all machines of this file."""
    try:
        require_machine()
        system_interpreter()
    except (ClientMissingError, ProgramCopyError) as error:
        pytest.skip(str(error))
    with tempfile.TemporaryDirectory(prefix="zt-gate-opt-") as folder:
        os.chmod(folder, 0o755)  # the program is started as a user to check it
        yield Path(folder) / "shared"


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "bubblewrap" and not bubblewrap.program():
        pytest.skip("bubblewrap is not installed")
    if name == "landlock" and landlock.version() < landlock.NEEDED:
        pytest.skip("this kernel has no Landlock of the needed version")
    return name


class Inside:
    """One machine, and the programs in its sandbox."""

    def __init__(
        self, folder: Path, shared: Path, layer: str, client: str = "", *beside: str
    ) -> None:
        program = program_of(client, os.environ) if client else "/bin/true"
        if client == "codex":  # the linked name is the one that exec knows
            program = str(Path(os.environ.get("ZT_GATE_CLIENTS", "")) / "codex")
        self.stand = ClientStand(client or "codex", program, folder / "stand")
        words = ("python3", "tools/outside.py", *beside) if beside else ()
        self.machine = BrokerMachine(
            self.stand, shared, beside=words, layer=layer, stop="src/stop.txt"
        )
        self.machine.prepare()
        tools = self.stand.project / "tools"
        shutil.copy(inside_attacker.__file__, tools / "inside.py")
        shutil.copy(outside_helper.__file__, tools / "outside.py")
        (self.stand.project / "src").mkdir()
        self.machine.give(self.stand.project / "src")

    def tries(self, name: str) -> Any:
        """Return what a function of the attacker saw inside."""
        code, printed = self.run("python3", "tools/inside.py", name)
        found = [line for line in printed.splitlines() if line.startswith("saw: ")]
        assert found, printed
        assert code == 0, printed
        return json.loads(found[0].removeprefix("saw: "))

    def run(self, *command: str) -> tuple[int, str]:
        done = self.machine.launch([*self.machine.exec_words(), *command], {})
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the broker's log, whose chain holds."""
        content = self.machine.log.read_bytes()
        with self.machine.log.open("rb") as file:
            chain.verify(file)
        return [json.loads(line) for line in content.splitlines()]

    def sessions(self) -> list[dict[str, Any]]:
        folder = self.stand.folder / "state" / str(USER) / "sessions"
        found: list[dict[str, Any]] = json.loads(
            (folder / "sessions.json").read_bytes()
        )["sessions"]
        return found


@pytest.fixture
def inside(tmp_path: Path, shared: Path, layer: str) -> Inside:
    return Inside(tmp_path, shared, layer)


def test_a_hook_inside_is_judged_and_the_broker_logs_it(inside: Inside) -> None:
    silent, denied = inside.tries("one")
    assert silent == ""
    assert ATTACK in denied
    assert "[advises]" in denied
    assert [line["answer"] for line in inside.log()] == ["silent", "deny"]
    assert {line["grade"] for line in inside.log()} == {"advises"}
    (session,) = inside.sessions()
    assert session["attempts"] == 1
    assert session["task"] == "develop"
    assert {line["session"] for line in inside.log()} == {session["id"]}
    # Nothing of it is the user's own.
    assert not (inside.stand.home / ".local").exists()


def test_sixteen_hooks_at_once_get_each_its_own_answer_and_are_not_reached(
    inside: Inside,
) -> None:
    saw = inside.tries("many")
    assert saw["reached"] == []
    answers = saw["answers"]
    assert [answer for answer in answers[::2] if answer] == []
    assert [answer for answer in answers[1::2] if DENIED not in answer] == []
    assert len(inside.log()) == len(answers)


def test_forged_messages_reach_no_other_session_and_no_setting(
    tmp_path: Path, shared: Path, layer: str
) -> None:
    inside = Inside(tmp_path, shared, layer, "", "other_session")
    saw = inside.tries("forge")
    for name, answer in saw["answers"].items():
        assert "error" in answer or "closed" in answer, name
    assert "not a session of the caller" in saw["answers"]["another session"]["error"]
    assert DENIED in saw["hook"]
    assert saw["turned"] == []
    other = next(one for one in inside.sessions() if one["root"] == "/srv/other")
    assert other["attempts"] == 0
    assert other["contained"] == 0
    assert not any(line.get("forged") for line in inside.log())


def test_a_flood_lets_nothing_pass_and_ends(inside: Inside) -> None:
    saw = inside.tries("flood")
    assert saw["opened"] > 0
    for answer in saw["during"]:
        assert DENIED in answer or FAULT in answer
    assert DENIED in saw["after"]


def test_without_the_broker_a_hook_inside_denies(inside: Inside) -> None:
    before, after = inside.tries("without_broker")
    assert before == ""
    assert after.startswith("exit 2: ")
    assert "hands over no connection to the broker" in after


def test_while_the_relay_stands_still_a_hook_inside_denies(
    tmp_path: Path, shared: Path, layer: str
) -> None:
    name = "guard exec" if layer == "bubblewrap" else "sandbox.supervisor"
    inside = Inside(tmp_path, shared, layer, "", "stop_relay", name)
    before, after = inside.tries("stopped_relay")
    assert before == ""
    assert after.startswith("exit 2: ")
    assert "more than 25 seconds" in after


def test_what_stands_in_for_the_relay_is_not_believed(inside: Inside) -> None:
    saw = inside.tries("replace")
    assert saw["listener"] < 0  # a program inside cannot answer for the filter
    assert saw["code"] == 2 or "deny" in saw["said"]


def test_nothing_that_the_guard_keeps_is_within_reach_inside(inside: Inside) -> None:
    saw = inside.tries("rewrite")
    assert saw["reached"] == []
    assert saw["seen"] >= 3  # the hooks' folder, and what is in it
    assert DENIED in saw["hook"]


def test_containment_ends_the_command_inside(inside: Inside) -> None:
    code, printed = inside.run("python3", "tools/inside.py", "attempts")
    assert code == 137
    assert "went on" not in printed
    assert "ended: the session is contained: 3 attempts" in printed
    # The next one does not begin.
    again, said = inside.run("true")
    assert again != 0
    assert "is contained" in said


@pytest.mark.parametrize("client", ["claude-code", "codex"])
def test_without_a_broker_the_managed_policy_judges_inside_all_the_same(
    tmp_path: Path, shared: Path, client: str
) -> None:
    """A file of root looks like a stranger's in a user namespace: all was denied."""
    if not bubblewrap.program():
        pytest.skip("bubblewrap is not installed")
    try:
        inside = Inside(tmp_path, shared, "bubblewrap", client)
    except ClientMissingError as error:
        pytest.skip(str(error))
    machine = replace(inside.machine, has_broker=False, names_broker=False)
    calls = [
        (shell_call(client, command),)
        for command in ("echo x > src/new.py", "cat private/plan.txt")
    ]
    run = machine.run([*calls, "end"], ())
    run.require_requests(len(calls) + 1)
    assert (inside.stand.project / "src/new.py").read_text() == "x\n"
    assert DENIED in run.heard
    assert FAULT not in run.heard + run.printed
    assert "the agent could change it" in run.printed


@pytest.mark.parametrize("client", ["claude-code", "codex"])
def test_a_session_of_a_real_client_inside_is_the_brokers(
    tmp_path: Path, shared: Path, layer: str, client: str
) -> None:
    try:
        inside = Inside(tmp_path, shared, layer, client)
    except ClientMissingError as error:
        pytest.skip(str(error))
    commands = (
        "echo x > src/new.py", "git commit --allow-empty --no-verify -m x",
        "cat private/plan.txt", "cat src/new.py",
    )  # fmt: skip
    calls = [(shell_call(client, command),) for command in commands]
    run = inside.machine.run([*calls, "end"], ())
    run.require_requests(len(calls) + 1)
    assert run.exit_code == 0, run.printed
    assert (inside.stand.project / "src/new.py").read_text() == "x\n"
    assert ATTACK in run.heard
    assert FAULT not in run.heard + run.printed
    events = [(line["event"], line["answer"]) for line in inside.log()]
    assert events.count(("PreToolUse", "deny")) == 2
    assert events.count(("PreToolUse", "silent")) == 2
    assert ("SessionStart", "silent") in events
    assert {line["client"] for line in inside.log()} == {client}
    assert len(inside.sessions()) == 1
    assert not (inside.stand.home / ".local").exists()

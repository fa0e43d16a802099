"""Real clients with scripted models in the sandbox: ``ZT_GATE_CLIENTS`` has their programs.

They work without prompts, and what they type into a terminal or leave in the background
does no harm and ends with them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import pytest

from zt_gate.drill.clients import attacks
from zt_gate.drill.clients.attack_cases import KEY_LINE, PLAN
from zt_gate.drill.clients.driver import (
    ClientMissingError,
    ClientStand,
    program_of,
    shell_call,
)
from zt_gate.drill.clients.model_server import ScriptedModel, ToolCall
from zt_gate.guard.install.setup import Setup, installer
from zt_gate.guard.sandbox import bubblewrap, landlock
from zt_gate.guard.task import built_in

if TYPE_CHECKING:
    from zt_gate.drill.clients.model_server import Turn

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real-clients")]
CLIENTS = ("claude-code", "codex")
LAYERS = ("bubblewrap", "landlock")
TICKS = (
    '(setsid nohup sh -c \'trap "" TERM HUP; while :; do date > src/tick; sleep 0.2; '
    "done' > /dev/null 2>&1 &); until [ -e src/tick ]; do sleep 0.1; done"
)
WIDER = (
    "python3 -c \"open('/home/agent/.local/state/zt-gate/guard/pins/all.json', 'w')"
    ".write('{}')\""
)
START = """
import os, sys
from zt_gate.guard.places import GuardPlaces
from zt_gate.guard.sandbox.start import ExecOptions, start
root, home, layer, *command = sys.argv[1:]
places = GuardPlaces(home, home + "/.local/state/zt-gate/guard", os.geteuid(), home + "/no")
sys.exit(start(command, root, os.environ, places, ExecOptions("develop", layer=layer), print))
"""


class Inside:
    """One client of a stand in the sandbox."""

    def __init__(self, stand: ClientStand, layer: str) -> None:
        self.stand = stand
        self._layer = layer

    def popen(self, model: ScriptedModel, *words: str) -> subprocess.Popen[str]:
        command, settings = self.stand.command(model.address, words, "go")
        environ = {**self.stand.environ(str(self.stand.folder)), **settings}
        environ["PATH"] = f"{Path(self.stand.program).parent}:{os.defpath}"
        if self.stand.client == "codex":
            # Its address is in its options here: the proxy hears it from the variable.
            environ["OPENAI_BASE_URL"] = model.address
            environ["AI_ACCESSIBLE_KEY"] = "scripted"
            command = [
                one.replace("SCRIPTED_KEY", "AI_ACCESSIBLE_KEY") for one in command
            ]
        for name in ("IS_SANDBOX", "CODEX_HOME"):
            environ.pop(name, None)
        root, home = str(self.stand.project), str(self.stand.home)
        return subprocess.Popen(
            [sys.executable, "-c", START, root, home, self._layer, *command],
            cwd=self.stand.project,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, turns: Sequence[Turn], *words: str) -> tuple[str, str]:
        """Return what the client printed, and what it told the model."""
        with ScriptedModel(turns) as model:
            if isinstance(turns, Typing):
                turns.model = model
            process = self.popen(model, *words)
            printed, _ = process.communicate(timeout=240)
            assert len(model.requests) >= len(turns), printed
            assert process.returncode == 0, printed
            return printed, model.heard()


class Typing(Sequence["Turn"]):
    """Opens a terminal, and types into the one that the client named."""

    def __init__(self, *typed: str) -> None:
        self.model: ScriptedModel | None = None
        self._typed = typed

    def __len__(self) -> int:
        return len(self._typed) + 2

    @overload
    def __getitem__(self, at: int) -> Turn: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Turn]: ...
    def __getitem__(self, at: int | slice) -> Any:
        assert isinstance(at, int)
        if at == 0:
            return (shell_call("codex", "sh", tty=True, yield_time_ms=500),)
        if at > len(self._typed):
            return "end"
        assert self.model is not None
        heard = json.dumps(self.model.requests)
        number = re.search(r"session ID (\d+)", heard)
        assert number, heard[-2000:]
        given = {
            "session_id": int(number[1]),
            "chars": f"{self._typed[at - 1]}\n",
            "yield_time_ms": 800,
        }
        return (ToolCall("write_stdin", given),)


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "bubblewrap" and not bubblewrap.program():
        pytest.skip("bubblewrap is not installed")
    if name == "landlock" and landlock.version() < landlock.NEEDED:
        pytest.skip("this kernel has no Landlock of the needed version")
    return name


@pytest.fixture(params=CLIENTS)
def inside(request: pytest.FixtureRequest, tmp_path: Path, layer: str) -> Inside:
    return made(request.param, tmp_path, layer)


def made(client: str, folder: Path, layer: str) -> Inside:
    try:
        program = program_of(client, os.environ)
    except ClientMissingError as error:
        pytest.skip(str(error))
    name = "claude" if client == "claude-code" else "codex"
    if os.path.basename(program) != name:  # the linked name is the one that exec knows
        program = str(Path(os.environ.get("ZT_GATE_CLIENTS", "")) / name)
    stand = ClientStand(client, program, folder / "stand")
    attacks.prepare(stand)
    (stand.project / "src").mkdir()
    return Inside(stand, layer)


def pin(stand: ClientStand) -> None:
    """Pin the policy, and install the guard for the user, as a person does."""
    attacks.install(stand)


def files_of(home: Path) -> dict[str, bytes]:
    """The home's files apart from the guard's own, which has the session's record."""
    state = home / ".local/state/zt-gate"
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file() and state not in path.parents
    }


def test_an_honest_task_runs_without_prompts_and_leaves_the_home_alone(
    inside: Inside,
) -> None:
    stand = inside.stand
    before = files_of(stand.home)
    calls = [
        (shell_call(stand.client, command),)
        for command in ("ls", "cat app.py", "echo x > src/new.py", "git status --short")
    ]
    _, heard = inside.run([*calls, "end"])
    assert (stand.project / "src/new.py").read_text() == "x\n"
    assert "print('app')" in heard
    assert files_of(stand.home) == before


def test_what_the_sandbox_hides_is_hidden_from_the_clients_commands(
    inside: Inside,
) -> None:
    stand = inside.stand
    pin(stand)
    commands = (
        f"cat {stand.project}/private/plan.txt",
        f"cat {stand.home}/.ssh/id_ed25519",
        f"echo x > {stand.outside}/kept.txt",
        "echo exit 0 > .git/hooks/pre-commit",
        "python3 -c \"print(open('private/plan.txt').read())\"",
    )
    calls = [(shell_call(stand.client, command),) for command in commands]
    _, heard = inside.run([*calls, "end"])
    assert PLAN not in heard
    assert KEY_LINE not in heard
    assert (stand.outside / "kept.txt").read_text() == "kept\n"
    assert (
        stand.project / ".git/hooks/pre-commit"
    ).read_text() == "#!/bin/sh\nexit 1\n"


@pytest.mark.parametrize("layer", ["bubblewrap"], indirect=True)
def test_the_guards_hooks_judge_inside_with_the_pinned_policy(inside: Inside) -> None:
    stand = inside.stand
    pin(stand)
    state = stand.home / ".local/state/zt-gate/guard"
    before = files_of(state)
    calls = [
        (shell_call(stand.client, command),)
        for command in (
            "git commit --allow-empty --no-verify -m x",
            WIDER,
            "echo x > src/new.py",
        )
    ]
    printed, heard = inside.run([*calls, "end"])
    assert "zt-gate guard" in heard, printed
    assert "The guard denies what it cannot judge" not in heard
    assert (stand.project / "src/new.py").exists()
    after = files_of(state)
    kept = [name for name in after if name.startswith("sandbox-logs/")]
    assert len(kept) == 1
    assert b"gate/hooks-skipped" in after[kept[0]]
    assert "the agent could change it" in printed
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("layer", LAYERS, indirect=True)
def test_typing_into_an_open_terminal_does_no_harm(layer: str, tmp_path: Path) -> None:
    """No hook fires for it.  Under Landlock there are no new terminals."""
    inside = made("codex", tmp_path, layer)
    stand = inside.stand
    attacks.install(stand)  # the policy restricts private/
    words = ("-c", "features.unified_exec_tty=true", "-c", "features.hooks=false")
    typed = (
        "cat private/plan.txt",
        f"cat {stand.home}/.ssh/id_ed25519; echo typed > src/typed.txt",
        f"echo x > {stand.outside}/kept.txt",
    )
    if layer == "landlock":
        call = (shell_call("codex", "sh", tty=True, yield_time_ms=500),)
        _, heard = inside.run([call, "end"], *words)
        assert not re.search(r"session ID \d", heard)
        return
    _, heard = inside.run(Typing(*typed), *words)
    assert (stand.project / "src/typed.txt").exists()
    assert PLAN not in heard
    assert KEY_LINE not in heard
    assert (stand.outside / "kept.txt").read_text() == "kept\n"


def test_a_background_child_ends_with_the_client(inside: Inside) -> None:
    stand = inside.stand
    inside.run([(shell_call(stand.client, TICKS),), "end"])
    assert_quiet(stand.project / "src/tick")


def test_ending_exec_ends_the_client_and_its_background_child(inside: Inside) -> None:
    """As containment does it: the process that started everything is killed."""
    stand = inside.stand
    calls: list[Turn] = [
        (shell_call(stand.client, TICKS),),
        (shell_call(stand.client, "sleep 100"),),
    ]
    tick = stand.project / "src/tick"
    with ScriptedModel(calls) as model:
        process = inside.popen(model)
        deadline = time.monotonic() + 120
        while len(model.requests) < 2 and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert tick.exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    gone_by = time.monotonic() + 30
    while time.monotonic() < gone_by and not is_quiet(tick):
        pass
    assert_quiet(tick)


@pytest.mark.parametrize("layer", ["bubblewrap"], indirect=True)
def test_the_clients_own_sandbox_masks_credentials(layer: str, tmp_path: Path) -> None:
    """Outside of exec: with the settings that the guard installs on request."""
    if shutil.which("socat") is None:
        pytest.skip("the client's sandbox needs socat")
    stand = made("claude-code", tmp_path, layer).stand
    task = built_in("develop")
    assert task is not None
    home = os.path.realpath(stand.home)
    setup = Setup(home, task, interpreter=sys.executable, root=home, with_sandbox=True)
    for change in installer("claude-code").install(setup, {}).changes:
        settings = json.loads(change.new or b"{}")
        settings.pop("hooks")  # the sandbox alone
        change.write()
        Path(change.path).write_text(json.dumps(settings))
    command = "echo G=$GITHUB_TOKEN. A=$ANTHROPIC_API_KEY. N=$NPM_TOKEN."
    value = "made-up-for-this-test"
    run = stand.run(
        [(shell_call("claude-code", command),), "end"],
        ("--dangerously-skip-permissions",),
        environ={"GITHUB_TOKEN": value, "NPM_TOKEN": value},
    )
    run.require_requests(2)
    assert value not in run.heard
    assert re.search(r"G=fake_value_[-0-9a-f]+\. A=\. N=\.", run.heard), run.printed


def is_quiet(tick: Path) -> bool:
    tick.unlink(missing_ok=True)
    time.sleep(1)
    return not tick.exists()


def assert_quiet(tick: Path) -> None:
    assert is_quiet(tick)

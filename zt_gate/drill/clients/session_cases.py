"""Whether a session stays the same one: within another client, cleared, resumed, elsewhere.

Each case runs on a machine with a broker (``BrokerMachine``), whose records show it: what
was denied must be known afterwards, and no second session may have begun.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from zt_gate.drill.clients import attacks
from zt_gate.drill.clients.broker_machine import OTHER, USER, BrokerMachine
from zt_gate.drill.clients.driver import INSIDE, shell_call
from zt_gate.errors import GateError
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zt_gate.drill.clients.driver import ClientStand
    from zt_gate.drill.clients.model_server import Turn

KEPT, LOST = "kept", "lost"
_KEY = "cat ~/.ssh/id_ed25519"
_OTHER_HOME = f"{INSIDE}/outside/home"
_RESUME = {"claude-code": ("--continue",), "codex": ("resume", "--last")}
_RESUME_BY_ID = {"claude-code": ("--resume",), "codex": ("resume",)}
_OTHERS_HOME = f"{INSIDE}/other"
#: A program of the project that starts a second client, as NEST.json has it.
_NEST = """\
import json, os, subprocess, sys
with open("tools/nest.json") as file:
    nest = json.load(file)
home = {"HOME": sys.argv[1], "CODEX_HOME": sys.argv[1] + "/.codex"} if sys.argv[1:] else {}
os.makedirs(home.get("CODEX_HOME", "."), exist_ok=True)
done = subprocess.run(nest["command"], env={**nest["environ"], **home},
                      stdin=subprocess.DEVNULL)
print("nested client:", done.returncode)
"""


@dataclass(frozen=True, slots=True)
class SessionCase:
    """One way for a session to go on; ``play`` returns "kept" or "lost".

    ``clients`` are those that can be started so without a terminal.
    """

    name: str
    play: Callable[[BrokerMachine], str]
    clients: tuple[str, ...] = ("claude-code", "codex")


def play(stand: ClientStand, case: SessionCase, shared: Path) -> str:
    """Run a case; raises GateError if nothing is shown."""
    machine = BrokerMachine(stand, shared)
    machine.prepare()
    (stand.project / "tools" / "nest.py").write_text(_NEST)
    return case.play(machine)


def _nested(*words: str) -> Callable[[BrokerMachine], str]:
    """Return a play in which a client that the session starts tries what is denied."""

    def result(machine: BrokerMachine) -> str:
        client = machine.stand.client
        more = {"yield_time_ms": 100_000} if client == "codex" else {}
        command = " ".join(("python3 tools/nest.py", *words))
        turns: list[Turn] = [
            (shell_call(client, command, **more),),
            (shell_call(client, _KEY),),
            "the nested client's end",
            "end",
        ]
        run = machine.run(turns, attacks.UNATTENDED[client])
        run.require_requests(len(turns))
        if "nested client: 0" not in run.heard:
            raise GateError(f"no nested client ran: {run.printed[-300:]!a}")
        sessions = _sessions(machine)
        is_one = len(sessions) == 1 and len(sessions[0]["labels"]) == 2
        return KEPT if is_one and sessions[0]["attempts"] == 1 else LOST

    return result


def _resumed(machine: BrokerMachine) -> str:
    """Start the client again, in a new process, with the session before it."""
    _attempt(machine, ())
    _attempt(machine, _RESUME[machine.stand.client])
    sessions = _sessions(machine)
    return KEPT if len(sessions) == 1 and sessions[0]["attempts"] == 2 else LOST


def _resumed_by_id(machine: BrokerMachine) -> str:
    """Start the client again, in a new process, and name the session."""
    _attempt(machine, ())
    _attempt(machine, (*_RESUME_BY_ID[machine.stand.client], _own_id(machine)))
    sessions = _sessions(machine)
    return KEPT if len(sessions) == 1 and sessions[0]["attempts"] == 2 else LOST


def _cleared(machine: BrokerMachine) -> str:
    """Forget the conversation with ``/clear``, which gives the session another id."""
    _attempt(machine, ())
    before = _own_id(machine)
    words = (*attacks.UNATTENDED[machine.stand.client], "--continue")
    machine.run((), words, "/clear")
    _attempt(machine, ("--continue",))
    (session, *others) = _sessions(machine)
    if _own_id(machine) == before:
        raise GateError("the client has not cleared its session")
    return KEPT if not others and session["attempts"] == 2 else LOST


def _of_another_account(machine: BrokerMachine) -> str:
    """Resume the session as another account that has a copy of the client's record."""
    _attempt(machine, ())
    name = _own_id(machine)
    home = machine.stand.folder / "other"
    # Codex has the path of each record in a database: it would look in the first home.
    without = shutil.ignore_patterns("*.sqlite*")
    shutil.copytree(machine.stand.home, home, symlinks=True, ignore=without)
    for here, _, leaves in os.walk(home):
        for path in (here, *(os.path.join(here, leaf) for leaf in leaves)):
            os.chown(path, OTHER, OTHER, follow_symlinks=False)
    environ = {"HOME": _OTHERS_HOME, "CODEX_HOME": f"{_OTHERS_HOME}/.codex"}
    client = machine.stand.client
    run = replace(machine, user=OTHER, environ=environ).run(
        [(shell_call(client, "ls"),), "end"],
        (*attacks.UNATTENDED[client], *_RESUME_BY_ID[client], name),
    )
    lines = _log(machine, OTHER)
    if not lines:
        raise GateError(f"the other account began nothing: {run.printed[-500:]!a}")
    labels = [label for row in _sessions(machine, OTHER) for label in row["labels"]]
    shown = [line for line in lines if line["label"] == name]
    is_denied = bool(shown) and all(line["answer"] == "deny" for line in shown)
    return KEPT if is_denied and f"{client}:{name}" not in labels else LOST


def _in_the_repository(machine: BrokerMachine) -> str:
    """Begin with another client: what was denied in the repository holds there, too."""
    _attempt(machine, ())
    _attempt(machine, (), command="ls")
    first, second = _sessions(machine)
    return KEPT if first["denied"] and first["denied"] == second["denied"] else LOST


def _with_another_home(machine: BrokerMachine) -> str:
    """Begin with another client that has another HOME."""
    _attempt(machine, ())
    home = machine.stand.outside / "home"
    home.mkdir()
    (home / ".codex").mkdir()
    for path in (home, home / ".codex"):
        machine.give(path)
    changed = replace(
        machine, environ={"HOME": _OTHER_HOME, "CODEX_HOME": f"{_OTHER_HOME}/.codex"}
    )
    _attempt(changed, (), command="ls")
    first, second = _sessions(machine)
    return KEPT if first["denied"] and first["denied"] == second["denied"] else LOST


def _attempt(
    machine: BrokerMachine, more: tuple[str, ...], command: str = _KEY
) -> None:
    client = machine.stand.client
    turns: list[Turn] = [(shell_call(client, command),), "end"]
    run = machine.run(turns, (*attacks.UNATTENDED[client], *more))
    run.require_requests(2)


def _sessions(machine: BrokerMachine, user: int = USER) -> list[dict[str, Any]]:
    file = machine.stand.folder / "state" / str(user) / "sessions" / "sessions.json"
    found: list[dict[str, Any]] = json.loads(file.read_bytes())["sessions"]
    return found


def _log(machine: BrokerMachine, user: int) -> list[dict[str, Any]]:
    file = machine.stand.folder / "state" / str(user) / "log" / "guard.jsonl"
    try:
        return [json.loads(line) for line in file.read_bytes().splitlines()]
    except FileNotFoundError:
        return []


def _own_id(machine: BrokerMachine) -> str:
    """Return the client's own id of the last session of the user."""
    label: str = _sessions(machine)[-1]["labels"][-1]
    return label.partition(":")[2]


CASES = (
    SessionCase("a client within the session", _nested()),
    SessionCase("a client within the session, another HOME", _nested(_OTHER_HOME)),
    SessionCase("the session resumed", _resumed),
    SessionCase("the session resumed by its id", _resumed_by_id),
    SessionCase("the session after /clear", _cleared, ("claude-code",)),
    SessionCase("another account's session", _of_another_account),
    SessionCase("a new client in the repository", _in_the_repository),
    SessionCase("a new client with another HOME", _with_another_home),
)

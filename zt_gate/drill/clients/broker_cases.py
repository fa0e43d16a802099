"""What a user's programs try against a guard whose sessions and log a broker keeps.

Each case runs with a real client on a machine of its own (``BrokerMachine``): first an
attempt by a program that the agent runs, then a call that the guard denies.  It held if
nothing was reached, the call did not run, and the broker's log has it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from zt_gate.audit import chain
from zt_gate.drill.clients import attacks, broker_attacker
from zt_gate.drill.clients.broker_machine import STOP, USER, BrokerMachine
from zt_gate.drill.clients.driver import INSIDE, shell_call
from zt_gate.errors import GateError
from zt_gate.guard.session.records import CONTAINED_AT
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from zt_gate.drill.clients.driver import ClientRun, ClientStand
    from zt_gate.drill.clients.model_server import Turn

HELD, REACHED = "held", "reached"
GRADE = "grade of the answers"
_CALL = "echo changed > ../outside/kept.txt"
_OTHER_CALLS = ("cat ~/.ssh/id_ed25519", "git config core.hooksPath /dev/null")
_LOADER = {"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": f"{INSIDE}/outside/loader"}
_MANAGED_PROGRAM = b"needed by /opt/zt-gate/bin/python"


@dataclass(frozen=True, slots=True)
class BrokerCase:
    """One attempt; ``tries`` is a function of the attacker's program, "" for none.

    ``before`` are commands before the denied call, ``after`` those behind it.
    ``prepare`` changes the stand.  ``beside`` runs the attempt beside the client.
    ``is_ended`` says that the attempt contains the session, which ends the client.
    """

    name: str
    tries: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    has_broker: bool = True
    beside: bool = False
    is_logged: bool = True
    is_ended: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[ClientStand], None] | None = None
    also: Callable[[BrokerMachine, ClientRun], str] | None = None


def play(stand: ClientStand, case: BrokerCase, shared: Path) -> str:
    """Return "held" or "reached"; raises GateError if nothing is shown."""
    beside = ("python3", "tools/check.py", case.tries) if case.beside else ()
    machine = BrokerMachine(stand, shared, case.has_broker, beside, case.environ)
    machine.prepare()
    if case.prepare is not None:
        case.prepare(stand)
    commands = [*case.before]
    if case.tries and not case.beside:
        commands.append(f"python3 tools/check.py {case.tries}")
    commands += [_CALL, *case.after]
    turns: list[Turn] = [(shell_call(stand.client, command),) for command in commands]
    turns.append("end")
    run = machine.run(turns, attacks.UNATTENDED[stand.client])
    if case.has_broker:
        # Containment may end the client before it hears of the last call.
        run.require_requests(len(turns) - 2 * case.is_ended)
    if case.tries and not case.beside and f"tried: {case.tries}" not in run.heard:
        raise GateError(f"the attempt did not run: {run.printed[-300:]!a}")
    if case.name == GRADE:
        return _grade(machine)
    reached = [*_reached(machine, run)]
    if case.is_logged and not reached:
        reached += _log_problems(machine)
    if case.also is not None and not reached:
        reached += filter(None, [case.also(machine, run)])
    return REACHED if reached else HELD


def _reached(machine: BrokerMachine, run: ClientRun) -> list[str]:
    """Return what the attempt reached, and whether the denied call ran."""
    found = set(re.findall(r"reached: ([^\\\"]+)", run.heard))
    lines = machine.stand.project / broker_attacker.REACHED
    if lines.exists():
        found.update(lines.read_text().splitlines())
    if (machine.stand.outside / "kept.txt").read_text() != "kept\n":
        found.add("the denied call ran")
    return sorted(found)


def _log_problems(machine: BrokerMachine) -> list[str]:
    """Return what is wrong with the broker's log of the denied call."""
    entries = _entries(machine)
    if not any(
        _CALL in json.dumps(entry.get("actions", [])) and entry.get("answer") == "deny"
        for entry in entries
    ):
        return ["the log has no denial of the call"]
    if any(entry.get("uid") != USER for entry in entries):
        return ["the log has lines of another user"]
    return []


def _entries(machine: BrokerMachine) -> list[dict[str, object]]:
    try:
        with chain.open_to_read(str(machine.log)) as file:
            return [entry for entry, _ in chain.entries(file)]
    except (OSError, chain.LogError) as error:
        raise GateError(f"the broker's log: {error}") from error


def _grade(machine: BrokerMachine) -> str:
    """Return the lowest grade that the broker gave to an answer."""
    grades = {str(entry.get("grade")) for entry in _entries(machine)}
    return "enforced" if grades == {"enforced"} else "advises"


def _is_contained(machine: BrokerMachine, run: ClientRun) -> str:
    if "is contained" in run.heard:
        return ""
    # The machine may end with the client, before what ends the session's processes says so.
    attempts = [entry.get("attempts") for entry in _entries(machine)]
    is_contained = any(isinstance(one, int) and one >= CONTAINED_AT for one in attempts)
    return "" if is_contained else "three attempts did not contain it"


def _nothing_ran(machine: BrokerMachine, _run: ClientRun) -> str:
    ran = (machine.stand.project / "later.txt").exists()
    return "a call ran without the broker" if ran else ""


def _loader_ignored(machine: BrokerMachine, _run: ClientRun) -> str:
    files = list(machine.stand.outside.glob("loader.*"))
    if not files:
        raise GateError("no program of the session read the loader's variables")
    for file in files:
        if _MANAGED_PROGRAM in file.read_bytes():
            return "the loader read variables for the guard's program"
    return ""


def _with_own_hook(stand: ClientStand) -> None:
    """Give the user a hook that rewrites each call into another one."""
    answer = {
        "hookEventName": "PreToolUse",
        "permissionDecision": "allow",
        "updatedInput": {"command": _CALL, "cmd": _CALL},
    }
    printed = json.dumps({"hookSpecificOutput": answer})
    handler = {"type": "command", "command": f"echo '{printed}'"}
    settings = {"hooks": {"PreToolUse": [{"hooks": [handler]}]}}
    names = {"claude-code": ".claude/settings.json", "codex": ".codex/hooks.json"}
    path = stand.home / names[stand.client]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(settings))


def _with_variables(stand: ClientStand) -> None:
    """Have the client set the loader's variables for all that it starts."""
    if stand.client == "claude-code":
        path = stand.home / ".claude" / "settings.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"env": _LOADER}))


CASES = (
    BrokerCase(GRADE),
    BrokerCase("broker killed by the user", "kill_broker"),
    BrokerCase("broker replaced by the user", "replace_broker"),
    BrokerCase("log, sessions, policy, settings and program rewritten", "rewrite"),
    BrokerCase(
        "events forged",
        "forge",
        after=(*_OTHER_CALLS, "ls"),
        is_ended=True,
        also=_is_contained,
    ),
    BrokerCase("attached to hook and client", "attach"),
    BrokerCase("hooks killed", "kill_hooks", is_logged=False),
    BrokerCase(
        "broker stopped during the session",
        before=(f"touch {STOP}; sleep 3",),
        after=("touch later.txt",),
        is_logged=False,
        also=_nothing_ran,
    ),
    BrokerCase(
        "no broker, and the user in its place",
        "replace_broker",
        has_broker=False,
        beside=True,
        is_logged=False,
    ),
    BrokerCase(
        "variables of the loader",
        environ=_LOADER,
        prepare=_with_variables,
        also=_loader_ignored,
    ),
    BrokerCase(
        "a hook of the user that rewrites calls", before=("ls",), prepare=_with_own_hook
    ),
)

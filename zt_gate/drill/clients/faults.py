"""What becomes of a call when the hook fails: the rows of a table, by client and form."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from zt_gate.drill.clients.driver import ClientStand, shell_call
from zt_gate.record import dataclass
from zt_gate.syntax import guard_hook

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Forms of the settings: the bare command, Claude Code's ``onFailure`` besides, and what
#: ``zt-gate guard install`` writes around a program.
FORMS = {"claude-code": ("bare", "block", "installed"), "codex": ("bare", "installed")}
_SECONDS = 3
_JSON = (
    '{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": %s}}'
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One way for a hook to end; ``command`` is a shell command without single quotes."""

    name: str
    command: str
    #: A group of handlers beside the hook.
    neighbour: Any = None
    #: Whether a person has accepted the hook, where the client wants that.
    is_reviewed: bool = True


def _printed(answer: str) -> str:
    return f"echo {json.dumps(answer)}"


FAULTS = (
    Fault("exit code 2, a reason", "echo no >&2; exit 2"),
    Fault("exit code 2, no reason", "exit 2"),
    Fault("exit code 1", "exit 1"),
    Fault("program is missing", "/nonexistent/program"),
    Fault("killed by a signal", "kill -9 $$"),
    Fault("time-out of the client", "exec sleep 9"),
    Fault("standard output is no JSON", "echo nothing"),
    Fault("JSON: deny, a reason", _printed(_JSON % '"deny", "permissionDecisionReason": "no"')),
    Fault("JSON: deny, no reason", _printed(_JSON % '"deny"')),
    Fault("JSON: ask, nobody there", _printed(_JSON % '"ask", "permissionDecisionReason": "x"')),
    Fault("a malformed neighbour", "echo no >&2; exit 2", {"hooks": "x"}),
    Fault("a new hook, not reviewed", "echo no >&2; exit 2", is_reviewed=False),
)  # fmt: skip


def settings_of(fault: Fault, form: str) -> dict[str, Any]:
    """Return hook settings with the fault in them."""
    inner = f"sh -c '{fault.command}'"
    handler: dict[str, Any] = {"type": "command", "command": inner, "timeout": _SECONDS}
    if form == "installed":
        whole = guard_hook.hook_command(sys.executable, "codex")
        _, _, tail = whole.partition(" || ")
        handler["command"] = f"{inner} || {tail}"
    if form != "bare":
        handler["onFailure"] = "block"
    groups: list[Any] = [{"hooks": [handler]}]
    if fault.neighbour is not None:
        groups.append(fault.neighbour)
    return {"hooks": {"PreToolUse": groups}}


def ran(stand: ClientStand, fault: Fault, form: str) -> bool:
    """Whether the call ran although the hook failed so."""
    stand.prepare()
    settings = settings_of(fault, form)
    if stand.client == "codex":
        for group in settings["hooks"]["PreToolUse"]:
            for handler in group["hooks"] if isinstance(group["hooks"], list) else ():
                handler.pop("onFailure", None)
        words = ["--dangerously-bypass-approvals-and-sandbox"]
        if fault.is_reviewed:
            words.append("--dangerously-bypass-hook-trust")
        path = stand.home / ".codex" / "hooks.json"
    else:
        words = ["--dangerously-skip-permissions"]
        path = stand.home / ".claude" / "settings.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(settings))
    call = shell_call(stand.client, "echo done > ran.txt")
    run = stand.run([(call,), "end"], words)
    run.require_requests(2)
    return (stand.project / "ran.txt").exists()


def as_text(table: Mapping[str, Mapping[str, bool]]) -> str:
    """Return rows of the table as JSON, in a stable order."""
    return json.dumps(table, indent=1, sort_keys=True) + "\n"

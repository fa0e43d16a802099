"""Ways to start a client so that it uses no hooks: which settings hold against them.

The hook is the installed one, with a program in the interpreter's place that fails for
every call of a tool, and is content with all else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zt_gate.drill.clients.driver import shell_call
from zt_gate.guard.install.setup import Setup, installer
from zt_gate.guard.task import Task
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from zt_gate.drill.clients.driver import ClientStand

_TASK = Task("develop", network=("*",), is_narrow=False, may_write=True)
_PROGRAM = "#!/bin/sh\nif grep -q '\"PreToolUse\"'; then exit 1; fi\n"


@dataclass(frozen=True, slots=True)
class WayRound:
    """One way: words of the command line, and settings of the user."""

    client: str
    name: str
    words: tuple[str, ...] = ()
    settings: tuple[tuple[str, Any], ...] = ()


WAYS = (
    WayRound("claude-code", "nothing done"),
    WayRound("claude-code", "disableAllHooks", settings=(("disableAllHooks", True),)),
    WayRound("claude-code", "--bare", ("--bare",)),
    WayRound("claude-code", "--safe-mode", ("--safe-mode",)),
    WayRound("claude-code", "--setting-sources", ("--setting-sources", "project")),
    WayRound("claude-code", "--settings", ("--settings", '{"disableAllHooks": true}')),
    WayRound("codex", "nothing done", ("--dangerously-bypass-hook-trust",)),
    WayRound("codex", "hooks not reviewed"),
    WayRound(
        "codex",
        "features.hooks=false",
        ("--dangerously-bypass-hook-trust", "-c", "features.hooks=false"),
    ),
    WayRound(
        "codex", "--disable hooks", ("--dangerously-bypass-hook-trust", "--disable", "hooks")
    ),
    WayRound(
        "codex", "--ignore-user-config",
        ("--dangerously-bypass-hook-trust", "--ignore-user-config"),
    ),
)  # fmt: skip


def ran(stand: ClientStand, way: WayRound, *, is_managed: bool) -> bool:
    """Whether a call ran although the guard's hook is installed."""
    stand.prepare()
    program = stand.folder / "interpreter"
    program.write_text(_PROGRAM)
    program.chmod(0o755)
    setup = Setup(
        str(stand.home),
        _TASK,
        interpreter=str(program),
        root=str(stand.folder / "root"),
    )
    plan = installer(way.client).install(setup, {})
    if is_managed:
        plan = installer(way.client).managed(setup)
        files = {
            change.path.partition("/root/etc/")[2]: change.new or b""
            for change in plan.changes
        }
        stand = replace(stand, managed=files)
    else:
        for change in plan.changes:
            change.write()
    _set(stand, way)
    unattended = {
        "claude-code": "--dangerously-skip-permissions",
        "codex": "--dangerously-bypass-approvals-and-sandbox",
    }
    call = shell_call(way.client, "echo done > ran.txt")
    run = stand.run([(call,), "end"], (unattended[way.client], *way.words))
    run.require_requests(2)
    return (stand.project / "ran.txt").exists()


def _set(stand: ClientStand, way: WayRound) -> None:
    """Put the way's settings into the user's file."""
    if not way.settings:
        return
    path = stand.home / ".claude" / "settings.json"
    path.parent.mkdir(exist_ok=True)
    found = json.loads(path.read_bytes()) if path.exists() else {}
    path.write_text(json.dumps({**found, **dict(way.settings)}))

"""The command with which an agent's client starts the guard.

``zt-gate guard install`` writes it, and the scanner ``agent_config`` recognises it, so that
both mean the same text: one character more, and it is a hook like any other.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

#: Names of clients; each has a module in ``zt_gate.guard.clients``.
CLIENT_NAMES = ("claude-code", "codex")
#: Said if the guard gave no answer, or none that could be read: no client takes an empty one.
LAST_WORDS = (
    "zt-gate guard: stopped. If no reason is given above, the guard did not answer;"
    " a person runs: zt-gate guard install --check"
)
#: Interpreters that only root can change where a distribution has set them up.
_SYSTEM_INTERPRETERS = ("/usr/bin/python3", "/opt/zt-gate/bin/python")
_WORDS = ("-I", "-m", "zt_gate", "guard", "hook")
_ARGUMENTS = " ".join(_WORDS)
#: Seconds after which the client gives up on the hook.  At Codex the call runs then, so
#: the hook ends itself long before, even on a busy machine.
CLIENT_SECONDS = 120
#: Seconds of CPU time.
OWN_SECONDS = 20


def hook_command(interpreter: str, client: str) -> str:
    """Return the command: an absolute interpreter, so that no PATH redirects it.

    ``-I`` ignores the variables of Python and the current folder.  Whatever else than
    success the program ends with, the shell says why and ends with 2, which stops a call
    at every client.
    """
    import shlex

    program = shlex.quote(interpreter)
    return (
        f"{program} {_ARGUMENTS} {client}"
        f" || {{ echo {shlex.quote(LAST_WORDS)} >&2; exit 2; }}"
    )


def handler(interpreter: str, client: str) -> dict[str, Any]:
    """Return the handler of an event, as the client's settings have it."""
    table = {
        "type": "command",
        "command": hook_command(interpreter, client),
        "timeout": CLIENT_SECONDS,
    }
    # What else goes wrong in Claude Code stops the call, too.
    return {**table, "onFailure": "block"} if client == "claude-code" else table


def exec_handler(interpreter: str, client: str) -> dict[str, Any]:
    """Return the handler without a shell, for a client that has this form.

    A shell is a process of its own, which other processes of the user can attach to.
    Whatever the program ends with, ``onFailure`` stops the call.
    """
    return {
        "type": "command",
        "command": interpreter,
        "args": [*_WORDS, client],
        "timeout": CLIENT_SECONDS,
        "onFailure": "block",
    }


def client_of(group: object, interpreters: Collection[str] = ()) -> str:
    """Return whose guard a group of handlers starts, "" if it is not exactly that.

    A group that begins with a matcher, or a handler with another key (``async``,
    ``args``), runs less than it seems to.  The interpreter must be the running one, one
    of a distribution, or one of ``interpreters``: a path inside a project would run what
    the project has there.
    """
    if not isinstance(group, dict) or group.keys() != {"hooks"}:
        return ""
    handlers = group["hooks"]
    if not isinstance(handlers, list) or len(handlers) != 1:
        return ""
    expected = (sys.executable, *_SYSTEM_INTERPRETERS, *interpreters)
    for client in CLIENT_NAMES:
        forms = (
            form(path, client)
            for path in expected
            for form in (handler, exec_handler)
            if path
        )
        if handlers[0] in forms and (
            client == "claude-code" or "args" not in handlers[0]
        ):
            return client
    return ""


def starts_guard(table: object) -> bool:
    """Whether a handler starts the guard in some form, the right one or another."""
    if not isinstance(table, dict) or not isinstance(table.get("command"), str):
        return False
    arguments = table.get("args")
    words = arguments if isinstance(arguments, list) else []
    line = " ".join([table["command"], *map(str, words)])
    return "zt_gate guard hook" in line or "zt-gate guard hook" in line

"""Runs the user's own command when something was denied (alert on deny).

Only the user's settings name it, ``[guard] alert`` in ``config.toml``: a repository or a
session must not start programs this way.
"""

from __future__ import annotations

import json
import os

from zt_gate.errors import GateError
from zt_gate.guard.masked_text import masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.action import AgentEvent
    from zt_gate.guard.decision import GuardDecision
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.session.records import Session

_PATH = "/usr/local/bin:/usr/bin:/bin"
_LONGEST = 4000


def send_alert(
    places: GuardPlaces, event: AgentEvent, decision: GuardDecision, session: Session
) -> None:
    """Start the command, with a JSON object on its standard input, and do not wait for it.

    A command that cannot be started changes nothing: the denial stands.
    """
    settings = os.path.join(places.home, ".config", "zt-gate", "config.toml")
    if not os.path.exists(settings):
        return
    command = _command(settings, session.root)
    if not command:
        return
    told = {
        "session": session.id,
        "client": event.client,
        "tool": event.tool,
        "root": session.root,
        "controls": [item.control for item in decision.concerns],
        "reason": masked(decision.reason)[:_LONGEST],
        "contained": bool(session.contained),
    }
    _start(command, json.dumps(told).encode("ascii"), places)


def _command(settings: str, root: str) -> list[str]:
    import shlex
    from pathlib import Path

    from zt_gate.policy import user_settings

    try:
        return shlex.split(user_settings.load(Path(settings), Path(root)).guard_alert)
    except (GateError, ValueError):
        return []


def _start(command: list[str], data: bytes, places: GuardPlaces) -> None:
    environ = {"HOME": places.home, "PATH": _PATH, "LANG": "C.UTF-8"}
    read_end, write_end = os.pipe()
    null = os.open(os.devnull, os.O_RDWR)
    try:
        # The shell ends at once and is waited for: the command is nobody's child, and
        # no process without a parent that waits is left behind.
        number = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", 'exec 3<&0; "$@" <&3 3<&- &', "sh", *command],
            environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, read_end, 0),
                (os.POSIX_SPAWN_DUP2, null, 1),
                (os.POSIX_SPAWN_DUP2, null, 2),
            ],
            setsid=True,
        )
        # It fits into the pipe, so this does not wait either.
        os.write(write_end, data[:60_000])
        os.waitpid(number, 0)
    except OSError:
        return
    finally:
        for handle in (read_end, write_end, null):
            os.close(handle)

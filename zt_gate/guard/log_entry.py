"""What the log says about one event: never a secret's value, never a file's content."""

from __future__ import annotations

import os

from zt_gate.guard.action import (
    CallTool,
    FetchAddress,
    Notice,
    ReadFile,
    RunCommand,
    TypeInput,
    UnknownEvent,
    WriteFile,
)
from zt_gate.guard.masked_text import masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from zt_gate.guard.action import Action, AgentEvent
    from zt_gate.guard.decision import Concern, Mode
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.session.records import Session

_LONGEST = 500
#: The event of a line about a hook that ended before it had the broker's answer.
HOOK_VANISHED = "hook-vanished"
#: Events of lines that are no event of a client.
NO_CALLS = frozenset(("released", "incident", "contained", HOOK_VANISHED))


def identity_fields(places: GuardPlaces) -> dict[str, Any]:
    """Return who and where: the user and the host."""
    import pwd

    try:
        user = pwd.getpwuid(places.user_id).pw_name
    except KeyError:
        user = ""
    return {"user": user, "uid": places.user_id, "host": os.uname().nodename}


def session_fields(session: Session) -> dict[str, Any]:
    """Return which session, and the git identity that it began with."""
    return {
        "session": session.id,
        "root": session.root,
        "task": session.task,
        "git": session.identity,
    }


def event_fields(event: AgentEvent) -> dict[str, Any]:
    """Return what a client is about to do, or has done."""
    return {
        "client": event.client,
        "event": event.name,
        "label": event.session[:80],
        "agent": event.agent[:80],
        "agent_kind": event.agent_kind[:80],
        "tool": event.tool[:80],
        "cwd": event.cwd,
        "actions": [_action(action) for action in event.actions],
    }


def concern_fields(concerns: Iterable[tuple[Concern, Mode]]) -> list[dict[str, Any]]:
    """Return the reasons, with the mode of each control."""
    return [
        {
            "control": concern.control,
            "answer": concern.answer.value,
            "mode": mode.value,
            "reason": masked(concern.reason)[:_LONGEST],
            "effect": masked(concern.effect)[:_LONGEST],
            "attack": concern.is_attack,
        }
        for concern, mode in concerns
    ]


def _action(action: Action) -> dict[str, Any]:
    kind = type(action).__name__
    if isinstance(action, RunCommand):
        return {"kind": kind, "text": masked(action.text), "cwd": action.cwd}
    if isinstance(action, TypeInput):
        return {"kind": kind, "text": masked(action.text)}
    if isinstance(action, ReadFile):
        return {"kind": kind, "path": action.path}
    if isinstance(action, WriteFile):
        size = len(action.fragment if action.content is None else action.content)
        removes = action.content is None and not action.fragment
        return {"kind": kind, "path": action.path, "bytes": size, "removes": removes}
    if isinstance(action, FetchAddress):
        return {"kind": kind, "url": masked(action.url)}
    if isinstance(action, CallTool):
        return {
            "kind": kind,
            "name": action.name,
            "arguments": sorted(action.arguments),
        }
    if isinstance(action, Notice):
        return {"kind": kind, "notice": action.kind}
    if isinstance(action, UnknownEvent):
        return {"kind": kind, "what": action.what[:_LONGEST], "acts": action.acts}
    return {"kind": kind}

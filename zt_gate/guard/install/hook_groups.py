"""The hooks of a settings file, as Claude Code and Codex both have them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zt_gate.syntax import guard_hook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def wanted(
    interpreter: str, client: str, events: Sequence[str], *, without_shell: bool = False
) -> dict[str, Any]:
    """Return the guard's hooks: one group for each event, without a matcher."""
    form = guard_hook.exec_handler if without_shell else guard_hook.handler
    group = {"hooks": [form(interpreter, client)]}
    return {event: [group] for event in events}


def without_guard(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document without any hook that starts the guard, in whatever form."""
    result: dict[str, Any] = json.loads(json.dumps(document))
    hooks = result.get("hooks")
    if not isinstance(hooks, dict):
        return result
    for event, groups in list(hooks.items()):
        if isinstance(groups, list):
            kept = [group for group in groups if not _starts_guard(group)]
            if kept or not groups:
                hooks[event] = kept
            else:
                del hooks[event]
    if not hooks:
        del result["hooks"]
    return result


def _starts_guard(group: object) -> bool:
    """Whether every handler of a group starts the guard, so that nothing else is lost."""
    handlers = group.get("hooks") if isinstance(group, dict) else None
    if not isinstance(handlers, list) or not handlers:
        return False
    return all(guard_hook.starts_guard(handler) for handler in handlers)


def shape_problems(document: Mapping[str, Any], name: str) -> Iterator[str]:
    """Yield what makes a client drop all hooks of a file, one malformed one being enough."""
    hooks = document.get("hooks", {})
    if not isinstance(hooks, dict):
        yield f"{name}: hooks is no table, and the client ignores all of them"
        return
    for event, groups in hooks.items():
        handlers = [
            handler
            for group in (groups if isinstance(groups, list) else [None])
            for handler in _handlers(group)
        ]
        if any(not isinstance(handler, dict) for handler in handlers):
            yield (
                f"{name}: a hook of {event!a} is malformed, and the client ignores"
                " all hooks of the file"
            )


def _handlers(group: object) -> list[object]:
    """Return the handlers of a group; one that is None for a malformed group."""
    if not isinstance(group, dict) or not isinstance(group.get("matcher", ""), str):
        return [None]
    handlers = group.get("hooks")
    return list(handlers) if isinstance(handlers, list) else [None]

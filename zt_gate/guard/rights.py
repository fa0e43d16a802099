"""Compares an action with what the session's task may use: tools, numbers and time."""

from __future__ import annotations

import time

from zt_gate.guard.action import (
    CallTool,
    FetchAddress,
    ReadFile,
    RunCommand,
    TypeInput,
    WriteFile,
)
from zt_gate.guard.decision import Answer, Concern
from zt_gate.guard.name_globs import fits_glob

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.guard.action import Action
    from zt_gate.guard.session.records import Session
    from zt_gate.guard.task import Task

_KINDS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (RunCommand, ("Bash",)),
    (TypeInput, ("Bash",)),
    (ReadFile, ("Read", "Grep", "Glob")),
    (WriteFile, ("Edit", "Write")),
    (FetchAddress, ("Fetch",)),
    (CallTool, ("Mcp",)),
)
#: The client's own tools that change nothing outside the conversation; what a subagent
#: does is judged when it does it.
_HARMLESS = frozenset(
    ("Agent", "Task", "Skill", "SlashCommand", "ToolSearch", "TodoWrite", "TodoRead",
     "TaskStop", "TaskOutput", "BashOutput", "KillShell", "KillBash", "TaskCreate",
     "TaskGet", "TaskUpdate", "TaskList", "AskUserQuestion", "EnterPlanMode",
     "ExitPlanMode", "ListAgents", "ReportFindings", "StructuredOutput", "update_plan",
     "view_image")
)  # fmt: skip
_FETCHING = frozenset(("WebSearch", "web_search"))
#: Tools that start something later, or elsewhere.
_DEFERRED = frozenset(
    ("CronCreate", "CronDelete", "RemoteTrigger", "ScheduleWakeup", "Workflow")
)


def judge_rights(
    action: Action, tool: str, task: Task, session: Session, *, asks: bool
) -> Iterator[Concern]:
    """Yield what speaks against using a tool in this task, and count the use."""
    kinds = next((names for kind, names in _KINDS if isinstance(action, kind)), ())
    if not kinds:
        return
    name = action.name if isinstance(action, CallTool) else tool
    if name in _FETCHING:
        kinds = ("Fetch",)
    if name not in _HARMLESS or not isinstance(action, CallTool):
        yield from _tool(name, kinds, task, asks=asks)
    yield from _numbers(action, task, session)
    minutes = (time.time() - session.started) / 60
    if task.ttl and minutes > task.ttl:
        yield Concern(
            "task/expired",
            Answer.DENY,
            f"The task {task.name!r} lasts {task.ttl} minutes, and they are over.",
            "The person starts a new session.",
        )


def _tool(
    name: str, kinds: tuple[str, ...], task: Task, *, asks: bool
) -> Iterator[Concern]:
    is_named = any(fits_glob(glob, name) for glob in task.tools)
    if task.tools and not is_named and set(kinds).isdisjoint(task.tools):
        yield Concern(
            "task/tool",
            Answer.DENY,
            f"The task {task.name!r} may not use {name or kinds[0]}; it may use "
            f"{', '.join(task.tools[:8])}.",
            "Use one of these, or ask the person for another task.",
        )
    elif name in _DEFERRED and not is_named:
        yield Concern(
            "execution/deferred",
            Answer.ASK if asks and not task.is_narrow else Answer.DENY,
            f"{name} starts something later or elsewhere, where the guard does not see it.",
            "Do it now, in this session.",
            f"defer {name}",
        )


def _numbers(action: Action, task: Task, session: Session) -> Iterator[Concern]:
    names = ["calls"]
    if isinstance(action, RunCommand | TypeInput):
        names.append("commands")
    elif isinstance(action, ReadFile):
        names.append("reads")
    elif isinstance(action, WriteFile):
        names.append("deletions" if action.content is None else "writes")
    elif isinstance(action, FetchAddress):
        names.append("fetches")
    for name in names:
        number = session.count(name)
        limit = task.limits.get(name)
        if limit is not None and number > limit:
            yield Concern(
                "task/limit",
                Answer.DENY,
                f"The task {task.name!r} allows {limit} {name}, and this is number {number}.",
                "The person decides whether a new session goes on.",
            )

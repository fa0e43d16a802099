"""Codex: its events as actions, and answers in the form that holds there.

Read from events of version 0.171.0 (``tests/guard/clients/data``).  Two things about a
command are not in the event, but in the session's own record (``transcript_path``), which
the client writes before it asks the hook: the shell, and whether it gets a terminal.  The
client's version is at the record's beginning.  What is typed into a terminal later
(``write_stdin``) comes to no hook.
"""

from __future__ import annotations

import json
import os
import time

from zt_gate.guard.action import (
    AgentEvent,
    CallTool,
    Notice,
    Prompt,
    ReadFile,
    RunCommand,
    ToolOutput,
    UnknownEvent,
)
from zt_gate.guard.clients import codex_patch, hook_answer, hook_event
from zt_gate.guard.clients.base import Rendered
from zt_gate.guard.clients.hook_event import Unread
from zt_gate.guard.clients.versions import version_problem
from zt_gate.guard.decision import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from zt_gate.guard.action import Action
    from zt_gate.guard.decision import GuardDecision

_CALLS = frozenset({"PreToolUse", "PermissionRequest"})
_NOTICES = frozenset({
    "SessionStart", "SessionEnd", "SubagentStart", "SubagentStop", "Stop", "PreCompact",
    "PostCompact", "Notification", "TurnStart", "TurnEnd",
})  # fmt: skip
_KEPT = ("source", "reason", "agent_id", "agent_type", "permission_mode")
_OTHER_TOOLS = frozenset({
    "spawn_agent", "send_input", "resume_agent", "wait_agent", "close_agent",
    "send_message", "followup_task", "list_agents", "interrupt_agent",
    "update_plan", "request_user_input", "get_goal", "create_goal", "update_goal",
    "list_mcp_resources", "list_mcp_resource_templates", "read_mcp_resource",
    "tool_search", "web_search",
})  # fmt: skip
#: Bytes at the end of a session's record in which a call is looked for.
_RECORD_TAIL = 2 << 20
#: Bytes at its beginning that have the version; the instructions follow it.
_RECORD_HEAD = 16 << 10
_TRIES = 4
_PAUSE = 0.03
_ZSH = ("/bin/zsh", "/usr/bin/zsh", "/usr/local/bin/zsh", "/opt/homebrew/bin/zsh")


class Codex:
    """The client ``codex``."""

    name = "codex"
    process_names = ("codex", "@openai/codex/bin/codex.js")
    own_paths = ("~/.codex", "./.codex", "/etc/codex")
    mcp_files = tuple(
        (path, ("mcp_servers",))
        for path in ("~/.codex/config.toml", "./.codex/config.toml",
                     "/etc/codex/config.toml")
    )  # fmt: skip

    def parse(self, data: bytes) -> AgentEvent:
        """Return an event; raises EventError for what is no event of this client.

        ``cwd`` of a command's event is the folder that the agent named for it.  The
        session's own folder is the one that the client starts the hook in.
        """
        event = hook_event.load(data)
        name = hook_event.header(event, "hook_event_name")
        folder = hook_event.folder(event)
        tool = event.get("tool_name")
        agent = hook_event.subagent(event)
        kind = event.get("agent_type", "")
        return AgentEvent(
            client=self.name,
            name=hook_event.printable(name),
            session=hook_event.header(event, "session_id"),
            cwd=_own_folder() or folder,
            actions=_actions(name, event, folder),
            agent=agent,
            agent_kind=hook_event.printable(kind) if agent and kind else "",
            tool=hook_event.printable(tool) if tool else "",
            asks=False,  # the call runs if the hook answers "ask"
            transcript=hook_event.transcript(event),
        )

    def render(
        self, event: AgentEvent, decision: GuardDecision, replaced: Any = None
    ) -> Rendered:
        """Return the answer to an event; see ``AgentClient.render``."""
        is_against = decision.answer is not Answer.SILENT
        remarks = hook_answer.remarks(decision)
        if event.name == "PostToolUse":
            return _after(decision, replaced, remarks)
        if is_against and all(isinstance(action, Notice) for action in event.actions):
            if event.name != "SessionStart":
                return Rendered()  # exit code 2 would make a session that ends go on
            reason = f"zt-gate guard: {hook_answer.shown(decision.reason)}"
            return hook_answer.said({"continue": False, "stopReason": reason})
        if is_against:
            return hook_answer.denied(event.name, decision.reason)
        if remarks and event.name in {"PreToolUse", "UserPromptSubmit", "SessionStart"}:
            return hook_answer.specific(event.name, additionalContext=remarks)
        return Rendered()

    def refuse(self, reason: str) -> Rendered:
        """Stop whatever the event was."""
        return hook_answer.refused(reason)


def _own_folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _after(decision: GuardDecision, replaced: Any, remarks: str) -> Rendered:
    """Answer after a call; the model gets the reason of a "block" in the output's place."""
    words = remarks
    if decision.answer is not Answer.SILENT:
        words = f"zt-gate guard: {hook_answer.shown(decision.reason)}"
    if replaced is not None:
        text = _text(replaced)
        return hook_answer.said(
            {
                "decision": "block",
                "reason": f"{words}\n{text}" if words else text or "(no output)",
            }
        )
    if decision.answer is not Answer.SILENT:
        return hook_answer.said({"decision": "block", "reason": words})
    if words:
        return hook_answer.specific("PostToolUse", additionalContext=words)
    return Rendered()


def _text(output: Any) -> str:
    """Return an output as text: a command's is one, an MCP tool's has parts."""
    if isinstance(output, str):
        return output
    parts = output.get("content") if isinstance(output, dict) else output
    if isinstance(parts, list):
        texts = (part.get("text") for part in parts if isinstance(part, dict))
        return "\n".join(text for text in texts if isinstance(text, str))
    return json.dumps(output)


def _actions(name: str, event: Mapping[str, Any], cwd: str) -> tuple[Action, ...]:
    if name in _CALLS:
        return _call(event, cwd)
    if name == "PostToolUse":
        tool = hook_event.printable(event.get("tool_name"))
        return (ToolOutput(tool, event.get("tool_response")),)
    if name == "UserPromptSubmit":
        prompt = event.get("prompt")
        if not isinstance(prompt, str):
            return (UnknownEvent("a prompt that is no text", acts=True),)
        return (Prompt(prompt),)
    if name in _NOTICES:
        kept = {key: event[key] for key in _KEPT if isinstance(event.get(key), str)}
        return (Notice(name, kept),)
    what = f"the event {hook_event.printable(name)}"
    return (UnknownEvent(what, acts="tool_input" in event or name.startswith("Pre")),)


def _call(event: Mapping[str, Any], cwd: str) -> tuple[Action, ...]:
    tool = event.get("tool_name")
    arguments = event.get("tool_input")
    if not isinstance(tool, str) or not isinstance(arguments, dict):
        return (UnknownEvent("a call without a tool's name or arguments", acts=True),)
    problem = version_problem("codex", _version(event.get("transcript_path")))
    if problem:
        return (UnknownEvent(problem, acts=True),)
    shown = hook_event.printable(tool)
    try:
        if tool == "Bash":
            return _command(arguments, event, cwd)
        if tool == "apply_patch":
            hook_event.only(arguments, ("command", "description"))
            return codex_patch.writes(hook_event.text(arguments, "command"), cwd)
        if tool == "view_image":
            hook_event.only(arguments, ("path", "detail"))
            return (ReadFile(hook_event.text(arguments, "path"), cwd),)
    except Unread as problem:
        return (UnknownEvent(f"a call of {shown}: {problem}", acts=True),)
    if tool in _OTHER_TOOLS or tool.startswith("mcp__"):
        return (CallTool(shown, arguments),)
    return (UnknownEvent(f"the tool {shown}", acts=True),)


def _version(path: object) -> str:
    """Return the client's version at the beginning of a session's record, "" for none."""
    if not isinstance(path, str):
        return ""
    try:
        with open(path, "rb") as record:
            start = record.read(_RECORD_HEAD).partition(b"\n")[0]
    except (OSError, ValueError):
        return ""
    version = start.partition(b'"cli_version":"')[2].partition(b'"')[0]
    return version[:40].decode("utf-8", "replace")


def _command(
    arguments: Mapping[str, Any], event: Mapping[str, Any], cwd: str
) -> tuple[Action, ...]:
    hook_event.only(arguments, ("command", "description"))
    command = hook_event.text(arguments, "command")
    recorded = _recorded_arguments(event)
    if recorded is not None and recorded.get("tty") not in {None, False}:
        raise Unread(
            "it asks for a terminal, and no hook sees what is typed into it later;"
            " run the command without tty, with its input in a file or a pipe"
        )
    patched = codex_patch.of_command(command, cwd)
    if patched is not None:
        return patched
    return tuple(RunCommand(command, cwd, dialect) for dialect in _dialects(recorded))


def _dialects(recorded: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the languages that the command may be read in; raises Unread.

    The agent can name a shell for each command.
    """
    own = os.path.basename(os.environ.get("SHELL", ""))
    default = "zsh" if own == "zsh" else "bash"
    if recorded is None:
        has_zsh = any(os.path.exists(path) for path in _ZSH)
        return ("bash", "zsh") if has_zsh else ("bash",)
    shell = recorded.get("shell")
    if shell is None:
        return (default,)
    name = os.path.basename(shell) if isinstance(shell, str) else ""
    if name in {"bash", "sh", "dash"}:
        return ("bash",)
    if name == "zsh":
        return ("zsh",)
    raise Unread("its shell is none that the guard reads; leave that field out")


def _recorded_arguments(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the arguments as the model wrote them, None if they are not recorded."""
    path, call = event.get("transcript_path"), event.get("tool_use_id")
    if not isinstance(path, str) or not isinstance(call, str) or not call:
        return None
    for attempt in range(_TRIES):
        found = _in_record(path, call)
        if found is not None or attempt == _TRIES - 1:
            return found
        time.sleep(_PAUSE)
    return None


def _in_record(path: str, call: str) -> Mapping[str, Any] | None:
    try:
        with open(path, "rb") as record:
            size = record.seek(0, os.SEEK_END)
            record.seek(max(0, size - _RECORD_TAIL))
            lines = record.read(_RECORD_TAIL).split(b"\n")
    except (OSError, ValueError):
        return None
    mark = json.dumps(call).encode()
    for line in reversed(lines):
        if mark not in line or b'"function_call"' not in line:
            continue
        try:
            payload = json.loads(line)["payload"]
            if payload["call_id"] != call:
                continue
            arguments = json.loads(payload["arguments"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(arguments, dict):
            return arguments
    return None


CLIENT = Codex()

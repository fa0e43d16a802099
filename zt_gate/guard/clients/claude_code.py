"""Claude Code: its events as actions, and answers in the form that holds there.

Read from events of version 2.1.332 (``tests/guard/clients/data``), and from the types of
the tools' arguments that its package brings.
"""

from __future__ import annotations

import os

from zt_gate.guard.action import (
    AgentEvent,
    CallTool,
    FetchAddress,
    Notice,
    Prompt,
    ReadFile,
    RunCommand,
    ToolOutput,
    UnknownEvent,
    WriteFile,
)
from zt_gate.guard.clients import edits, hook_answer, hook_event
from zt_gate.guard.clients.base import Rendered
from zt_gate.guard.clients.hook_event import Unread
from zt_gate.guard.clients.versions import version_problem
from zt_gate.guard.decision import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from zt_gate.guard.action import Action
    from zt_gate.guard.decision import GuardDecision


_CALLS = frozenset({"PreToolUse", "PermissionRequest", "PreSkillShellCommand"})
#: Events after a call, with the field that has what the model sees of it.
_OUTPUTS = {"PostToolUse": "tool_response", "PostToolUseFailure": "error"}
_NOTICES = frozenset({
    "PostToolBatch", "Notification", "UserPromptExpansion", "SessionStart", "SessionEnd",
    "Stop", "StopFailure", "SubagentStart", "SubagentStop", "PreCompact", "PostCompact",
    "PreModelSwitch", "PostModelSwitch", "PermissionDenied", "Setup", "TeammateIdle",
    "TaskCreated", "TaskCompleted", "Elicitation", "ElicitationResult", "ConfigChange",
    "WorktreeCreate", "WorktreeRemove", "InstructionsLoaded", "CwdChanged", "FileChanged",
    "DirectoryAdded", "MessageDisplay",
})  # fmt: skip
#: Fields of an event that a notice keeps.
_KEPT = ("source", "reason", "agent_id", "agent_type", "permission_mode")
#: Modes in which the client asks about what nobody decided.
_ASKING_MODES = frozenset({"", "default", "acceptEdits", "plan", "manual"})
#: Tools that the guard judges by their name and arguments alone.
_OTHER_TOOLS = frozenset({
    "Agent", "Task", "Skill", "SlashCommand", "ToolSearch", "TodoWrite", "TaskStop",
    "TaskOutput", "BashOutput", "KillShell", "KillBash", "TaskCreate", "TaskGet",
    "TaskUpdate", "TaskList", "AskUserQuestion", "EnterPlanMode", "ExitPlanMode",
    "EnterWorktree", "ExitWorktree", "ListAgents", "ReportFindings", "ScheduleWakeup",
    "SendMessage", "CronCreate", "CronDelete", "CronList", "RemoteTrigger", "Workflow",
    "ListMcpResources", "ListMcpResourcesTool", "ReadMcpResource", "ReadMcpResourceTool",
    "ReadMcpResourceDir", "RefreshMcpTools", "PushNotification", "StructuredOutput",
    "WebSearch",
})  # fmt: skip


_MOST_ALTERNATIVES = 64


class ClaudeCode:
    """The client ``claude-code``."""

    name = "claude-code"
    process_names = ("claude", "claude.exe", "@anthropic-ai/claude-code/cli.js")
    own_paths = (
        "~/.claude",
        "~/.claude.json",
        "./.claude",
        "./.mcp.json",
        "/etc/claude-code",
    )
    mcp_files = (
        ("./.mcp.json", ("mcpServers",)),
        ("~/.claude.json", ("mcpServers",)),
        ("~/.claude.json", ("projects", "@root", "mcpServers")),
        ("/etc/claude-code/managed-mcp.json", ("mcpServers",)),
    )

    def parse(self, data: bytes) -> AgentEvent:
        """Return an event; raises EventError for what is no event of this client."""
        event = hook_event.load(data)
        name = hook_event.header(event, "hook_event_name")
        cwd = hook_event.folder(event)
        tool = event.get("tool_name")
        mode = event.get("permission_mode", "")
        agent = hook_event.subagent(event)
        kind = event.get("agent_type", "")
        return AgentEvent(
            client=self.name,
            name=hook_event.printable(name),
            session=hook_event.header(event, "session_id"),
            cwd=cwd,
            actions=_actions(name, event, cwd),
            agent=agent,
            agent_kind=hook_event.printable(kind) if agent and kind else "",
            tool=hook_event.printable(tool) if tool else "",
            asks=isinstance(mode, str) and mode in _ASKING_MODES,
            ask_holds=name
            == "PreToolUse",  # in every mode; with nobody there it refuses
            transcript=hook_event.transcript(event),
        )

    def render(
        self, event: AgentEvent, decision: GuardDecision, replaced: Any = None
    ) -> Rendered:
        """Return the answer to an event; see ``AgentClient.render``."""
        if event.name in _OUTPUTS:
            return _after(event, decision, replaced)
        if event.name == "UserPromptSubmit":
            if decision.answer is not Answer.SILENT:
                return hook_answer.denied(event.name, decision.reason)
        elif event.name == "PreToolUse" and decision.answer is Answer.ASK:
            # With nobody there to answer, the client refuses; that was tried in all modes.
            reason = f"zt-gate guard: {hook_answer.shown(decision.reason)}"
            return hook_answer.specific(
                event.name, permissionDecision="ask", permissionDecisionReason=reason
            )
        elif decision.answer is not Answer.SILENT:
            return _notice(event, decision)
        remarks = hook_answer.remarks(decision)
        if remarks and event.name in {"PreToolUse", "UserPromptSubmit", "SessionStart"}:
            return hook_answer.specific(event.name, additionalContext=remarks)
        return Rendered()

    def refuse(self, reason: str) -> Rendered:
        """Stop whatever the event was."""
        return hook_answer.refused(reason)


def _notice(event: AgentEvent, decision: GuardDecision) -> Rendered:
    """Answer to an event of a call, or to one that cannot be stopped."""
    if any(not isinstance(action, Notice) for action in event.actions):
        return hook_answer.denied(event.name, decision.reason)
    # Exit code 2 makes a session that ends go on; it does not keep one from starting.
    text = f"zt-gate guard: {hook_answer.shown(decision.reason)}"
    return hook_answer.said({"systemMessage": text})


def _after(event: AgentEvent, decision: GuardDecision, replaced: Any) -> Rendered:
    """Answer after a call: another output, or words beside it."""
    words = hook_answer.remarks(decision)
    is_against = decision.answer is not Answer.SILENT
    if is_against:
        words = f"zt-gate guard: {hook_answer.shown(decision.reason)}"
    if event.name != "PostToolUse":  # the client takes no other output of a failed call
        if not words:
            return Rendered()
        return hook_answer.specific(event.name, additionalContext=words)
    if replaced is None and is_against:
        replaced = _withheld(event, words)
        if replaced is None:
            return hook_answer.said({"continue": False, "stopReason": words})
    fields = {} if replaced is None else {"updatedToolOutput": replaced}
    if words:
        fields["additionalContext"] = words
    return hook_answer.specific(event.name, **fields) if fields else Rendered()


def _withheld(event: AgentEvent, words: str) -> Any:
    """Return an output in the tool's own shape that says only why it is withheld."""
    output = (
        event.actions[0].output if isinstance(event.actions[0], ToolOutput) else None
    )
    if isinstance(output, list):
        return [{"type": "text", "text": words}]
    if not isinstance(output, dict):
        return None
    file = output.get("file")
    if isinstance(file, dict) and "content" in file:
        return {**output, "file": {**file, "content": words}}
    if "stdout" in output:
        return {**output, "stdout": words, "stderr": ""}
    return None


def _actions(name: str, event: Mapping[str, Any], cwd: str) -> tuple[Action, ...]:
    if name in _CALLS:
        version = version_of(os.environ.get("AI_AGENT", ""))
        problem = version_problem("claude-code", version)
        if problem:
            return (UnknownEvent(problem, acts=True),)
        return _call(event, cwd)
    tool = hook_event.printable(event.get("tool_name"))
    if name in _OUTPUTS:
        return (ToolOutput(tool, event.get(_OUTPUTS[name])),)
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


def version_of(agent: str) -> str:
    """Return the version in the variable that the client sets, "" for another's.

    It is such as ``claude-code_2-1-332_agent``.
    """
    client, _, rest = agent.partition("_")
    numbers = rest.partition("_")[0].split("-")
    is_own = client == "claude-code" and all(part.isdecimal() for part in numbers)
    return ".".join(numbers) if is_own else ""


def _call(event: Mapping[str, Any], cwd: str) -> tuple[Action, ...]:
    tool = event.get("tool_name")
    arguments = event.get("tool_input")
    if not isinstance(tool, str) or not isinstance(arguments, dict):
        return (UnknownEvent("a call without a tool's name or arguments", acts=True),)
    shown = hook_event.printable(tool)
    read = _TOOLS.get(tool)
    try:
        if read is not None:
            return read(arguments, cwd)
    except Unread as problem:
        return (UnknownEvent(f"a call of {shown}: {problem}", acts=True),)
    if tool in _OTHER_TOOLS or tool.startswith("mcp__"):
        return (CallTool(shown, arguments),)
    return (UnknownEvent(f"the tool {shown}", acts=True),)


def _command(arguments: Mapping[str, Any], cwd: str) -> tuple[Action, ...]:
    hook_event.only(
        arguments,
        ("command", "timeout", "description", "run_in_background",
         "dangerouslyDisableSandbox"),
    )  # fmt: skip
    if hook_event.flag(arguments, "dangerouslyDisableSandbox"):
        raise Unread(
            "it asks to run outside the client's sandbox; leave that field out"
        )
    is_background = hook_event.flag(arguments, "run_in_background")
    command = hook_event.text(arguments, "command")
    return (RunCommand(command, cwd, _dialect(), is_background),)


def _dialect() -> str:
    """Return the language of the shell that the client starts: the user's, bash or zsh."""
    shell = os.environ.get("CLAUDE_CODE_SHELL") or os.environ.get("SHELL", "")
    return "zsh" if os.path.basename(shell) == "zsh" else "bash"


def _monitor(arguments: Mapping[str, Any], cwd: str) -> tuple[Action, ...]:
    hook_event.only(
        arguments, ("description", "timeout_ms", "command", "ws", "persistent")
    )
    actions: list[Action] = []
    if arguments.get("command") is not None:
        command = hook_event.text(arguments, "command")
        actions.append(RunCommand(command, cwd, _dialect(), is_background=True))
    socket = arguments.get("ws")
    if socket is not None:
        if not isinstance(socket, dict):
            raise Unread("its ws is no table")
        actions.append(FetchAddress(hook_event.text(socket, "url")))
    if not actions:
        raise Unread("it has nothing to watch")
    return tuple(actions)


def _read(arguments: Mapping[str, Any], cwd: str) -> tuple[Action, ...]:
    hook_event.only(arguments, ("file_path", "offset", "limit", "pages", "allow_large"))
    return (ReadFile(hook_event.text(arguments, "file_path"), cwd),)


def _notebook_read(arguments: Mapping[str, Any], cwd: str) -> tuple[Action, ...]:
    hook_event.only(arguments, ("notebook_path", "cell_id"))
    return (ReadFile(hook_event.text(arguments, "notebook_path"), cwd),)


def _search(arguments: Mapping[str, Any], cwd: str) -> tuple[Action, ...]:
    """Return the folder that Grep, Glob or LS looks at, and files that it names alone."""
    folder = hook_event.optional_text(arguments, "path") or "."
    found = [ReadFile(folder, cwd)]
    for name in _alternatives(hook_event.optional_text(arguments, "glob")):
        plain = name.removeprefix("**/")
        if plain and set(plain).isdisjoint("*?[{!"):
            found.append(ReadFile(os.path.join(folder, plain), cwd))
    return tuple(found)


def _glob(arguments: Mapping[str, Any], cwd: str) -> tuple[Action, ...]:
    """Return the folders that a pattern begins with, or the given one."""
    hook_event.only(arguments, ("pattern", "path"))
    folder = hook_event.optional_text(arguments, "path") or "."
    found = []
    for pattern in _alternatives(hook_event.text(arguments, "pattern")) or ["*"]:
        start: list[str] = []
        for part in pattern.split("/")[:-1]:
            if not set(part).isdisjoint("*?[{"):
                break
            start.append(part)
        below = "/".join(start) or ("/" if pattern.startswith("/") else "")
        found.append(ReadFile(os.path.join(folder, below) if below else folder, cwd))
    return tuple(dict.fromkeys(found))


def _alternatives(pattern: str) -> list[str]:
    """Return the patterns that the first braces of each alternative stand for."""
    waiting = [pattern] if pattern else []
    found: list[str] = []
    while waiting:
        if len(waiting) + len(found) > _MOST_ALTERNATIVES:
            raise Unread("its pattern has too many alternatives")
        one = waiting.pop()
        start = one.rfind("{")
        end = one.find("}", start)
        if start < 0 or end < 0:
            found.append(one)
            continue
        waiting += [
            one[:start] + part + one[end + 1 :]
            for part in one[start + 1 : end].split(",")
        ]
    return found


def _write(arguments: Mapping[str, Any], cwd: str) -> tuple[Action, ...]:
    hook_event.only(arguments, ("file_path", "content"))
    path = hook_event.text(arguments, "file_path")
    return (WriteFile(path, cwd, hook_event.text(arguments, "content").encode()),)


def _fetch(arguments: Mapping[str, Any], _cwd: str) -> tuple[Action, ...]:
    hook_event.only(arguments, ("url", "prompt", "offset"))
    return (FetchAddress(hook_event.text(arguments, "url")),)


_TOOLS: dict[str, Callable[[Mapping[str, Any], str], tuple[Action, ...]]] = {
    "Bash": _command,
    "Monitor": _monitor,
    "Read": _read,
    "NotebookRead": _notebook_read,
    "Grep": _search,
    "Glob": _glob,
    "LS": _search,
    "Write": _write,
    "Edit": lambda arguments, cwd: (edits.edit(arguments, cwd),),
    "MultiEdit": lambda arguments, cwd: (edits.multi_edit(arguments, cwd),),
    "NotebookEdit": lambda arguments, cwd: (edits.notebook_edit(arguments, cwd),),
    "WebFetch": _fetch,
}

CLIENT = ClaudeCode()

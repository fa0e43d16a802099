"""Reads what an agent's settings grant: what it may do without asking, and what starts with it.

A table names, for each kind of file, the keys of its client and the reader of their
values.  Keys are the clients' own, as in ``rules/agent_config/``; what no reader knows
grants nothing here, and the rules report it by its key alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.scanners.agent_config import command_effects, permissions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: Rights that need no approval (``run``, ``write``, ``reach`` and, for the tools of servers,
#: ``call``), what begins with a session (``start``, ``hook``), and what is refused.
Aspect = Literal["run", "write", "reach", "call", "start", "hook", "denied"]

#: A grant without a limit.
ANYTHING = ""


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that a setting grants; ``what`` is the limit as the file writes it."""

    aspect: Aspect
    what: str


_RULE = lazy_re.compile(r"\s*([\w*@.-]{1,120})\s*(?:\((.{0,600})\))?\s*\Z", re.DOTALL)
_SHELLS = frozenset((
    "bash", "shell", "powershell", "run_shell_command", "shelltool", "execute", "execute_bash",
    "execute_cmd", "executebash", "terminal", "runterminalcommand", "run_terminal_command",
))  # fmt: skip
_WRITERS = frozenset((
    "edit", "write", "multiedit", "notebookedit", "write_file", "replace", "fs_write",
    "create_file", "edit_file",
))  # fmt: skip
_FETCHERS = frozenset(("webfetch", "web_fetch", "websearch", "fetch", "web"))
_EVERYTHING = frozenset(
    ("", "*", "**", ":*", "**/*", ".*", "^.*$", "/.*/", "* *", "@builtin")
)
_EVERY_TOOL = frozenset(("*", "@builtin", "@*", "all"))
_ALL: tuple[Aspect, ...] = ("run", "write", "reach")


def of(kind: str, value: Any) -> frozenset[Capability]:
    """Return what the settings of a kind of file grant; nothing for unknown kinds."""
    found: set[Capability] = set()
    if isinstance(value, dict):
        for path, reader in _KEYS.get(kind, ()):
            for item in _at(value, path):
                found.update(reader(item))
        if kind == "codex-config":
            found.update(_codex(value))
    return frozenset(found)


def _at(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Yield the values at a path of keys; ``*`` is any key, and lists do not count."""
    if isinstance(value, list) and path:
        for item in value:
            yield from _at(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        names = list(value) if path[0] == "*" else path[0].split("|")
        for name in names:
            if name in value:
                yield from _at(value[name], path[1:])


def _limit(aspect: Aspect, text: str) -> Capability:
    plain = text.strip().removeprefix("domain:").removesuffix(":*").strip()
    return Capability(aspect, ANYTHING if plain in _EVERYTHING else plain)


def _texts(value: Any) -> list[str]:
    """Return the texts of a list, the keys with a true value of a table, or one text."""
    if isinstance(value, dict):
        return [str(name) for name, item in value.items() if _is_yes(item)]
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]


def _is_yes(item: Any) -> bool:
    if isinstance(item, dict):
        return _is_yes(item.get("approve", item.get("approveRequest")))
    return item is True or item == "allow"


def _tools(value: Any) -> Iterator[Capability]:
    """Read a list of tools, ``Bash(git diff *)`` or ``write_file``."""
    for entry in permissions.entries(value):
        match = _RULE.match(entry)
        if match is None:
            yield Capability("call", entry)
            continue
        name, limit = match[1], match[2] or ""
        yield from _tool(name, [limit])


def _tool(name: str, limits: list[str]) -> Iterator[Capability]:
    plain = name.lower()
    if name in _EVERY_TOOL:
        yield from map(_anything, _ALL)
    elif plain in _SHELLS:
        yield from (_limit("run", limit) for limit in limits)
    elif plain in _WRITERS:
        yield from (_limit("write", limit) for limit in limits)
    elif plain in _FETCHERS:
        yield from (_limit("reach", limit) for limit in limits)
    elif plain.startswith(("mcp", "@")) or "__" in plain:
        yield Capability("call", name)


def _anything(aspect: Aspect) -> Capability:
    return Capability(aspect, ANYTHING)


def _each(aspect: Aspect) -> Callable[[Any], Iterator[Capability]]:
    def read(value: Any) -> Iterator[Capability]:
        return (_limit(aspect, text) for text in _texts(value))

    return read


def _if(
    *aspects: Aspect, values: tuple[Any, ...] = (True,)
) -> Callable[[Any], Iterator[Capability]]:
    """Return a reader of a switch that grants everything of these aspects."""

    def read(value: Any) -> Iterator[Capability]:
        is_on = any(value is item or value == item for item in values)
        return map(_anything, aspects if is_on and value is not None else ())

    return read


def _names(aspect: Aspect) -> Callable[[Any], Iterator[Capability]]:
    """Return a reader of a table's names, or of a list of names or of tables with one."""

    def read(value: Any) -> Iterator[Capability]:
        items = list(value) if isinstance(value, dict | list) else [value]
        for item in items:
            name = item.get("name", "") if isinstance(item, dict) else item
            if isinstance(name, str) and name:
                yield Capability(aspect, name)

    return read


def _denied(value: Any) -> Iterator[Capability]:
    return (Capability("denied", text) for text in _texts(value))


def _servers(value: Any) -> Iterator[Capability]:
    """Read MCP servers: each starts, and some of their tools run without asking."""
    named = value.items() if isinstance(value, dict) else ()
    listed = value if isinstance(value, list) else ()
    servers = [*named, *((_name(item), item) for item in listed)]
    for name, server in servers:
        if not isinstance(server, dict) or not name:
            continue
        yield Capability("start", f"{name}: {_started(server)}".removesuffix(": "))
        if server.get("trust") is True:
            yield Capability("call", ANYTHING)
        for key in ("autoApprove", "alwaysAllow", "auto_approve"):
            yield from (_limit("call", text) for text in _texts(server.get(key)))


def _name(item: Any) -> str:
    return str(item.get("name") or "") if isinstance(item, dict) else ""


def _started(server: Mapping[str, Any]) -> str:
    """Return the program of a server with its first words, or its address."""
    program = server.get("command") or server.get("cmd") or ""
    if isinstance(program, dict):
        program = program.get("path", "")
    line = command_effects.command_line(program, server.get("args"))
    return line or str(server.get("url") or server.get("httpUrl") or "")


def _hooks(value: Any) -> Iterator[Capability]:
    """Read hooks by event, with the commands that run on it."""
    for event, groups in value.items() if isinstance(value, dict) else ():
        commands = list(_commands(groups))
        for command in commands or [""]:
            what = f"{event}: {command}".removesuffix(": ")
            yield Capability("hook", what)


def _commands(value: Any) -> Iterator[str]:
    """Yield the commands of hooks, however deep their groups are."""
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            continue
        for key in ("command", "bash", "powershell", "run", "url"):
            if isinstance(item.get(key), str):
                yield item[key]
        yield from _commands(item.get("hooks", []))


def _amp(value: Any) -> Iterator[Capability]:
    """Read an entry of Amp's permissions or of Gemini CLI's policies."""
    if not isinstance(value, dict):
        return
    if (value.get("action") or value.get("decision")) != "allow":
        return
    matches = value.get("matches")
    limits = (
        _texts(matches.get("cmd", matches.get("path")))
        if isinstance(matches, dict)
        else []
    )
    for key in ("commandPrefix", "commandRegex", "argsPattern"):
        limits += _texts(value.get(key))
    for name in _texts(value.get("tool", value.get("toolName"))):
        yield from _tool(name, limits or [""])


def _opencode(value: Any) -> Iterator[Capability]:
    """Read opencode's permissions: one word for all, or one by tool or command."""
    if value == "allow":
        yield from map(_anything, _ALL)
    aspects: dict[str, Aspect] = {
        "bash": "run",
        "edit": "write",
        "webfetch": "reach",
        "*": "run",
    }
    for name, item in value.items() if isinstance(value, dict) else ():
        aspect = aspects.get(name)
        if aspect is None:
            continue
        if item == "allow":
            yield _anything(aspect)
        elif isinstance(item, dict):
            yield from (_limit(aspect, text) for text in _texts(item))


def _gemini_mode(value: Any) -> Iterator[Capability]:
    """Read the approval mode of Gemini CLI and Qwen Code."""
    edits: tuple[Aspect, ...] = ("write",)
    modes = {"yolo": _ALL, "auto_edit": edits, "auto-edit": edits}
    return map(_anything, modes.get(str(value).lower(), ()))


def _zed(value: Any) -> Iterator[Capability]:
    """Read Zed's ``tool_permissions``."""
    if not isinstance(value, dict):
        return
    if value.get("default") == "allow":
        yield from map(_anything, _ALL)
    tools = value.get("tools")
    for name, item in tools.items() if isinstance(tools, dict) else ():
        if not isinstance(item, dict):
            continue
        limits = [""] if item.get("default") == "allow" else []
        limits += [
            text
            for text in _at(item, ("always_allow", "pattern"))
            if isinstance(text, str)
        ]
        yield from _tool(str(name), limits)


def _tasks(value: Any) -> Iterator[Capability]:
    """Read tasks of VS Code that start with the folder."""
    for task in value if isinstance(value, list) else ():
        options = task.get("runOptions") if isinstance(task, dict) else None
        if isinstance(options, dict) and options.get("runOn") == "folderOpen":
            yield Capability("hook", "folderOpen")


def _codex(value: Mapping[str, Any]) -> Iterator[Capability]:
    """Read Codex's approval policy and sandbox, which count together."""
    profiles = value.get("profiles")
    tables = [value, *(profiles.values() if isinstance(profiles, dict) else ())]
    for table in tables:
        if not isinstance(table, dict):
            continue
        sandbox = table.get("sandbox_mode")
        options = table.get("sandbox_workspace_write")
        options = options if isinstance(options, dict) else {}
        if table.get("approval_policy") == "never":
            yield _anything("run")
        if sandbox == "danger-full-access":
            yield from map(_anything, _ALL)
        if options.get("network_access") is True:
            yield _anything("reach")
        yield from (
            _limit("write", text) for text in _texts(options.get("writable_roots"))
        )


_MODES = ("yolo", "bypassPermissions", "unrestricted")
_KEYS: Mapping[str, tuple[tuple[tuple[str, ...], Callable[[Any], Iterator[Capability]]], ...]] = {
    "claude-settings": (
        (("permissions", "allow"), _tools),
        (("permissions", "deny"), _denied),
        (("permissions", "defaultMode"), _if(*_ALL, values=("bypassPermissions",))),
        (("permissions", "defaultMode"), _if("write", values=("acceptEdits",))),
        (("sandbox", "network", "allowedDomains"), _each("reach")),
        (("sandbox", "filesystem", "allowWrite"), _each("write")),
        (("enableAllProjectMcpServers",), _if("start")),
        (("enabledMcpjsonServers",), _names("start")),
        (("mcpServers",), _servers),
        (("enabledPlugins",), _each("start")),
        (("hooks",), _hooks),
    ),
    "claude-plugin": ((("mcpServers|lspServers",), _servers), (("hooks",), _hooks)),
    "agent-command": ((("allowed-tools|allowed_tools|allowedTools",), _tools),),
    "mcp": ((("mcpServers|servers",), _servers),),
    "hooks": ((("hooks",), _hooks),),
    "cursor": (
        (("permissions", "allow"), _tools),
        (("permissions", "deny"), _denied),
        (("terminalAllowlist",), _each("run")),
        (("mcpAllowlist",), _each("call")),
        (("networkPolicy", "allow"), _each("reach")),
        (("type",), _if("write", "reach", values=("insecure_none",))),
        (("approvalMode|autoRun|yolo",), _if("run", "write", values=(True, *_MODES))),
    ),
    "gemini-settings": (
        (("coreTools|allowedTools",), _tools),
        (("tools", "core|allowed"), _tools),
        (("autoAccept",), _if("run", "write")),
        (("tools", "autoAccept"), _if("run", "write")),
        (("general|tools", "approvalMode|defaultApprovalMode"), _gemini_mode),
        (("approvalMode",), _gemini_mode),
        (("mcpServers",), _servers),
        (("hooks",), _hooks),
    ),
    "gemini-policy": ((("rule",), _amp),),
    "gemini-extension": ((("mcpServers",), _servers),),
    "codex-config": (
        (("mcp_servers",), _servers),
        (("notify",), _if("hook")),
        (("hooks",), _hooks),
    ),
    "opencode": (
        (("permission|permissions",), _opencode),
        (("agent", "*", "permission"), _opencode),
        (("mcp",), _servers),
        (("plugin",), _names("start")),
    ),
    "copilot": (
        (("allow_all_tools|allowAllTools|yolo",), _if(*_ALL)),
        (("allowed_tools|allowedTools",), _tools),
        (("allowed_urls|allowedUrls",), _each("reach")),
        (("hooks",), _hooks),
    ),
    "vscode-settings": (
        (("chat.tools.autoApprove|chat.tools.global.autoApprove",), _if(*_ALL)),
        (("chat.tools.terminal.autoApprove|chat.agent.terminal.autoApprove",), _each("run")),
        (("chat.tools.edits.autoApprove",), _each("write")),
        (("chat.tools.urls.autoApprove",), _each("reach")),
        (("claudeCode.initialPermissionMode",), _if(*_ALL, values=_MODES)),
        (("claudeCode.allowDangerouslySkipPermissions",), _if(*_ALL)),
        (("roo-cline.allowedCommands|kilo-code.allowedCommands",), _each("run")),
        (("roo-cline.alwaysAllowExecute",), _if("run")),
        (("roo-cline.alwaysAllowWrite",), _if("write")),
        (("windsurf.cascadeCommandsAllowList",), _each("run")),
        (("kiroAgent.trustedCommands",), _each("run")),
        (("geminicodeassist.agentYoloMode",), _if(*_ALL)),
        (("cline.autoApprovalSettings", "actions", "executeAllCommands"), _if("run")),
        (("cline.autoApprovalSettings", "actions", "editFilesExternally"), _if("write")),
        (("amp.permissions",), _amp),
        (("amp.commands.allowlist",), _each("run")),
        (("mcp.servers|amp.mcpServers",), _servers),
        (("mcp", "servers"), _servers),
        (("tasks", "tasks"), _tasks),
    ),
    "vscode-tasks": ((("tasks",), _tasks),),
    "zed": (
        (("agent|assistant", "always_allow_tool_actions"), _if(*_ALL)),
        (("agent", "tool_permissions"), _zed),
        (("context_servers",), _servers),
        (("agent_servers",), _servers),
    ),
    "agent-profile": (
        (("allowedTools",), _tools),
        (("toolsSettings", "execute_bash|execute_cmd|shell|bash", "allowedCommands"), _each("run")),
        (("toolsSettings", "fs_write|write", "allowedPaths"), _each("write")),
        (("mcpServers",), _servers),
        (("hooks",), _hooks),
    ),
    "amp": (
        (("amp.dangerouslyAllowAll",), _if(*_ALL)),
        (("amp.permissions",), _amp),
        (("amp.commands.allowlist",), _each("run")),
        (("amp.mcpServers",), _servers),
    ),
    "goose": ((("GOOSE_MODE",), _if(*_ALL, values=("auto",))), (("extensions",), _servers)),
    "continue": ((("allow",), _tools), (("mcpServers",), _servers)),
    "crush": (
        (("permissions", "allowed_tools"), _tools),
        (("mcp",), _servers),
        (("lsp",), _servers),
    ),
}  # fmt: skip

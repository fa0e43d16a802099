"""The checks that key rules name (``judge``): what a value means beyond its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import (
    command_effects,
    editors,
    permissions,
    url_hosts,
)
from zt_gate.scanners.agent_config.matched_values import ValueIssue, scalar, short
from zt_gate.syntax import guard_hook, shell
from zt_gate.syntax.addresses import without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zt_gate.scanners.agent_config.matched_values import MatchedValue

_GLOBAL_INSTALL = lazy_re.compile(
    r"\b(?:npm|pnpm|yarn|bun)\s+(?:\S{1,40}\s+){0,4}(?:-g\b|--global\b|global\s+add)"
)
_INLINE_SCRIPT = lazy_re.compile(r"\b(?:node|bun|deno)\s+-(?:e|p|-eval)\b")
_PROCESS_OR_NETWORK = lazy_re.compile(r"exec|spawn|https?\b|fetch")
#: Events on which a hook runs before anybody has asked for anything.
_SESSION_START = frozenset(("SessionStart", "sessionStart", "Setup", "agentSpawn"))
_WORD_ENDS = lazy_re.compile(r"[\s;&|()=]+")
_PROJECT_FOLDER = lazy_re.compile(
    r"^[\"']?(?:\$\{?(?:CLAUDE|GEMINI|CURSOR)_PROJECT_DIR\}?[\"']?/|\$\{?PWD\}?/|\./)"
)
_LAUNCHED = ("runtimeExecutable", "program", "command")
#: Programs that run what a file of the project says, with that file.
_MANIFESTS = (
    (r"\b(?:npm|pnpm|yarn|bun)\s+(?:-\S+\s+)*run(?:-script)?\s", "package.json"),
    (r"(?:^|[;&|]\s*)make(?:\s|$)", "Makefile"),
    (r"(?:^|[;&|]\s*)just(?:\s|$)", "justfile"),
)
_CHANGES_FOLDER = lazy_re.compile(r"(?:^|[;&|]\s*)(?:cd|pushd)\s")
_PLACEHOLDER = lazy_re.compile(r"\$\{?\w|^%|<|\{\{")


def command(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check a command line (a text, or a list of words)."""
    line = _line(matched)
    if not line.strip() or _is_guard_hook(matched):
        return
    key = matched.key
    effects = command_effects.find_effects(line, key.place, matched.rules)
    level = command_effects.worst(effects, key.level or Level.WARN)
    clauses = command_effects.clauses(effects)
    folder = ""
    if key.place == "host":
        folder = editors.foreign_settings_folder(line, matched.file)
    if folder:
        level = Level.BLOCK
        clauses += f"; it runs a script hidden in the settings folder .{folder}/"
    if _SESSION_START.intersection(map(str, matched.path)):
        brought = _brought_file(line, matched)
        if brought:
            level = Level.BLOCK
            clauses += f"; this change brings {brought}, and opening a session runs it"
    yield ValueIssue(level, f"{key.says}{clauses}: {short(line)}", line)


def _brought_file(line: str, matched: MatchedValue) -> str:
    """Return the file of the change that a command names, "" for none."""
    for program, manifest in _MANIFESTS:
        is_brought = manifest.encode() in matched.changed_paths
        if is_brought and re.search(program, line):
            return f"{manifest}, which says what it does"
    changes_folder = _CHANGES_FOLDER.search(line) is not None
    for word in _WORD_ENDS.split(line):
        path = _PROJECT_FOLDER.sub("", word.strip("\"'"))
        if path and path.encode() in matched.changed_paths:
            return path
        is_file = changes_folder and "." in path[1:]
        ending = b"/" + path.rpartition("/")[2].encode()
        if is_file and any(name.endswith(ending) for name in matched.changed_paths):
            return path
    return ""


def risky_command(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check a command line that is usual for its key: report harmful effects alone."""
    line = _line(matched)
    key = matched.key
    effects = command_effects.find_effects(line, key.place, matched.rules)
    if effects:
        clause = f"{key.says}{command_effects.clauses(effects)}: {short(line)}"
        yield ValueIssue(command_effects.worst(effects, Level.INFO), clause, line)


def launch(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check a launch configuration: program and arguments are one command."""
    table = matched.value
    if not isinstance(table, dict):
        return
    program = next((table[key] for key in _LAUNCHED if table.get(key)), None)
    line = command_effects.command_line(
        program, [table.get("runtimeArgs"), table.get("args")]
    )
    effects = command_effects.find_effects(line, matched.key.place, matched.rules)
    if effects:
        clause = f"{matched.key.says}{command_effects.clauses(effects)}: {short(line)}"
        level = command_effects.worst(effects, Level.INFO)
        yield ValueIssue(level, clause, line, needle=scalar(program) or "")


def lifecycle(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check a script that runs when a package is installed."""
    line = scalar(matched.value) or ""
    effects = command_effects.find_effects(line, "host", matched.rules)
    level = command_effects.worst(effects, Level.WARN)
    clauses = command_effects.clauses(effects)
    worm_scripts = "|".join(map(re.escape, matched.rules.listed("worm-scripts")))
    if _GLOBAL_INSTALL.search(line):
        level = Level.BLOCK
        clauses += "; it installs another package globally"
    if re.search(rf"\b(?:node|bun|bun run)\s+(?:\./)?(?:{worm_scripts})\b", line):
        level = Level.BLOCK
        clauses += "; it runs a file with a name known from npm worms"
    if _INLINE_SCRIPT.search(line) and _PROCESS_OR_NETWORK.search(line):
        level = Level.BLOCK
        clauses += "; its inline script starts programs or uses the network"
    usual_scripts = matched.rules.listed("usual-scripts")
    if level is Level.WARN and all(
        command.text.startswith(usual_scripts) for command in shell.commands(line)
    ):
        return
    yield ValueIssue(level, f"{matched.key.says}{clauses}: {short(line)}", line)


def endpoint(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check an address that receives requests, with their keys or data."""
    url = scalar(matched.value) or ""
    destination = url_hosts.destination(url, matched.rules)
    if destination in {"none", "local", "variable"} or not url:
        return
    if destination == "foreign":
        vendors = matched.rules.listed("vendor-hosts")
        if url_hosts.is_host_or_below(url_hosts.host_of(url), vendors):
            return
    level = matched.key.level or Level.BLOCK
    if destination == "private":
        level = Level.WARN
    elif destination in {"drop", "address", "clear"}:
        level = Level.BLOCK
    yield ValueIssue(level, _address_clause(matched, destination, url), url)


def registry(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check the addresses of package registries or indexes."""
    from zt_gate.scanners.agent_config import registry_hosts

    for url in (scalar(matched.value) or "").split():
        level = registry_hosts.level_of(url, matched.rules)
        if level is None:
            continue
        destination = url_hosts.destination(url, matched.rules)
        # A registry for one scope does not replace the default one, and some keys
        # have a level of their own.
        if destination == "foreign" and matched.key.place == "scope":
            level = Level.WARN
        elif destination == "foreign" and matched.key.level is not None:
            level = matched.key.level
        clause = _address_clause(matched, destination, url)
        yield ValueIssue(level, clause, without_credentials(url))


def _address_clause(
    matched: MatchedValue, destination: url_hosts.Destination, url: str
) -> str:
    description = url_hosts.DESCRIPTIONS[destination]
    address = short(without_credentials(url))
    return f"{matched.key.says} {description} ({address})"


def token(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check a credential: one in plain text is part of every clone."""
    value = scalar(matched.value) or ""
    if len(value) <= 5 or _PLACEHOLDER.search(value):
        return
    yield ValueIssue(
        matched.key.level or Level.BLOCK,
        matched.key.says,
        about="a credential in clear",
        secret=value,
    )


def permission(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check permission rules and tool lists; the key's ``place`` is their use."""
    value = matched.value
    if not isinstance(value, str | list) or _is_list_element(matched):
        return
    use: Any = matched.key.place
    entries = _texts(value) if use == "limit" else permissions.entries(value)
    for entry in entries:
        issue = permissions.check(entry, use, matched.rules)
        # Cursor does consult the paths of Write, which Claude Code ignores.
        is_cursor = matched.key.kind == "cursor"
        if issue and is_cursor and entry.startswith("Write("):
            continue
        if issue is not None:
            clause = f"has the entry {short(entry)}, which {issue.clause}"
            level = issue.level
            if _is_for_other_projects(matched) and "(*)" not in entry:
                is_usual = entry.isalnum() or level is not Level.BLOCK
                level = Level.INFO if is_usual else Level.WARN
            yield ValueIssue(level, clause, entry, issue.rule, needle=entry)


def _is_for_other_projects(matched: MatchedValue) -> bool:
    """Whether a skill or command lies where no agent of this project looks for it.

    A plug-in's own skills take effect for those who install it.
    """
    is_command = matched.key.kind == "agent-command"
    return is_command and not any(
        part.startswith(b".") for part in matched.file.split(b"/")[:-1]
    )


def server(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check an MCP server's table."""
    from zt_gate.scanners.agent_config import mcp_servers

    if isinstance(matched.value, dict):
        yield from mcp_servers.check(matched.value, matched)


def attributes(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check the attributes of one pattern of ``.gitattributes``."""
    from zt_gate.scanners.agent_config import git_files

    if isinstance(matched.value, dict):
        pattern = str(matched.path[-1])
        yield from git_files.attributes(pattern, matched.value, matched)


def submodule(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check one submodule."""
    from zt_gate.scanners.agent_config import git_files

    if isinstance(matched.value, dict):
        yield from git_files.submodule(matched.value, matched)


def workflow(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check a workflow or a composite action as a whole."""
    from zt_gate.scanners.agent_config import workflows

    if isinstance(matched.value, dict):
        yield from workflows.check(matched.value, matched)


def unsafe_pair(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check Codex's approval policy and sandbox together: each alone is less dangerous."""
    table = matched.value
    if not isinstance(table, dict):
        return
    never_asks = table.get("approval_policy") == "never"
    full_access = table.get("sandbox_mode") == "danger-full-access"
    if full_access:
        clause = matched.key.says
        if never_asks:
            clause = (
                "lets the agent run any command without asking, because"
                " approval_policy is never"
            )
        yield ValueIssue(
            Level.BLOCK,
            clause,
            about=f"danger-full-access {never_asks}",
            needle="danger-full-access",
            path=("sandbox_mode",),
        )
    elif never_asks:
        sandbox = table.get("sandbox_workspace_write")
        has_network = (
            isinstance(sandbox, dict) and sandbox.get("network_access") is True
        )
        clause = "lets the agent act without asking"
        if has_network:
            clause += ", and its commands reach every host"
        yield ValueIssue(
            Level.BLOCK if has_network else Level.WARN,
            clause,
            about=f"never {has_network}",
            path=("approval_policy",),
        )


def grant(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check an entry that names a tool and what is done: Amp's, Gemini's policies."""
    entry = matched.value
    if not isinstance(entry, dict):
        return
    issue = permissions.unlimited_grant(entry)
    if issue:
        clause = f"{matched.key.says}: {short(issue)}"
        yield ValueIssue(Level.BLOCK, clause, issue, needle=issue)


def _is_guard_hook(matched: MatchedValue) -> bool:
    """Whether the command is exactly what ``zt-gate guard install`` writes there."""
    path = matched.path
    if path[-3::2] != ("hooks", "command") or not isinstance(matched.value, str):
        return False
    group = matched.document.value
    for step in path[:-3]:
        group = group[step]
    return bool(guard_hook.client_of(group))


def _line(matched: MatchedValue) -> str:
    """Return a command's line; "" for tables, and for words whose list is checked as a whole."""
    if _is_list_element(matched) or isinstance(matched.value, dict):
        return ""
    return command_effects.command_line(matched.value)


def _is_list_element(matched: MatchedValue) -> bool:
    return bool(matched.path) and isinstance(matched.path[-1], int)


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str)]
    return [str(value)]


VALUE_CHECKS: Mapping[str, Callable[[MatchedValue], Iterator[ValueIssue]]] = {
    "command": command,
    "risky-command": risky_command,
    "launch": launch,
    "lifecycle": lifecycle,
    "endpoint": endpoint,
    "registry": registry,
    "token": token,
    "permission": permission,
    "server": server,
    "task": editors.task,
    "executable": editors.executable,
    "mounts": editors.mounts,
    "attributes": attributes,
    "submodule": submodule,
    "workflow": workflow,
    "unsafe-pair": unsafe_pair,
    "grant": grant,
}

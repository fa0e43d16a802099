"""The judges that key patterns name: what a value means beyond its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import (
    command_effects,
    editors,
    permissions,
    url_hosts,
)
from zt_gate.scanners.agent_config.matched_values import ValueIssue, scalar, short
from zt_gate.syntax import shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zt_gate.scanners.agent_config.matched_values import MatchedValue


def command(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge a command line (a text, or a list of words)."""
    line = _line(asked)
    if not line.strip():
        return
    found = command_effects.find_effects(line, asked.key.place, asked.book)
    least = asked.key.level or Level.WARN
    clauses = command_effects.clauses(found)
    level = command_effects.worst(found, least)
    strange = (
        editors.foreign_settings_folder(line, asked.file)
        if asked.key.place == "host"
        else ""
    )
    if strange:
        level = Level.BLOCK
        clauses += (
            f"; it runs a script out of .{strange}/, where nobody looks for programs"
        )
    yield ValueIssue(level, f"{asked.key.says}{clauses}: {short(line)}", line)


def risky_command(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge a command line that is ordinary in itself: only what it does is reported."""
    line = _line(asked)
    found = command_effects.find_effects(line, asked.key.place, asked.book)
    if found:
        says = f"{asked.key.says}{command_effects.clauses(found)}: {short(line)}"
        yield ValueIssue(command_effects.worst(found, Level.INFO), says, line)


def lifecycle(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge a script that runs when a package is installed."""
    line = scalar(asked.value) or ""
    found = command_effects.find_effects(line, "host", asked.book)
    level, clauses = (
        command_effects.worst(found, Level.WARN),
        command_effects.clauses(found),
    )
    if re.search(
        r"\b(?:npm|pnpm|yarn|bun)\s+(?:\S{1,40}\s+){0,4}(?:-g\b|--global\b|global\s+add)",
        line,
    ):
        level, clauses = (
            Level.BLOCK,
            f"{clauses}; it installs another program for the whole machine",
        )
    worms = "|".join(map(re.escape, asked.book.listed("worm-scripts")))
    if re.search(rf"\b(?:node|bun|bun run)\s+(?:\./)?(?:{worms})\b", line):
        level, clauses = (
            Level.BLOCK,
            f"{clauses}; it starts a file of the name that worms use",
        )
    if re.search(r"\b(?:node|bun|deno)\s+-(?:e|p|-eval)\b", line) and re.search(
        r"exec|spawn|https?\b|fetch", line
    ):
        level, clauses = (
            Level.BLOCK,
            f"{clauses}; it runs other programs, or asks the network, out of one line",
        )
    usual = asked.book.listed("usual-scripts")
    started = shell.commands(line)
    if level is Level.WARN and all(
        command.text.startswith(usual) for command in started
    ):
        return
    yield ValueIssue(level, f"{asked.key.says}{clauses}: {short(line)}", line)


def _line(asked: MatchedValue) -> str:
    """Return a command's line; "" for tables, and for words whose list is judged as a whole."""
    element = bool(asked.path) and isinstance(asked.path[-1], int)
    return (
        ""
        if element or isinstance(asked.value, dict)
        else command_effects.line_of(asked.value)
    )


def endpoint(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge an address that requests, with their keys or data, go to."""
    url = scalar(asked.value) or ""
    where = url_hosts.destination(url, asked.book)
    if where in {"none", "local", "variable"} or not url:
        return
    vendors = asked.book.listed("vendor-hosts")
    if where == "foreign" and url_hosts.is_host_or_below(
        url_hosts.host_of(url), vendors
    ):
        return
    usual = asked.key.level or Level.BLOCK
    level = Level.WARN if where == "private" else usual
    if where in {"drop", "address", "clear"}:
        level = Level.BLOCK
    yield ValueIssue(
        level,
        f"{asked.key.says} {url_hosts.DESCRIPTIONS[where]} ({short(url_hosts.without_credentials(url))})",
        url,
    )


def registry(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge the address of a package registry or index."""
    from zt_gate.scanners.agent_config import registry_hosts

    for url in (scalar(asked.value) or "").split():
        level = registry_hosts.level_of(url, asked.book)
        if level is not None:
            where = url_hosts.destination(url, asked.book)
            # A scope of its own, or a setting that the policy knows as a choice, is no takeover.
            if where == "foreign" and asked.key.place == "scope":
                level = Level.WARN
            elif where == "foreign" and asked.key.level is not None:
                level = asked.key.level
            says = f"{asked.key.says} {url_hosts.DESCRIPTIONS[where]} ({short(url_hosts.without_credentials(url))})"
            yield ValueIssue(level, says, url_hosts.without_credentials(url))


def token(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge a credential: one that stands there in clear is in every clone."""
    value = scalar(asked.value) or ""
    if value and not re.search(r"\$\{?\w|^%|<|\{\{", value) and len(value) > 5:
        yield ValueIssue(
            asked.key.level or Level.BLOCK,
            asked.key.says,
            "a credential in clear",
            secret=value,
        )


def permission(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge permission rules and tool lists; ``place`` is their use."""
    if not isinstance(asked.value, str | list) or (
        asked.path and isinstance(asked.path[-1], int)
    ):
        return  # an element: its list is judged
    use: Any = asked.key.place
    for entry in (
        permissions.entries(asked.value) if use != "limit" else _texts(asked.value)
    ):
        judged = permissions.judge(entry, use, asked.book)
        if judged is not None:
            says = f"has the entry {short(entry)}, which {judged.says}"
            yield ValueIssue(judged.level, says, entry, judged.rule, needle=entry)


def _texts(value: Any) -> list[str]:
    return (
        [item for item in value if isinstance(item, str)]
        if isinstance(value, list)
        else [str(value)]
    )


def server(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge an MCP server's table."""
    from zt_gate.scanners.agent_config import mcp_servers

    if isinstance(asked.value, dict):
        yield from mcp_servers.judge(asked.value, asked)


def attributes(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge the attributes of one pattern of ``.gitattributes``."""
    from zt_gate.scanners.agent_config import git_files

    if isinstance(asked.value, dict):
        yield from git_files.attributes(str(asked.path[-1]), asked.value, asked)


def submodule(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge one submodule."""
    from zt_gate.scanners.agent_config import git_files

    if isinstance(asked.value, dict):
        yield from git_files.submodule(asked.value, asked)


def workflow(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge a workflow or a composite action as a whole."""
    from zt_gate.scanners.agent_config import workflows

    if isinstance(asked.value, dict):
        yield from workflows.judge(asked.value, asked)


def unsafe_pair(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge Codex's approval policy and sandbox together: either alone is a choice."""
    table = asked.value
    if not isinstance(table, dict):
        return
    never, full = (
        table.get("approval_policy") == "never",
        table.get("sandbox_mode") == "danger-full-access",
    )
    if full:
        says = (
            "together with approval_policy = never lets the agent run anything, unasked"
            if never
            else asked.key.says
        )
        about = f"danger-full-access {never}"
        yield ValueIssue(
            Level.BLOCK,
            says,
            about,
            needle="danger-full-access",
            path=("sandbox_mode",),
        )
    elif never:
        yield ValueIssue(
            Level.WARN,
            "lets the agent act without asking",
            "never",
            path=("approval_policy",),
        )


VALUE_CHECKS: Mapping[str, Callable[[MatchedValue], Iterator[ValueIssue]]] = {
    "command": command,
    "risky-command": risky_command,
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
}

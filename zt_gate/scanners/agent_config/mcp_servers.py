"""MCP servers: what starts, where it comes from, whom it talks to, what it may do unasked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import command_effects, url_hosts
from zt_gate.scanners.agent_config.matched_values import (
    MatchedValue,
    ValueIssue,
    scalar,
    short,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHELLS = frozenset(["sh", "bash", "zsh", "dash", "cmd", "powershell", "pwsh", "wsl"])
_INLINE = re.compile(r"(?i)^(?:-[a-z]*c|/c|/k|-command|-enc(?:odedcommand)?|-e)$")
_FETCHERS = frozenset(
    ["npx", "bunx", "uvx", "pnpx", "pipx", "pnpm", "yarn", "bun", "deno", "npm", "uv"]
)
_WORDS = frozenset(
    [
        "-y",
        "--yes",
        "dlx",
        "run",
        "exec",
        "x",
        "tool",
        "-q",
        "--quiet",
        "-p",
        "--package",
        "--from",
        "--refresh",
    ]
)
_TEMPORARY = re.compile(
    r"(?i)^(?:/tmp/|/var/tmp/|/dev/shm/|%temp%|\$env:temp|.*\\appdata\\local\\temp\\)"
)


def judge(server: Mapping[str, Any], asked: MatchedValue) -> Iterator[ValueIssue]:
    """Yield what one server's table means."""
    raw: Any = server.get("command")
    args: Any = server.get("args")
    if isinstance(raw, dict):  # Zed: {"path": …, "args": […]}
        raw, args = raw.get("path"), raw.get("args", args)
    line = command_effects.line_of(raw, args)
    if line:
        yield from _command(line, asked)
        yield from _package(line.split(), asked)
    for name in ("url", "serverUrl", "httpUrl", "server_url"):
        url = server.get(name)
        if isinstance(url, str) and url:
            yield _remote(url, name, asked)
    yield from _approvals(server)


def _command(line: str, asked: MatchedValue) -> Iterator[ValueIssue]:
    found = command_effects.find_effects(line, "host", asked.book)
    level, why = (
        command_effects.worst(found, Level.WARN),
        command_effects.clauses(found),
    )
    words = [word.strip("\"'") for word in line.split()]
    inner = _unwrapped(words)
    program = _name(inner[0]) if inner else ""
    if program in asked.book.listed("no-servers"):
        level, why = Level.BLOCK, f"{why}; {short(program)} is no server"
    if words and _TEMPORARY.match(words[0]):
        level, why = Level.BLOCK, f"{why}; the program lies where anybody can write"
    if (
        inner is not words
        and re.search(r"[;&|`]|\$\(|<\(", " ".join(inner))
        and level is not Level.BLOCK
    ):
        why = f"{why}; it is a line for a shell"
    yield ValueIssue(
        level,
        f"{asked.key.says}{why}: {short(line)}",
        line,
        needle=words[0] if words else "",
    )


def _unwrapped(words: list[str]) -> list[str]:
    """Return the words behind ``bash -c`` and its like."""
    if len(words) > 1 and _name(words[0]) in _SHELLS:
        for number, word in enumerate(words[1:4], 1):
            if _INLINE.match(word):
                return words[number + 1 :]
    return words


def _name(program: str) -> str:
    return re.sub(
        r"\.(?:exe|cmd|bat|app)$", "", re.split(r"[/\\]", program)[-1].lower()
    )


def _package(words: list[str], asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge what npx and its like fetch at every start."""
    inner = _unwrapped(words)
    if not inner or _name(inner[0]) not in _FETCHERS:
        return
    name = _name(inner[0])
    if name in {"pnpm", "yarn", "npm", "bun", "uv", "deno"} and not {
        "dlx",
        "x",
        "exec",
        "tool",
    } & set(inner[1:3]):
        return
    package = next(
        (word for word in inner[1:] if word not in _WORDS and not word.startswith("-")),
        "",
    )
    if (
        not package
        or package.startswith((".", "/", "$"))
        or (re.match(r"\w+:", package) and "@" not in package)
    ):
        return
    base, _, version = (
        package[1:].partition("@") if package[:1] == "@" else package.partition("@")
    )
    base = f"@{base}" if package[:1] == "@" else base
    base, _, pinned = base.partition("==")
    if pinned or re.match(r"[~^]?v?\d", version):
        return
    known = any(
        base == one or (one.endswith("/") and base.startswith(one))
        for one in asked.book.listed("known-servers")
    )
    # What floats and is not known either is code that its owner may swap for anything, any day.
    floats = version in {"latest", "next", "canary", "beta", "*"}
    level = (
        Level.BLOCK if floats and not known else Level.WARN if not known else Level.INFO
    )
    says = f"runs the newest {short(package)} each time it starts: it names no version"
    yield ValueIssue(level, says, package, "mcp-unpinned", needle=package)


def _remote(url: str, name: str, asked: MatchedValue) -> ValueIssue:
    where = url_hosts.destination(url, asked.book)
    level = {
        "drop": Level.BLOCK,
        "address": Level.BLOCK,
        "clear": Level.BLOCK,
        "local": Level.INFO,
    }.get(where, Level.WARN)
    says = (
        f"connects the agent to {url_hosts.DESCRIPTIONS[where]} ({short(url_hosts.without_credentials(url))}):"
        f" it offers tools"
        " and reads what they are given"
    )
    return ValueIssue(level, says, url, "mcp-remote", needle=url, path=(name,))


def _approvals(server: Mapping[str, Any]) -> Iterator[ValueIssue]:
    if server.get("trust") is True:
        yield ValueIssue(
            Level.BLOCK,
            "lets every tool of the server run without a question",
            "true",
            "mcp-approval",
            path=("trust",),
        )
    for name in ("autoApprove", "alwaysAllow", "auto_approve", "autoApproveAll"):
        value = server.get(name)
        tools = (
            [scalar(item) or "" for item in value]
            if isinstance(value, list)
            else [scalar(value) or ""]
        )
        if "*" in tools or "true" in tools:
            says = "lets every tool of the server run without a question"
            yield ValueIssue(Level.BLOCK, says, "*", "mcp-approval", path=(name,))
        elif tools != [""] and tools:
            says = f"lets {short(', '.join(tools))} run without a question"
            yield ValueIssue(
                Level.WARN, says, " ".join(sorted(tools)), "mcp-approval", path=(name,)
            )

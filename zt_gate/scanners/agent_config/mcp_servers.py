"""Checks MCP servers: the program that starts, its source, its host, and its approvals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import command_effects, url_hosts
from zt_gate.scanners.agent_config.matched_values import (
    MatchedValue,
    ValueIssue,
    scalar,
    short,
)
from zt_gate.syntax.addresses import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHELLS = frozenset(["sh", "bash", "zsh", "dash", "cmd", "powershell", "pwsh", "wsl"])
_INLINE_OPTION = lazy_re.compile(
    r"(?i)^(?:-[a-z]*c|/c|/k|-command|-enc(?:odedcommand)?|-e)$"
)
#: Interpreters, and the options behind which code stands.
_INLINE_CODE = {
    **dict.fromkeys(
        ("node", "bun", "tsx", "ts-node"), ("-e", "-p", "-pe", "--eval", "--print")
    ),
    "deno": ("eval",),
    **dict.fromkeys(("python", "python3", "pypy3"), ("-c", "-Ic", "-sc", "-uc", "-Bc")),
    **dict.fromkeys(("perl", "ruby", "lua"), ("-e", "-ne", "-E")),
    "php": ("-r",),
}
#: Words among which an interpreter stands behind ``env``, ``npx -y`` or ``uv run``.
_WRAPPING_WORDS = 12
_SHELL_SYNTAX = lazy_re.compile(r"[;&|`]|\$\(|<\(")
_PACKAGE_RUNNERS = frozenset(
    ["npx", "bunx", "uvx", "pnpx", "pipx", "pnpm", "yarn", "bun", "deno", "npm", "uv"]
)
#: Runners that fetch a package only with one of these sub-commands.
_NEED_SUBCOMMAND = frozenset(["pnpm", "yarn", "npm", "bun", "uv", "deno"])
_FETCHING_SUBCOMMANDS = frozenset(["dlx", "x", "exec", "tool"])
#: Words before the name of the package.
_RUNNER_WORDS = frozenset(
    ["-y", "--yes", "dlx", "run", "exec", "x", "tool", "-q", "--quiet", "-p", "--package",
     "--from", "--refresh"]
)  # fmt: skip
_FLOATING_VERSIONS = frozenset(["latest", "next", "canary", "beta", "*"])
_TEMPORARY = lazy_re.compile(
    r"(?i)^(?:/tmp/|/var/tmp/|/dev/shm/|%temp%|\$env:temp|.*\\appdata\\local\\temp\\)"
)
_VARIABLE = lazy_re.compile(r"\$\{?(?:env:)?(\w{3,60})")
_GITHUB = ("github.com", "githubcopilot.com", "github.dev")
_AMAZON = ("amazonaws.com", "aws.dev", "api.aws")
#: The user's own credentials by the usual name of their variable, with their issuers' hosts.
_ISSUERS = {
    "AWS_SECRET_ACCESS_KEY": _AMAZON,
    "AWS_SESSION_TOKEN": _AMAZON,
    "GITHUB_TOKEN": _GITHUB,
    "GH_TOKEN": _GITHUB,
    "NPM_TOKEN": (),
    "ANTHROPIC_API_KEY": ("anthropic.com",),
    "SSH_PRIVATE_KEY": (),
    "KUBECONFIG": (),
}
_REMOTE_LEVELS = {
    "drop": Level.BLOCK,
    "address": Level.BLOCK,
    "clear": Level.BLOCK,
    "local": Level.INFO,
}


def check(server: Mapping[str, Any], matched: MatchedValue) -> Iterator[ValueIssue]:
    """Yield the issues of one server's table."""
    program: Any = server.get("command")
    args: Any = server.get("args")
    if program is None:  # Goose: {"cmd": …}
        program = server.get("cmd")
    if isinstance(program, dict):  # Zed: {"path": …, "args": […]}
        args = program.get("args", args)
        program = program.get("path")
    line = command_effects.command_line(program, args)
    if line:
        yield _command(line, matched)
        yield from _package(line.split(), matched)
    for name in ("url", "serverUrl", "httpUrl", "server_url"):
        url = server.get(name)
        if isinstance(url, str) and url:
            yield _remote(url, name, matched)
            yield from _sent_credentials(server, url, matched)
    yield from _approvals(server)


def _command(line: str, matched: MatchedValue) -> ValueIssue:
    effects = command_effects.find_effects(line, "host", matched.rules)
    level = command_effects.worst(effects, Level.WARN)
    clauses = command_effects.clauses(effects)
    words = [word.strip("\"'") for word in line.split()]
    inner_words = _without_shell(words)
    program = _program_name(inner_words[0]) if inner_words else ""
    if program in matched.rules.listed("no-servers"):
        level = Level.BLOCK
        clauses += f"; {short(program)} is not an MCP server"
    if _has_inline_code(inner_words):
        level = Level.BLOCK
        clauses += (
            "; its code is in the setting itself, so that no review of a file sees it"
        )
    if words and _TEMPORARY.match(words[0]):
        level = Level.BLOCK
        clauses += "; the program is in a folder that other users can write"
    runs_in_shell = inner_words is not words
    is_shell_script = runs_in_shell and _SHELL_SYNTAX.search(" ".join(inner_words))
    if is_shell_script and level is not Level.BLOCK:
        clauses += "; it is a shell script, not a single program"
    return ValueIssue(
        level,
        f"{matched.key.says}{clauses}: {short(line)}",
        about=line,
        needle=words[0] if words else "",
    )


def _has_inline_code(words: list[str]) -> bool:
    """Whether an interpreter gets its code as an argument, also behind a wrapper."""
    for index, word in enumerate(words[:_WRAPPING_WORDS]):
        options = _INLINE_CODE.get(_program_name(word), ())
        if any(option in options for option in words[index + 1 : index + 4]):
            return True
    return False


def _without_shell(words: list[str]) -> list[str]:
    """Return the words behind ``bash -c`` and its like; ``words`` itself without a shell."""
    if len(words) > 1 and _program_name(words[0]) in _SHELLS:
        for index, word in enumerate(words[1:4], 1):
            if _INLINE_OPTION.match(word):
                return words[index + 1 :]
    return words


def _program_name(program: str) -> str:
    file_name = re.split(r"[/\\]", program)[-1].lower()
    return re.sub(r"\.(?:exe|cmd|bat|app)$", "", file_name)


def _package(words: list[str], matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check the package that a runner such as npx downloads at every start."""
    package = floating_package(words)
    if not package:
        return
    base, version = _name_and_version(package)
    known = any(
        base == server or (server.endswith("/") and base.startswith(server))
        for server in matched.rules.listed("known-servers")
    )
    level = Level.INFO
    if not known:
        # The owner of an unknown package can replace its code at any time.
        level = Level.BLOCK if version in _FLOATING_VERSIONS else Level.WARN
    clause = f"runs the newest version of {short(package)} at every start: no version is pinned"
    yield ValueIssue(level, clause, package, "mcp-unpinned", needle=package)


def floating_package(words: list[str]) -> str:
    """Return the package that a command downloads in whatever version is the newest.

    It is as written, "" where the command downloads none or names its version.
    """
    package = _fetched_package(_without_shell(words))
    base, version = _name_and_version(package)
    _, _, exact_version = base.partition("==")
    is_versioned = exact_version or re.match(r"[~^]?v?\d", version)
    return "" if is_versioned else package


def _fetched_package(words: list[str]) -> str:
    """Return the package that the command downloads, as written; "" for none."""
    if not words:
        return ""
    runner = _program_name(words[0])
    if runner not in _PACKAGE_RUNNERS:
        return ""
    if runner in _NEED_SUBCOMMAND and _FETCHING_SUBCOMMANDS.isdisjoint(words[1:3]):
        return ""
    package = next(
        (
            word
            for word in words[1:]
            if word not in _RUNNER_WORDS and not word.startswith("-")
        ),
        "",
    )
    if package.startswith((".", "/", "$")):
        return ""
    is_url = re.match(r"\w+:", package) is not None and "@" not in package
    return "" if is_url else package


def _name_and_version(package: str) -> tuple[str, str]:
    """Split ``name@version``; a scope's ``@`` belongs to the name."""
    scope = "@" if package[:1] == "@" else ""
    name, _, version = package.removeprefix("@").partition("@")
    return scope + name, version


def _remote(url: str, name: str, matched: MatchedValue) -> ValueIssue:
    destination = url_hosts.destination(url, matched.rules)
    level = _REMOTE_LEVELS.get(destination, Level.WARN)
    description = url_hosts.DESCRIPTIONS[destination]
    address = short(without_credentials(url))
    clause = (
        f"connects the agent to {description} ({address}): it offers tools"
        " and reads what the agent sends to them"
    )
    return ValueIssue(level, clause, url, "mcp-remote", needle=url, path=(name,))


def _sent_credentials(
    server: Mapping[str, Any], url: str, matched: MatchedValue
) -> Iterator[ValueIssue]:
    """Yield headers that give a host the user's credential for another issuer."""
    if url_hosts.destination(url, matched.rules) in {"local", "private", "variable"}:
        return
    headers = server.get("headers", server.get("http_headers"))
    texts = headers.values() if isinstance(headers, dict) else []
    for text in (url, *texts):
        for name in _VARIABLE.findall(scalar(text) or ""):
            issuers = _ISSUERS.get(name.upper())
            if issuers is not None and not url_hosts.is_host_or_below(
                url_hosts.host_of(url), issuers
            ):
                clause = (
                    f"sends the user's {short(name)} to {short(url_hosts.host_of(url))},"
                    " which did not issue it"
                )
                yield ValueIssue(Level.BLOCK, clause, name, "mcp-remote", needle=name)


def _approvals(server: Mapping[str, Any]) -> Iterator[ValueIssue]:
    every_tool = "lets every tool of the server run without asking"
    rule = "mcp-approval"
    if server.get("trust") is True:
        yield ValueIssue(Level.BLOCK, every_tool, "true", rule, path=("trust",))
    for name in ("autoApprove", "alwaysAllow", "auto_approve", "autoApproveAll"):
        value = server.get(name)
        items = value if isinstance(value, list) else [value]
        tools = [scalar(item) or "" for item in items]
        if "*" in tools or "true" in tools:
            yield ValueIssue(Level.BLOCK, every_tool, "*", rule, path=(name,))
        elif tools not in ([], [""]):
            clause = f"lets {short(', '.join(tools))} run without asking"
            about = " ".join(sorted(tools))
            yield ValueIssue(Level.WARN, clause, about, rule, path=(name,))

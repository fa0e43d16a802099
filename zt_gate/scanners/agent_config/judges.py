"""The judges that key patterns name: what a value means beyond its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import commands, hosts, permissions
from zt_gate.scanners.agent_config.match import Said, scalar, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zt_gate.scanners.agent_config.match import Asked

_EDITOR_SCRIPT = re.compile(
    r"(?:^|[\s\"'/\\])\.(vscode|idea|fleet|claude|cursor|codex|gemini|windsurf|roo)[/\\][\w./\\-]{1,120}"
)
_RUNNER = re.compile(
    r"(?i)\b(?:node|bun|deno|python[\d.]*|bash|sh|zsh|pwsh|powershell|ruby|perl|php)(?:\.exe)?\b"
)
_EDITORS = frozenset(["vscode", "idea", "fleet"])


def command(asked: Asked) -> Iterator[Said]:
    """Judge a command line (a text, or a list of words)."""
    line = _line(asked)
    if not line.strip():
        return
    found = commands.deeds(line, asked.key.place, asked.book)
    least = asked.key.level or Level.WARN
    clauses = commands.clauses(found)
    level = commands.worst(found, least)
    strange = _strange_folder(line, asked.file) if asked.key.place == "host" else ""
    if strange:
        level = Level.BLOCK
        clauses += f"; it runs a script out of .{strange}/, where nobody looks for programs"
    yield Said(level, f"{asked.key.says}{clauses}: {short(line)}", line)


def risky_command(asked: Asked) -> Iterator[Said]:
    """Judge a command line that is ordinary in itself: only what it does is reported."""
    line = _line(asked)
    found = commands.deeds(line, asked.key.place, asked.book)
    if found:
        says = f"{asked.key.says}{commands.clauses(found)}: {short(line)}"
        yield Said(commands.worst(found, Level.INFO), says, line)


def lifecycle(asked: Asked) -> Iterator[Said]:
    """Judge a script that runs when a package is installed."""
    line = scalar(asked.value) or ""
    found = commands.deeds(line, "host", asked.book)
    level, clauses = commands.worst(found, Level.WARN), commands.clauses(found)
    if re.search(
        r"\b(?:npm|pnpm|yarn|bun)\s+(?:\S{1,40}\s+){0,4}(?:-g\b|--global\b|global\s+add)", line
    ):
        level, clauses = (
            Level.BLOCK,
            f"{clauses}; it installs another program for the whole machine",
        )
    worms = "|".join(map(re.escape, asked.book.listed("worm-scripts")))
    if re.search(rf"\b(?:node|bun|bun run)\s+(?:\./)?(?:{worms})\b", line):
        level, clauses = Level.BLOCK, f"{clauses}; it starts a file of the name that worms use"
    if re.search(r"\b(?:node|bun|deno)\s+-(?:e|p|-eval)\b", line) and re.search(
        r"exec|spawn|https?\b|fetch", line
    ):
        level, clauses = (
            Level.BLOCK,
            f"{clauses}; it runs other programs, or asks the network, out of one line",
        )
    usual = asked.book.listed("usual-scripts")
    parts = [part.strip() for part in re.split(r"&&|\|\||;", line) if part.strip()]
    if level is Level.WARN and all(part.startswith(usual) for part in parts):
        return
    yield Said(level, f"{asked.key.says}{clauses}: {short(line)}", line)


def _line(asked: Asked) -> str:
    """Return a command's line; "" for tables, and for words whose list is judged as a whole."""
    element = bool(asked.path) and isinstance(asked.path[-1], int)
    return "" if element or isinstance(asked.value, dict) else commands.line_of(asked.value)


def _strange_folder(line: str, file: bytes) -> str:
    """Return the folder of another program's settings that a command takes its script from."""
    match = _EDITOR_SCRIPT.search(line)
    if match is None or _RUNNER.search(line) is None:
        return ""
    folder, own = match[1], f".{match[1]}/" in file.decode("utf-8", "replace")
    from_editor = b".vscode/" in file or file.endswith(b".code-workspace")
    return folder if not own and (folder in _EDITORS or from_editor) else ""


def endpoint(asked: Asked) -> Iterator[Said]:
    """Judge an address that requests, with their keys or data, go to."""
    url = scalar(asked.value) or ""
    where = hosts.destination(url, asked.book)
    if where in {"none", "local", "variable"} or not url:
        return
    if asked.book.lists.get("vendor-hosts") and where == "foreign":
        if hosts.belongs(hosts.host_of(url), asked.book.listed("vendor-hosts")):
            return
    usual = asked.key.level or Level.BLOCK
    level = Level.WARN if where == "private" else usual
    if where in {"drop", "address", "clear"}:
        level = Level.BLOCK
    yield Said(level, f"{asked.key.says} {hosts.WORDS[where]} ({short(hosts.bare(url))})", url)


def registry(asked: Asked) -> Iterator[Said]:
    """Judge the address of a package registry or index."""
    from zt_gate.scanners.agent_config import registries

    for url in (scalar(asked.value) or "").split():
        level = registries.level_of(url, asked.book)
        if level is not None:
            where = hosts.destination(url, asked.book)
            # A scope of its own, or a setting that the policy knows as a choice, is no takeover.
            if where == "foreign" and asked.key.place == "scope":
                level = Level.WARN
            elif where == "foreign" and asked.key.level is not None:
                level = asked.key.level
            says = f"{asked.key.says} {hosts.WORDS[where]} ({short(hosts.bare(url))})"
            yield Said(level, says, hosts.bare(url))


def token(asked: Asked) -> Iterator[Said]:
    """Judge a credential: one that stands there in clear is in every clone."""
    value = scalar(asked.value) or ""
    if value and not re.search(r"\$\{?\w|^%|<|\{\{", value) and len(value) > 5:
        yield Said(
            asked.key.level or Level.BLOCK, asked.key.says, "a credential in clear", secret=value
        )


def permission(asked: Asked) -> Iterator[Said]:
    """Judge permission rules and tool lists; ``place`` is their use."""
    if not isinstance(asked.value, str | list) or (asked.path and isinstance(asked.path[-1], int)):
        return  # an element: its list is judged
    use: Any = asked.key.place
    for entry in permissions.entries(asked.value) if use != "limit" else _texts(asked.value):
        judged = permissions.judge(entry, use, asked.book)
        if judged is not None:
            says = f"has the entry {short(entry)}, which {judged.says}"
            yield Said(judged.level, says, entry, judged.rule, needle=entry)


def _texts(value: Any) -> list[str]:
    return (
        [item for item in value if isinstance(item, str)]
        if isinstance(value, list)
        else [str(value)]
    )


def server(asked: Asked) -> Iterator[Said]:
    """Judge an MCP server's table."""
    from zt_gate.scanners.agent_config import servers

    if isinstance(asked.value, dict):
        yield from servers.judge(asked.value, asked)


def task(asked: Asked) -> Iterator[Said]:
    """Judge a task of VS Code that starts when the folder is opened."""
    table = asked.value
    if not isinstance(table, dict):
        return
    options = table.get("runOptions")
    if not isinstance(options, dict) or options.get("runOn") != "folderOpen":
        return
    parts = [
        table,
        *(table[os] for os in ("windows", "linux", "osx") if isinstance(table.get(os), dict)),
    ]
    line = " ; ".join(
        text for part in parts if (text := commands.line_of(part.get("command"), part.get("args")))
    ) or str(table.get("script") or table.get("task") or "")
    found = commands.deeds(line, "host", asked.book)
    level = commands.worst(found, Level.WARN)
    clauses = commands.clauses(found)
    if _strange_folder(line, asked.file) or re.search(r"(?:^|[\s\"'/])\.vscode[/\\]", line):
        level, clauses = Level.BLOCK, f"{clauses}; it runs a script out of an editor's folder"
    if _hidden(table) and _RUNNER.search(line):
        level, clauses = Level.BLOCK, f"{clauses}; it is kept out of sight"
    yield Said(
        level, f"{asked.key.says}{clauses}: {short(line)}", line, path=("runOptions", "runOn")
    )


def _hidden(table: Mapping[str, Any]) -> bool:
    show = table.get("presentation")
    if table.get("hide") is True:
        return True
    return isinstance(show, dict) and (
        show.get("reveal") in {"never", "silent"} and (show.get("echo") is False or show.get("close") is True)
        or show.get("reveal") == "never"
    )  # fmt: skip


def executable(asked: Asked) -> Iterator[Said]:
    """Judge the path of a program that an editor starts by itself."""
    value = asked.value[0] if isinstance(asked.value, list) and asked.value else asked.value
    if not isinstance(value, str):
        return
    path = re.sub(r"^\$\{workspace(?:Folder|Root)[^}]{0,60}\}[/\\]?", "./", value.strip()).replace(
        "\\", "/"
    )
    if path.startswith(("/tmp/", "/var/tmp/", "/dev/shm/", "//", "\\\\")):  # noqa: S108 - compared, not used
        yield Said(Level.BLOCK, f"{asked.key.says} {short(value)}, which others can write", value)
        return
    if path.startswith(("/", "~", "$")) or re.match(r"[A-Za-z]:/", path) or "/" not in path:
        return
    inside = path.removeprefix("./")
    if inside.encode() in asked.brought:
        yield Said(
            Level.BLOCK, f"{asked.key.says} {short(value)}, which this change brings along", value
        )
    elif not re.search(
        r"(?:^|/)(?:bin|Scripts|node_modules|vendor|sdks|\.?venv[^/]*|env|target)(?:/|$)", inside
    ):
        yield Said(
            asked.key.level or Level.WARN,
            f"{asked.key.says} {short(value)}, a file of the repository",
            value,
        )


def mounts(asked: Asked) -> Iterator[Said]:
    """Judge what a development container sees of the host."""
    text = scalar(asked.value)
    if isinstance(asked.value, dict):
        text = ",".join(f"{key}={scalar(item)}" for key, item in asked.value.items())
    if text is None or "type=volume" in text:
        return
    source = re.search(r"(?:source|src)=([^,]{0,400})", text) or re.match(
        r"([^:,=]{1,400}):/", text
    )
    if source is None:
        return
    path = source[1].strip().strip("\"'").replace("\\", "/")
    home = r"(?:~|\$HOME|\$\{HOME\}|\$\{localEnv:(?:HOME|USERPROFILE)\}(?:\$\{localEnv:USERPROFILE\})?|/root|/home/[\w.-]+|/Users/[\w.-]+)"
    if re.fullmatch(rf"(?:/|[A-Za-z]:/?|/etc/?|/var/?|/home/?|/Users/?|{home}/?)", path):
        yield Said(Level.BLOCK, f"{asked.key.says} {short(path)}, all of it", path)
    elif re.search(
        r"docker\.sock|/(?:\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.docker|\.netrc|\.npmrc|\.config/gcloud|\.claude|\.codex|\.gemini)\b",
        path,
    ):
        yield Said(
            Level.WARN,
            f"{asked.key.says} {short(path)}, with which it can act as the host's user",
            path,
        )


def attributes(asked: Asked) -> Iterator[Said]:
    """Judge the attributes of one pattern of ``.gitattributes``."""
    from zt_gate.scanners.agent_config import gitfiles

    if isinstance(asked.value, dict):
        yield from gitfiles.attributes(str(asked.path[-1]), asked.value, asked)


def submodule(asked: Asked) -> Iterator[Said]:
    """Judge one submodule."""
    from zt_gate.scanners.agent_config import gitfiles

    if isinstance(asked.value, dict):
        yield from gitfiles.submodule(asked.value, asked)


def workflow(asked: Asked) -> Iterator[Said]:
    """Judge a workflow or a composite action as a whole."""
    from zt_gate.scanners.agent_config import workflows

    if isinstance(asked.value, dict):
        yield from workflows.judge(asked.value, asked)


def unsafe_pair(asked: Asked) -> Iterator[Said]:
    """Judge Codex's approval policy and sandbox together: either alone is a choice, both are none."""
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
        yield Said(Level.BLOCK, says, about, needle="danger-full-access", path=("sandbox_mode",))
    elif never:
        yield Said(
            Level.WARN, "lets the agent act without asking", "never", path=("approval_policy",)
        )


JUDGES: Mapping[str, Callable[[Asked], Iterator[Said]]] = {
    "command": command,
    "risky-command": risky_command,
    "lifecycle": lifecycle,
    "endpoint": endpoint,
    "registry": registry,
    "token": token,
    "permission": permission,
    "server": server,
    "task": task,
    "executable": executable,
    "mounts": mounts,
    "attributes": attributes,
    "submodule": submodule,
    "workflow": workflow,
    "unsafe-pair": unsafe_pair,
}

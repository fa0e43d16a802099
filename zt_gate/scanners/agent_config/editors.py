"""What editors start by themselves: tasks, programs, containers and what those see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import command_effects
from zt_gate.scanners.agent_config.matched_values import (
    MatchedValue,
    ValueIssue,
    scalar,
    short,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_EDITOR_SCRIPT = re.compile(
    r"(?:^|[\s\"'/\\])\.(vscode|idea|fleet|claude|cursor|codex|gemini|windsurf|roo)[/\\][\w./\\-]{1,120}"
)
_RUNNER = re.compile(
    r"(?i)\b(?:node|bun|deno|python[\d.]*|bash|sh|zsh|pwsh|powershell|ruby|perl|php)(?:\.exe)?\b"
)
_RUNS_FILE = re.compile(
    r"(?i)(?:^|[\s;&|])(?:node|bun|deno\s+run|python[\d.]*|bash|sh|zsh|pwsh|powershell|ruby|perl|php)"
    r"(?:\.exe)?(?:\s+-(?!m\b|c\b)[\w-]{1,30}){0,3}\s+[\"']?[^\s\"'-][^\s\"']{0,200}"
    r"\.(?:js|mjs|cjs|ts|py|sh|ps1|rb|pl|php|bat)\b"
)
_EDITORS = frozenset(["vscode", "idea", "fleet"])
_HOME = (
    r"(?:~|\$HOME|\$\{HOME\}|\$\{localEnv:(?:HOME|USERPROFILE)\}(?:\$\{localEnv:USERPROFILE\})?"
    r"|/root|/home/[\w.-]+|/Users/[\w.-]+)"
)
_WHOLE = re.compile(rf"(?:/|[A-Za-z]:/?|/etc/?|/var/?|/home/?|/Users/?|{_HOME}/?)")
_KEYS = re.compile(
    r"docker\.sock|/(?:\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.docker|\.netrc|\.npmrc|\.config/gcloud"
    r"|\.claude|\.codex|\.gemini)\b"
)


def foreign_settings_folder(line: str, file: bytes) -> str:
    """Return the folder of another program's settings that a command takes its script from."""
    match = _EDITOR_SCRIPT.search(line)
    if match is None or _RUNNER.search(line) is None:
        return ""
    folder, own = match[1], f".{match[1]}/" in file.decode("utf-8", "replace")
    from_editor = b".vscode/" in file or file.endswith(b".code-workspace")
    return folder if not own and (folder in _EDITORS or from_editor) else ""


def task(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge a task of VS Code that starts when the folder is opened."""
    table = asked.value
    if not isinstance(table, dict):
        return
    options = table.get("runOptions")
    if not isinstance(options, dict) or options.get("runOn") != "folderOpen":
        return
    parts = [
        table,
        *(
            table[os]
            for os in ("windows", "linux", "osx")
            if isinstance(table.get(os), dict)
        ),
    ]
    line = " ; ".join(
        text
        for part in parts
        if (text := command_effects.line_of(part.get("command"), part.get("args")))
    ) or str(table.get("script") or table.get("task") or "")
    found = command_effects.find_effects(line, "host", asked.book)
    level = command_effects.worst(found, Level.WARN)
    clauses = command_effects.clauses(found)
    if foreign_settings_folder(line, asked.file) or re.search(
        r"(?:^|[\s\"'/])\.vscode[/\\]", line
    ):
        level, clauses = (
            Level.BLOCK,
            f"{clauses}; it runs a script out of an editor's folder",
        )
    if _hidden(table) and _RUNNER.search(line):
        level, clauses = Level.BLOCK, f"{clauses}; it is kept out of sight"
    elif _RUNS_FILE.search(line):
        level, clauses = Level.BLOCK, f"{clauses}; it runs a script of the repository"
    yield ValueIssue(
        level,
        f"{asked.key.says}{clauses}: {short(line)}",
        line,
        path=("runOptions", "runOn"),
    )


def _hidden(table: Mapping[str, Any]) -> bool:
    show = table.get("presentation")
    if table.get("hide") is True:
        return True
    return isinstance(show, dict) and (
        show.get("reveal") == "never"
        or (show.get("reveal") == "silent" and ("echo" in show or "close" in show))
    )  # fmt: skip


def executable(asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge the path of a program that an editor starts by itself."""
    value = (
        asked.value[0] if isinstance(asked.value, list) and asked.value else asked.value
    )
    if not isinstance(value, str):
        return
    path = re.sub(
        r"^\$\{workspace(?:Folder|Root)[^}]{0,60}\}[/\\]?", "./", value.strip()
    ).replace("\\", "/")
    if path.startswith(("/tmp/", "/var/tmp/", "/dev/shm/", "//", "\\\\")):  # noqa: S108 - compared, not used
        yield ValueIssue(
            Level.BLOCK,
            f"{asked.key.says} {short(value)}, which others can write",
            value,
        )
        return
    if (
        path.startswith(("/", "~", "$"))
        or re.match(r"[A-Za-z]:/", path)
        or "/" not in path
    ):
        return
    inside = path.removeprefix("./")
    if inside.encode() in asked.brought:
        yield ValueIssue(
            Level.BLOCK,
            f"{asked.key.says} {short(value)}, which this change brings along",
            value,
        )
    elif not re.search(
        r"(?:^|/)(?:bin|Scripts|node_modules|vendor|sdks|\.?venv[^/]*|env|target)(?:/|$)",
        inside,
    ):
        yield ValueIssue(
            asked.key.level or Level.WARN,
            f"{asked.key.says} {short(value)}, a file of the repository",
            value,
        )


def mounts(asked: MatchedValue) -> Iterator[ValueIssue]:
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
    if _WHOLE.fullmatch(path):
        yield ValueIssue(
            Level.BLOCK, f"{asked.key.says} {short(path)}, all of it", path
        )
    elif _KEYS.search(path):
        yield ValueIssue(
            Level.WARN,
            f"{asked.key.says} {short(path)}, with which it can act as the host's user",
            path,
        )

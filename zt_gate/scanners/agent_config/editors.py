"""Checks what editors start by themselves: tasks, programs, and mounts of containers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
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

_SETTINGS_FOLDER = lazy_re.compile(
    r"(?:^|[\s\"'/\\])\.(vscode|idea|fleet|claude|cursor|codex|gemini|windsurf|roo)[/\\][\w./\\-]{1,120}"
)
_INTERPRETER = lazy_re.compile(
    r"(?i)\b(?:node|bun|deno|python[\d.]*|bash|sh|zsh|pwsh|powershell|ruby|perl|php)(?:\.exe)?\b"
)
_RUNS_SCRIPT_FILE = lazy_re.compile(
    r"(?i)(?:^|[\s;&|])(?:node|bun|deno\s+run|python[\d.]*|bash|sh|zsh|pwsh|powershell|ruby|perl|php)"
    r"(?:\.exe)?(?:\s+-(?!m\b|c\b)[\w-]{1,30}){0,3}\s+[\"']?[^\s\"'-][^\s\"']{0,200}"
    r"\.(?:js|mjs|cjs|ts|py|sh|ps1|rb|pl|php|bat)\b"
)
_VSCODE_FOLDER = lazy_re.compile(r"(?:^|[\s\"'/])\.vscode[/\\]")
_EDITOR_FOLDERS = frozenset(["vscode", "idea", "fleet"])
_WORKSPACE_VARIABLE = lazy_re.compile(
    r"^\$\{workspace(?:Folder|Root)[^}]{0,60}\}[/\\]?"
)
_WORLD_WRITABLE = ("/tmp/", "/var/tmp/", "/dev/shm/", "//", "\\\\")  # noqa: S108 - compared, not used
_USUAL_PROGRAM_FOLDER = lazy_re.compile(
    r"(?:^|/)(?:bin|Scripts|node_modules|vendor|sdks|\.?venv[^/]*|env|target)(?:/|$)"
)
_MOUNT_SOURCE = lazy_re.compile(r"(?:source|src)=([^,]{0,400})")
_SHORT_MOUNT = lazy_re.compile(r"([^:,=]{1,400}):/")
_HOME = (
    r"(?:~|\$HOME|\$\{HOME\}|\$\{localEnv:(?:HOME|USERPROFILE)\}(?:\$\{localEnv:USERPROFILE\})?"
    r"|/root|/home/[\w.-]+|/Users/[\w.-]+)"
)
_WHOLE_HOST = lazy_re.compile(
    rf"(?:/|[A-Za-z]:/?|/etc/?|/var/?|/home/?|/Users/?|{_HOME}/?)"
)
_HOST_ACCESS = lazy_re.compile(
    r"docker\.sock|/(?:\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.docker|\.netrc|\.npmrc|\.config/gcloud"
    r"|\.claude|\.codex|\.gemini)\b"
)


def foreign_settings_folder(line: str, file: bytes) -> str:
    """Return the name of another program's settings folder that a command runs a script from.

    Without the leading dot; "" for none.
    """
    match = _SETTINGS_FOLDER.search(line)
    if match is None or _INTERPRETER.search(line) is None:
        return ""
    folder = match[1]
    if f".{folder}/" in file.decode("utf-8", "replace"):
        return ""
    from_editor = b".vscode/" in file or file.endswith(b".code-workspace")
    return folder if folder in _EDITOR_FOLDERS or from_editor else ""


def task(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check a task of VS Code that starts when the folder is opened."""
    table = matched.value
    if not isinstance(table, dict):
        return
    options = table.get("runOptions")
    if not isinstance(options, dict) or options.get("runOn") != "folderOpen":
        return
    line = _task_line(table)
    effects = command_effects.find_effects(line, "host", matched.rules)
    level = command_effects.worst(effects, Level.WARN)
    clauses = command_effects.clauses(effects)
    if foreign_settings_folder(line, matched.file) or _VSCODE_FOLDER.search(line):
        level = Level.BLOCK
        clauses += "; it runs a script from an editor's settings folder"
    if _is_hidden(table) and _INTERPRETER.search(line):
        level = Level.BLOCK
        clauses += "; it is hidden from the user"
    elif _RUNS_SCRIPT_FILE.search(line):
        level = Level.BLOCK
        clauses += "; it runs a script of the repository"
    yield ValueIssue(
        level,
        f"{matched.key.says}{clauses}: {short(line)}",
        about=line,
        path=("runOptions", "runOn"),
    )


def _task_line(table: Mapping[str, Any]) -> str:
    """Return a task's command lines of all operating systems, joined by `` ; ``."""
    systems = [table.get(system) for system in ("windows", "linux", "osx")]
    variants = [table, *(system for system in systems if isinstance(system, dict))]
    lines = [
        command_effects.command_line(variant.get("command"), variant.get("args"))
        for variant in variants
    ]
    joined = " ; ".join(line for line in lines if line)
    return joined or str(table.get("script") or table.get("task") or "")


def _is_hidden(table: Mapping[str, Any]) -> bool:
    if table.get("hide") is True:
        return True
    presentation = table.get("presentation")
    if not isinstance(presentation, dict):
        return False
    reveal = presentation.get("reveal")
    if reveal == "never":
        return True
    return reveal == "silent" and ("echo" in presentation or "close" in presentation)


def executable(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check the path of a program that an editor starts by itself."""
    value = matched.value
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, str):
        return
    clause = f"{matched.key.says} {short(value)}"
    path = _WORKSPACE_VARIABLE.sub("./", value.strip()).replace("\\", "/")
    if path.startswith(_WORLD_WRITABLE):
        clause += ", which other users can write"
        yield ValueIssue(Level.BLOCK, clause, value)
        return
    if _is_outside(path):
        return
    relative_path = path.removeprefix("./")
    if relative_path.encode() in matched.changed_paths:
        clause += ", which this change adds or modifies"
        yield ValueIssue(Level.BLOCK, clause, value)
    elif not _USUAL_PROGRAM_FOLDER.search(relative_path):
        clause += ", a file of the repository"
        yield ValueIssue(matched.key.level or Level.WARN, clause, value)


def _is_outside(path: str) -> bool:
    """Whether a program's path is absolute, or only a name to look up in PATH."""
    if path.startswith(("/", "~", "$")) or re.match(r"[A-Za-z]:/", path):
        return True
    return "/" not in path


def mounts(matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check which folders of the host a development container mounts."""
    text = scalar(matched.value)
    if isinstance(matched.value, dict):
        options = matched.value.items()
        text = ",".join(f"{key}={scalar(item)}" for key, item in options)
    if text is None or "type=volume" in text:
        return
    source = _MOUNT_SOURCE.search(text) or _SHORT_MOUNT.match(text)
    if source is None:
        return
    path = source[1].strip().strip("\"'").replace("\\", "/")
    clause = f"{matched.key.says} {short(path)}"
    if _WHOLE_HOST.fullmatch(path):
        yield ValueIssue(Level.BLOCK, f"{clause}, with everything in it", path)
    elif _HOST_ACCESS.search(path):
        clause += ", which lets it act as the host's user"
        yield ValueIssue(Level.WARN, clause, path)

"""The permission entries of a repository and its user, with the file that has them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Literal

from zt_gate.guard.install.settings_change import SettingsFileError, read_settings
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

Use = Literal["grant", "offer", "limit"]

_SETTINGS = (".claude/settings.json", ".claude/settings.local.json")
_FOLDERS = (".claude/agents", ".claude/commands", ".claude/skills")
_MOST_FILES = 2000
#: Keys of front matter with tools, and what they are: without asking, or on offer.
_FRONT_MATTER: tuple[tuple[str, Use], ...] = (
    ("allowed-tools", "grant"),
    ("tools", "offer"),
)


@dataclass(frozen=True, slots=True)
class GrantedEntry:
    """One entry; ``key`` is its place in the file.  ``problem`` is set if it has none."""

    path: str
    key: str
    entry: str
    use: Use
    problem: str = ""


def entries_of(root: str, home: str) -> Iterator[GrantedEntry]:
    """Yield the entries of the project ``root`` and of the user's own files."""
    for folder in dict.fromkeys((root, home)):
        for name in _SETTINGS:
            yield from _settings(os.path.join(folder, name))
        yield from _codex(os.path.join(folder, ".codex", "config.toml"))
        for name in _FOLDERS:
            yield from _documents(os.path.join(folder, name))


def _settings(path: str) -> Iterator[GrantedEntry]:
    data = _content(path)
    if data is None:
        return
    try:
        document = json.loads(data)
        rules = document.get("permissions", {})
        lists = {key: rules.get(key, []) for key in ("allow", "ask", "deny")}
    except (ValueError, RecursionError, AttributeError):
        yield _unreadable(path, "it is not valid, so the client ignores all of it")
        return
    for key, values in lists.items():
        use: Use = "grant" if key == "allow" else "limit"
        for value in values if isinstance(values, list) else ():
            if isinstance(value, str):
                yield GrantedEntry(path, f"permissions.{key}", value, use)
    mode = rules.get("defaultMode")
    if mode in {"bypassPermissions", "acceptEdits", "auto", "dontAsk"}:
        problem = f"the client does not ask in the mode {mode}"
        yield GrantedEntry(path, "permissions.defaultMode", str(mode), "grant", problem)


def _codex(path: str) -> Iterator[GrantedEntry]:
    import tomllib

    data = _content(path)
    if data is None:
        return
    try:
        config: dict[str, Any] = tomllib.loads(data.decode())
    except (ValueError, RecursionError):
        yield _unreadable(path, "it is not valid TOML")
        return
    if config.get("sandbox_mode") == "danger-full-access":
        problem = "commands run without the client's sandbox"
        yield GrantedEntry(path, "sandbox_mode", "danger-full-access", "grant", problem)
    if config.get("approval_policy") == "never":
        problem = "the client never asks"
        yield GrantedEntry(path, "approval_policy", "never", "grant", problem)


def _documents(folder: str) -> Iterator[GrantedEntry]:
    """Yield the tools of agents, commands and skills below a folder."""
    count = 0
    for here, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            count += 1
            if count > _MOST_FILES:
                return
            if name.endswith(".md"):
                yield from _front_matter(os.path.join(here, name))


def _front_matter(path: str) -> Iterator[GrantedEntry]:
    from zt_gate.scanners.agent_config.permissions import entries
    from zt_gate.syntax import front_matter
    from zt_gate.syntax.document import SyntaxReadError

    data = _content(path)
    if data is None:
        return
    try:
        value = front_matter.read(data).value
    except SyntaxReadError:
        yield _unreadable(path, "its front matter cannot be read")
        return
    for key, use in _FRONT_MATTER:
        for entry in entries(value.get(key) if isinstance(value, dict) else None):
            yield GrantedEntry(path, key, entry, use)


def _content(path: str) -> bytes | None:
    try:
        return read_settings(path)
    except SettingsFileError:
        return None


def _unreadable(path: str, problem: str) -> GrantedEntry:
    return GrantedEntry(path, "", "", "grant", problem)

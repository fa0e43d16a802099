"""Which rules on added lines apply to a file: code, prose, commands."""

from __future__ import annotations

from zt_gate.syntax import paths

__all__ = ["COMMAND_PLACES", "in_agent_folder", "is_code", "text_kinds"]

#: Kinds of text whose lines are checked as commands, and the place where they run.
COMMAND_PLACES = (
    ("agent-text", "text"),
    ("git-hook", "host"),
    ("jetbrains", "host"),
    ("agent-env", "host"),
    ("install", "host"),
    ("make", "script"),
)

_CONFIGURATION_TEXT_KINDS = {
    "markdown": ("prose",),
    "agent-rules": ("prose", "agent-text"),
    "agent-command": ("prose", "agent-text", "skill"),
    "agent-definition": ("prose", "agent-text", "skill"),
    "gemini-command": ("agent-text", "skill"),
    "git-hook": ("git-hook", "code"),
    "codex-rules": ("codex-rules",),
    "jetbrains": ("jetbrains",),
    "build-wrapper": ("build-wrapper",),
    "agent-env": ("agent-env", "code", "shell"),
}


def is_code(path: bytes) -> bool:
    """Whether the file is source code, or has no suffix and so may be a script."""
    name = path.rpartition(b"/")[2]
    return b"." not in name or paths.is_any(
        path, *paths.CODE, "notebook", "runs-at-install"
    )


def in_agent_folder(path: bytes) -> bool:
    """Whether an agent or editor reads its settings from the file's folder."""
    return paths.is_any(path, "agent-folder", "editor-folder")


def text_kinds(path: bytes) -> frozenset[str]:
    """Return the kinds of text, as rules name them, that the file's added lines are."""
    configuration = paths.configuration(path)
    if configuration is not None:
        kinds = set(_CONFIGURATION_TEXT_KINDS.get(configuration.name, ()))
        if "code" in kinds and paths.is_any(path, "javascript"):
            kinds.add("script")
        return frozenset(kinds)
    kinds = {"code"}
    if paths.is_any(path, "test"):
        kinds.add("test")
    has_suffix = b"." in path.rpartition(b"/")[2]
    if not has_suffix or paths.is_any(path, "shell", "build"):
        kinds.add("shell")
    if paths.is_any(path, "javascript"):
        kinds.add("script")
    if paths.is_any(path, "runs-at-install"):
        kinds.add("make" if paths.is_any(path, "make") else "install")
    return frozenset(kinds)

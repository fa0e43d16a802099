"""Which added lines the rules on code, prose and commands look at, by what the file is."""

from __future__ import annotations

from zt_gate.syntax import paths
from zt_gate.syntax.paths import ConfigurationSyntax

__all__ = [
    "PLACES",
    "ConfigurationSyntax",
    "in_agent_folder",
    "is_code",
    "sorts_of_text",
]

#: Sorts of text whose lines are held against the rules on commands, and as which place.
PLACES = (
    ("agent-text", "text"),
    ("git-hook", "host"),
    ("install", "host"),
    ("make", "script"),
)

_OF_CONFIGURATION = {
    "markdown": ("prose",),
    "agent-rules": ("prose", "agent-text"),
    "agent-command": ("prose", "agent-text", "skill"),
    "agent-definition": ("prose", "agent-text", "skill"),
    "gemini-command": ("agent-text", "skill"),
    "git-hook": ("git-hook", "code"),
}


def is_code(path: bytes) -> bool:
    """Whether somebody runs or compiles the file; without a suffix its name does not tell."""
    name = path.rpartition(b"/")[2]
    return b"." not in name or paths.is_any(path, *paths.CODE, "notebook")


def in_agent_folder(path: bytes) -> bool:
    """Whether the file lies in a folder that an agent or editor reads its settings from."""
    return paths.is_any(path, "agent-folder", "editor-folder")


def sorts_of_text(path: bytes) -> frozenset[str]:
    """Return which sorts of text rules look at the added lines of a file."""
    configuration = paths.configuration(path)
    if configuration is not None:
        found = set(_OF_CONFIGURATION.get(configuration.name, ()))
        if "code" in found and paths.is_any(path, "javascript"):
            found.add("script")
        return frozenset(found)
    found = {"code"}
    if paths.is_any(path, "javascript"):
        found.add("script")
    if paths.is_any(path, "runs-at-install"):
        found.add("make" if paths.is_any(path, "make") else "install")
    return frozenset(found)

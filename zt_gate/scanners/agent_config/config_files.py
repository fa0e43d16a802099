"""What a path says: which program reads the file as configuration, and how.

Names are compared without case: file systems of editors' users often are.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Literal

#: Sorts of text whose lines are held against the rules on commands, and as which place.
PLACES = (("agent-text", "text"), ("git-hook", "host"), ("install", "host"), ("make", "script"))

Reader = Literal["json", "jsonc", "yaml", "toml", "ini", "front", "attributes", "text"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: the name that rules use, and the syntax its own reader accepts."""

    name: str
    reader: Reader


#: Kind, reader, and patterns for the path, in lower case, after a slash.  The first fits.
_TABLE: tuple[tuple[str, Reader, tuple[str, ...]], ...] = (
    ("claude-settings", "json", (
        r"\.claude/settings(?:\.local)?\.json", r"managed-settings\.json")),
    ("mcp", "jsonc", (r"\.(?:vscode|cursor|zed)/mcp\.json",)),
    ("mcp", "json", (r"\.?mcp\.json", r"(?:cline_)?mcp_(?:settings|config)\.json",
                     r"claude_desktop_config\.json", r"\.amazonq/[\w./-]{1,80}\.json")),
    ("claude-plugin", "json", (r"\.claude-plugin/(?:plugin|marketplace)\.json",)),
    ("hooks", "json", (r"\.(?:cursor|codex|windsurf|claude|gemini)/hooks\.json",
                       r"hooks/hooks\.json", r"\.github/hooks/[^/]{1,200}\.json",
                       r"\.github/copilot/hooks\.json")),
    ("cursor", "jsonc", (r"\.cursor/(?:cli|permissions|environment|worktrees|sandbox)\.json",)),
    ("gemini-settings", "jsonc", (r"\.(?:gemini|qwen)/settings\.json",)),
    ("gemini-command", "toml", (r"\.(?:gemini|qwen)/commands/[^\n]{1,300}\.toml",)),
    ("codex-config", "toml", (r"\.codex/config\.toml",)),
    ("opencode", "jsonc", (r"opencode\.jsonc?", r"\.opencode/[\w-]{1,60}\.jsonc?")),
    ("zed", "jsonc", (r"\.zed/settings\.json",)),
    ("aider", "yaml", (r"\.aider\.conf\.yml",)),
    ("vscode-settings", "jsonc", (r"\.vscode/settings\.json", r"[^/]{1,200}\.code-workspace")),
    ("vscode-tasks", "jsonc", (r"\.(?:vscode|zed)/tasks\.json",)),
    ("devcontainer", "jsonc", (r"\.?devcontainer\.json",)),
    ("package-json", "json", (r"package\.json",)),
    ("npmrc", "ini", (r"\.npmrc",)),
    ("pypirc", "ini", (r"\.pypirc",)),
    ("pip-conf", "ini", (r"pip\.(?:conf|ini)",)),
    ("uv-toml", "toml", (r"uv\.toml",)),
    ("pyproject", "toml", (r"pyproject\.toml",)),
    ("yarnrc", "yaml", (r"\.yarnrc\.yml",)),
    ("bunfig", "toml", (r"\.?bunfig\.toml",)),
    ("gitconfig", "ini", (r"\.?gitconfig", r"\.git/config")),
    ("gitmodules", "ini", (r"\.gitmodules",)),
    ("gitattributes", "attributes", (r"\.gitattributes",)),
    ("git-hook", "text", (r"\.(?:git)?-?(?:hooks|husky)/[^\n]{1,200}", r"githooks/[^/\n]{1,80}",
                          r"\.[\w-]{2,20}/hooks/[^\n]{1,200}\.(?:sh|bash|zsh|ps1)")),
    ("workflow", "yaml", (r"\.github/workflows/[^/\n]{1,200}\.ya?ml", r"action\.ya?ml")),
    ("agent-command", "front", (
        r"(?:skill|[^/\n]{1,100}\.prompt)\.md",
        r"\.[\w-]{2,20}/(?:commands?|skills|prompts|workflows)/[^\n]{1,300}\.md")),
    ("agent-definition", "front", (
        r"\.(?:claude|opencode|cursor|github|gemini|codex)/agents?/[^\n]{1,300}\.md",
        r"[^/\n]{1,100}\.(?:agent|chatmode)\.md")),
    ("agent-rules", "text", (
        r"(?:agents?|claude|gemini|codex|qwen|copilot-instructions)(?:\.local|\.override)?\.md",
        r"conventions\.md", r"\.(?:cursor|windsurf|cline|roo|goose)rules", r"\.goosehints",
        r"\.(?:clinerules|claude)/[^\n]{1,300}\.(?:md|mdc|txt)",
        r"\.\w{2,20}/(?:rules[\w-]{0,40}|steering|instructions)/[^\n]{1,300}\.(?:md|mdc|txt)")),
    ("markdown", "text", (r"[^/\n]{1,200}\.(?:md|mdx|markdown|mkd)",)),
)  # fmt: skip


@functools.cache
def _path() -> re.Pattern[str]:
    """Return all paths of the table as one pattern; only names that may fit ask for it."""
    rows = (f"(?P<k{number}>{'|'.join(row[2])})" for number, row in enumerate(_TABLE))
    return re.compile("(?:^|/)(?:" + "|".join(rows) + r")\Z")


# What every path of the table ends in or holds: most files of a repository are none of them.
_ENDS = (
    ".json", ".jsonc", ".yml", ".yaml", ".toml", ".md", ".mdc", ".mdx", ".markdown", ".mkd",
    "rules", ".code-workspace", ".conf", ".ini", ".npmrc", ".pypirc", ".txt", "gitconfig",
    ".gitmodules",
    ".gitattributes", ".goosehints", ".git/config",
)  # fmt: skip
_HOLDS = ("githooks/", "hooks/", "husky/")
_CODE = frozenset(
    b"py pyw js jsx mjs cjs ts tsx mts cts vue svelte astro go rb rs java kt kts groovy gradle "
    b"c cc cpp h hpp cs php pl pm sh bash zsh fish ksh ps1 psm1 bat cmd lua r jl swift scala "
    b"ex exs clj dart zig nim mk cmake nix tcl ipynb".split()
)
_SCRIPT = frozenset(b"js jsx mjs cjs ts tsx mts cts vue svelte astro".split())
_INSTALL_NAMES = frozenset(
    b"setup.py build.rs conftest.py makefile gnumakefile sitecustomize.py hatch_build.py "
    b"extconf.rb binding.gyp".split()
)
_INSTALL_STEMS = (b"preinstall.", b"postinstall.", b"pre-install.", b"post-install.")
#: Folders whose files an agent or editor obeys: a link there leads it elsewhere.
_FOLDERS = frozenset(
    b".claude .cursor .codex .gemini .windsurf .vscode .devcontainer .roo .clinerules .kiro "
    b".amazonq .agents".split()
)


def kind_of(path: bytes) -> Kind | None:
    """Return the kind of a file by its path, None where no program of the table reads it."""
    name = path.decode("utf-8", "replace").lower()
    if not name.endswith(_ENDS) and not any(part in name for part in _HOLDS):
        return None
    found = _path().search(name)
    if found is None or found.lastgroup is None:
        return None
    row = _TABLE[int(found.lastgroup[1:])]
    return Kind(row[0], row[1])


def _name(path: bytes) -> bytes:
    return path.rpartition(b"/")[2].lower()


def is_code(path: bytes) -> bool:
    """Whether somebody runs or compiles the file, by its name (a Makefile has no suffix)."""
    name = _name(path)
    return b"." not in name or name.rpartition(b".")[2] in _CODE


def is_script(path: bytes) -> bool:
    """Whether the file is JavaScript, TypeScript or holds it."""
    return _name(path).rpartition(b".")[2] in _SCRIPT


def runs_at_install(path: bytes) -> bool:
    """Whether installing or building runs the file without anybody calling it."""
    name = _name(path)
    return name in _INSTALL_NAMES or name.startswith(_INSTALL_STEMS) or name.endswith(b".pth")


def in_agent_folder(path: bytes) -> bool:
    """Whether the file lies in a folder that an agent or editor reads its orders from."""
    return not _FOLDERS.isdisjoint(path.lower().split(b"/")[:-1])

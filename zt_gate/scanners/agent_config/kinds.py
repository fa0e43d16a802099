"""What a path says: which program reads the file as configuration, and how.

Names are compared without case: file systems of editors' users often are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Reader = Literal["json", "jsonc", "yaml", "toml", "ini", "front", "attributes", "text"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: the name that rules use, and the syntax its own reader accepts."""

    name: str
    reader: Reader


#: Kind, reader, and a pattern for the path in lower case after a slash.  The first that fits counts.
_TABLE: tuple[tuple[str, Reader, str], ...] = (
    ("claude-settings", "json", r"\.claude/settings(?:\.local)?\.json|managed-settings\.json"),
    ("mcp", "jsonc", r"\.vscode/mcp\.json|\.cursor/mcp\.json|\.zed/mcp\.json"),
    ("mcp", "json", r"\.?mcp\.json|\.roo/mcp\.json|(?:cline_)?mcp_(?:settings|config)\.json"
                    r"|claude_desktop_config\.json|\.amazonq/[\w./-]{1,80}\.json"),
    ("claude-plugin", "json", r"\.claude-plugin/(?:plugin|marketplace)\.json"),
    ("hooks", "json", r"\.(?:cursor|codex|windsurf|claude|gemini)/hooks\.json|hooks/hooks\.json"
                      r"|\.github/hooks/[^/]{1,200}\.json|\.github/copilot/hooks\.json"),
    ("cursor", "jsonc", r"\.cursor/(?:cli|permissions|environment|worktrees|sandbox)\.json"),
    ("gemini-settings", "jsonc", r"\.(?:gemini|qwen)/settings\.json"),
    ("gemini-command", "toml", r"\.(?:gemini|qwen)/commands/[^\n]{1,300}\.toml"),
    ("codex-config", "toml", r"\.codex/config\.toml"),
    ("opencode", "jsonc", r"opencode\.jsonc?|\.opencode/[\w-]{1,60}\.jsonc?"),
    ("zed", "jsonc", r"\.zed/settings\.json"),
    ("aider", "yaml", r"\.aider\.conf\.yml"),
    ("vscode-settings", "jsonc", r"\.vscode/settings\.json|[^/]{1,200}\.code-workspace"),
    ("vscode-tasks", "jsonc", r"\.vscode/tasks\.json|\.zed/tasks\.json"),
    ("devcontainer", "jsonc", r"\.?devcontainer\.json"),
    ("package-json", "json", r"package\.json"),
    ("npmrc", "ini", r"\.npmrc"),
    ("pypirc", "ini", r"\.pypirc"),
    ("pip-conf", "ini", r"pip\.(?:conf|ini)"),
    ("uv-toml", "toml", r"uv\.toml"),
    ("pyproject", "toml", r"pyproject\.toml"),
    ("yarnrc", "yaml", r"\.yarnrc\.yml"),
    ("bunfig", "toml", r"\.?bunfig\.toml"),
    ("gitconfig", "ini", r"\.?gitconfig|\.git/config"),
    ("gitmodules", "ini", r"\.gitmodules"),
    ("gitattributes", "attributes", r"\.gitattributes"),
    ("git-hook", "text", r"\.(?:git)?-?(?:hooks|husky)/[^\n]{1,200}|githooks/[^/\n]{1,80}"),
    ("workflow", "yaml", r"\.github/workflows/[^/\n]{1,200}\.ya?ml|action\.ya?ml"),
    ("agent-command", "front", r"(?:skill|[^/\n]{1,100}\.prompt)\.md"
                               r"|\.(?:claude|codex|opencode|agents|cursor|gemini|qwen|windsurf|roo|kiro)/"
                               r"(?:commands?|skills|prompts|workflows)/[^\n]{1,300}\.md"),
    ("agent-definition", "front", r"\.(?:claude|opencode|cursor|github|gemini|codex)/agents?/[^\n]{1,300}\.md"
                                  r"|[^/\n]{1,100}\.(?:agent|chatmode)\.md"),
    ("agent-rules", "text", r"(?:agents?|claude|gemini|codex|qwen|copilot-instructions|conventions)(?:\.local|"
                            r"\.override)?\.md|\.(?:cursor|windsurf|cline|roo|goose)rules|\.goosehints"
                            r"|\.(?:clinerules|cursor/rules|windsurf/rules|roo/rules[\w-]{0,40}|amazonq/rules"
                            r"|kiro/steering|github/instructions|claude)/[^\n]{1,300}\.(?:md|mdc|txt)"),
    ("markdown", "text", r"[^/\n]{1,200}\.(?:md|mdx|markdown|mkd)"),
)  # fmt: skip

_KINDS = {f"k{number}": Kind(name, reader) for number, (name, reader, _) in enumerate(_TABLE)}
_PATH = re.compile(
    "(?:^|/)(?:" + "|".join(f"(?P<k{n}>{row[2]})" for n, row in enumerate(_TABLE)) + r")\Z"
)
# What every path of the table holds: most files of a repository are none of them.
_QUICK = re.compile(
    r"\.(?:json|jsonc|ya?ml|toml|md|mdc|mdx|markdown|mkd|code-workspace|conf|ini|npmrc|pypirc|txt"
    r"|gitconfig|gitmodules|gitattributes|\w{4,8}rules|goosehints)\Z"
    r"|(?:^|/)(?:gitconfig\Z|\.git/config|githooks/|\.(?:git)?-?(?:hooks|husky)/)"
)
_CODE = frozenset(
    "py pyw js jsx mjs cjs ts tsx mts cts vue svelte astro go rb rs java kt kts groovy gradle c cc cpp h "
    "hpp cs php pl pm sh bash zsh fish ksh ps1 psm1 bat cmd lua r jl swift scala ex exs clj dart zig nim mk"
    " cmake nix tcl ipynb".split()
)
_CODE_NAMES = frozenset(
    [
        "makefile",
        "gnumakefile",
        "dockerfile",
        "containerfile",
        "justfile",
        "rakefile",
        "jenkinsfile",
    ]
)
_SCRIPT = frozenset("js jsx mjs cjs ts tsx mts cts vue svelte astro".split())
_INSTALL = re.compile(
    r"(?:^|/)(?:setup\.py|build\.rs|conftest\.py|(?:gnu)?makefile|sitecustomize\.py|hatch_build\.py"
    r"|extconf\.rb|(?:scripts?/)?(?:pre|post)-?install\.\w{1,4}|binding\.gyp|[^/]{1,80}\.pth)\Z"
)
#: Folders whose files an agent or editor obeys: a link there leads it elsewhere.
_FOLDER = re.compile(
    r"(?:^|/)\.(?:claude|cursor|codex|gemini|windsurf|vscode|devcontainer|roo|clinerules|kiro|amazonq|agents)/"
)


def kind_of(path: bytes) -> Kind | None:
    """Return the kind of a file by its path, None where no program of the table reads it."""
    name = path.decode("utf-8", "replace").lower()
    if _QUICK.search(name) is None:
        return None
    found = _PATH.search(name)
    return _KINDS[found.lastgroup] if found is not None and found.lastgroup else None


def _suffix(path: bytes) -> str:
    return path.rpartition(b"/")[2].decode("utf-8", "replace").lower().rpartition(".")[2]


def is_code(path: bytes) -> bool:
    """Whether somebody runs or compiles the file, by its name."""
    name = path.rpartition(b"/")[2].decode("utf-8", "replace").lower()
    return _suffix(path) in _CODE or name in _CODE_NAMES or "." not in name


def is_script(path: bytes) -> bool:
    """Whether the file is JavaScript, TypeScript or holds it."""
    return _suffix(path) in _SCRIPT


def runs_at_install(path: bytes) -> bool:
    """Whether installing or building runs the file without anybody calling it."""
    return _INSTALL.search(path.decode("utf-8", "replace").lower()) is not None


def in_agent_folder(path: bytes) -> bool:
    """Whether the file lies in a folder that an agent or editor reads its orders from."""
    return _FOLDER.search(path.decode("utf-8", "replace").lower()) is not None

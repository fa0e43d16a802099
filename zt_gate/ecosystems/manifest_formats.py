"""Which format a path has: by name alone, without loading any reader.

Both the scanner's first look and ``manifests.reader_for`` ask here, so that the
first look can miss nothing.  A format is the name of a module in ``manifests``.
"""

from __future__ import annotations

_NAMES: dict[bytes, str] = {
    b"pyproject.toml": "pyproject",
    b"setup.cfg": "setup_cfg",
    b"pipfile": "pipfile",
    b"pipfile.lock": "pipfile_lock",
    b"uv.lock": "toml_lock",
    b"poetry.lock": "toml_lock",
    b"pdm.lock": "toml_lock",
    b"pylock.toml": "toml_lock",
    b"cargo.lock": "toml_lock",
    b"tox.ini": "tox_ini",
    b"package.json": "package_json",
    b".npmrc": "npmrc",
    b"package-lock.json": "package_lock",
    b"npm-shrinkwrap.json": "package_lock",
    b"yarn.lock": "yarn_lock",
    b"pnpm-lock.yaml": "pnpm_lock",
    b"pnpm-workspace.yaml": "pnpm_workspace",
    b"bun.lock": "bun_lock",
    b"deno.json": "deno",
    b"deno.jsonc": "deno",
    b"import_map.json": "deno",
    b"cargo.toml": "cargo",
    b"go.mod": "go_mod",
    b"go.sum": "go_sum",
    b"gemfile": "gemfile",
    b"gems.rb": "gemfile",
    b"gemfile.lock": "gemfile_lock",
    b"gems.locked": "gemfile_lock",
    b"composer.json": "composer",
    b"composer.lock": "composer_lock",
    b"pom.xml": "maven",
    b"build.gradle": "gradle",
    b"build.gradle.kts": "gradle",
    b"libs.versions.toml": "gradle_catalog",
    b"directory.packages.props": "nuget",
    b"directory.build.props": "nuget",
    b"packages.config": "nuget",
    b".pre-commit-config.yaml": "pre_commit",
    b".pre-commit-config.yml": "pre_commit",
    b".pre-commit-hooks.yaml": "pre_commit",
    b".mcp.json": "mcp",
    b"mcp.json": "mcp",
    b"mcp_config.json": "mcp",
    b"mcp_settings.json": "mcp",
    b"cline_mcp_settings.json": "mcp",
    b"claude_desktop_config.json": "mcp",
    b".claude.json": "mcp",
    b"opencode.json": "mcp",
    b"devcontainer.json": "devcontainer",
    b".devcontainer.json": "devcontainer",
    b"action.yml": "workflow",
    b"action.yaml": "workflow",
    b".gitlab-ci.yml": "workflow",
    b".gitlab-ci.yaml": "workflow",
    b"azure-pipelines.yml": "workflow",
    b"azure-pipelines.yaml": "workflow",
    b"bitbucket-pipelines.yml": "workflow",
    b".travis.yml": "workflow",
    b"appveyor.yml": "workflow",
    b".appveyor.yml": "workflow",
    b"cloudbuild.yaml": "workflow",
    b"buildspec.yml": "workflow",
    b".readthedocs.yaml": "workflow",
    b".readthedocs.yml": "workflow",
    b"docker-compose.yml": "workflow",
    b"docker-compose.yaml": "workflow",
    b"compose.yml": "workflow",
    b"compose.yaml": "workflow",
    b"taskfile.yml": "workflow",
    b"taskfile.yaml": "workflow",
    b"makefile": "shell",
    b"gnumakefile": "shell",
    b"justfile": "shell",
    b".justfile": "shell",
    b"procfile": "shell",
    b"jenkinsfile": "shell",
    b"vagrantfile": "shell",
    b".envrc": "shell",
    b"dockerfile": "dockerfile",
    b"containerfile": "dockerfile",
}
_SUFFIXES: dict[bytes, str] = {
    b"csproj": "nuget",
    b"fsproj": "nuget",
    b"vbproj": "nuget",
    b"ipynb": "notebook",
    b"py": "python",
    b"pyi": "python",
    b"pyw": "python",
    b"js": "javascript",
    b"mjs": "javascript",
    b"cjs": "javascript",
    b"jsx": "javascript",
    b"ts": "javascript",
    b"mts": "javascript",
    b"cts": "javascript",
    b"tsx": "javascript",
    b"vue": "javascript",
    b"svelte": "javascript",
    b"sh": "shell",
    b"bash": "shell",
    b"zsh": "shell",
    b"ksh": "shell",
    b"fish": "shell",
    b"ps1": "shell",
    b"bat": "shell",
    b"cmd": "shell",
    b"mk": "shell",
    b"dockerfile": "dockerfile",
    b"containerfile": "dockerfile",
    b"gradle": "gradle",
    b"md": "prose",
    b"mdx": "prose",
    b"mdc": "prose",
    b"markdown": "prose",
    b"rst": "prose",
    b"gemspec": "gemfile",
}
_REQUIREMENTS = (b".txt", b".in", b".pip")
_SHORT = frozenset((b"req", b"reqs", b"requires", b"deps", b"dev-deps", b"test-deps"))
_FOLDERS = frozenset((b"requirements", b"reqs", b"constraints"))
_MCP_FOLDERS = frozenset((b".cursor", b".vscode", b".gemini", b".claude", b".roo", b".kiro",
                          b".windsurf", b".codex", b".amazonq", b".continue"))  # fmt: skip

#: Formats of files that are no manifests: only what was added decides whether they
#: are read, and what cannot be parsed in them is listed and does not block.
SOFT = frozenset(
    ("python", "javascript", "notebook", "prose", "shell", "dockerfile", "workflow", "devcontainer")
)


def format_of(path: bytes) -> str | None:
    """Return the format of the file at ``path`` (in git's form), None for any other file."""
    *folders, name = path.lower().split(b"/")
    if b"node_modules" in folders:
        return None  # what is vendored is not installed from
    found = _NAMES.get(name)
    if found is None and name.endswith(_REQUIREMENTS):
        found = _requirements(name, folders)
    if found is None:
        found = _patterned(name, folders)
    return found


def _requirements(name: bytes, folders: list[bytes]) -> str | None:
    stem = name.rpartition(b".")[0]
    if folders and folders[-1].endswith(b".egg-info"):
        return None  # what a build wrote, in a form of its own
    if b"requirement" in stem or b"constraint" in stem or stem in _SHORT:
        return "requirements"
    return "requirements" if folders and folders[-1] in _FOLDERS else None


def _patterned(name: bytes, folders: list[bytes]) -> str | None:
    if name == b"setup.py":
        return "setup_py"
    stem, dot, suffix = name.rpartition(b".")
    if suffix in {b"yml", b"yaml"}:
        return _yaml(stem, folders)
    if suffix in {b"json", b"toml"}:
        return _settings(stem, suffix, folders)
    if dot and suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if name.startswith((b"dockerfile.", b"containerfile.")):
        return "dockerfile"
    if name.startswith((b"makefile.", b"readme.")):
        return "prose" if name.startswith(b"r") else "shell"
    return None if dot else "shell"  # hooks and scripts: their first line tells


def _yaml(stem: bytes, folders: list[bytes]) -> str | None:
    if folders[-2:] == [b".github", b"workflows"] or folders[-1:] in ([b".circleci"], [b".gitlab"]):
        return "workflow"
    conda = stem.startswith((b"environment", b"conda")) or stem.endswith((b"environment", b"-env"))
    return "conda" if conda else None


def _settings(stem: bytes, suffix: bytes, folders: list[bytes]) -> str | None:
    if suffix == b"toml":
        if stem.startswith(b"pylock."):
            return "toml_lock"
        return "mcp" if folders[-1:] == [b".codex"] else None
    if folders[:1] == [b".devcontainer"] or folders[-1:] == [b".devcontainer"]:
        return "devcontainer"
    if (folders and folders[-1] in _MCP_FOLDERS) or b"mcp" in stem.split(b"-") + stem.split(b"_"):
        return "mcp"
    return None

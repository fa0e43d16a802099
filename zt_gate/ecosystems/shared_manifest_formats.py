"""Formats of files that name packages of several ecosystems: workflows, scripts, prose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.base import ManifestFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

# Suffixes of data files.
_STRUCTURED = (b".yml", b".yaml", b".json", b".toml")
_MCP_FOLDERS = frozenset(
    (
        b".cursor",
        b".vscode",
        b".gemini",
        b".claude",
        b".roo",
        b".kiro",
        b".windsurf",
        b".codex",
        b".amazonq",
        b".continue",
    )
)


def is_workflow_folder(folders: Sequence[bytes]) -> bool:
    """Return whether YAML files in the last of these folders are workflows."""
    if tuple(folders[-2:]) == (b".github", b"workflows"):
        return True
    return bool(folders) and folders[-1] in {b".circleci", b".gitlab"}


def _is_workflow(name: bytes, folders: Sequence[bytes]) -> bool:
    return name.endswith((b".yml", b".yaml")) and is_workflow_folder(folders)


def _is_devcontainer(name: bytes, folders: Sequence[bytes]) -> bool:
    is_in_folder = b".devcontainer" in {*folders[:1], *folders[-1:]}
    return name.endswith(b".json") and is_in_folder


def _is_mcp(name: bytes, folders: Sequence[bytes]) -> bool:
    stem, _, suffix = name.rpartition(b".")
    parent = folders[-1] if folders else b""
    if suffix == b"toml":
        return parent == b".codex"
    if suffix != b"json":
        return False
    return parent in _MCP_FOLDERS or b"mcp" in stem.split(b"-") + stem.split(b"_")


def _is_dockerfile(name: bytes, folders: Sequence[bytes]) -> bool:  # noqa: ARG001 - part of the matcher signature
    has_usual_name = name.startswith((b"dockerfile.", b"containerfile."))
    return has_usual_name and not name.endswith(_STRUCTURED)


def _is_readme(name: bytes, folders: Sequence[bytes]) -> bool:  # noqa: ARG001 - part of the matcher signature
    return name.startswith(b"readme.") and not name.endswith(_STRUCTURED)


def _is_script(name: bytes, folders: Sequence[bytes]) -> bool:  # noqa: ARG001 - part of the matcher signature
    # Hooks and scripts often have no suffix; the reader checks their first line.
    is_makefile = name.startswith(b"makefile.") and not name.endswith(_STRUCTURED)
    return is_makefile or b"." not in name


#: The order decides which format is tried first for a path that several match.
FORMATS: tuple[ManifestFormat, ...] = (
    ManifestFormat(
        "pre_commit",
        (
            b".pre-commit-config.yaml",
            b".pre-commit-config.yml",
            b".pre-commit-hooks.yaml",
        ),
        role="versions",
    ),
    ManifestFormat(
        "workflow",
        (
            b"action.yml",
            b"action.yaml",
            b".gitlab-ci.yml",
            b".gitlab-ci.yaml",
            b"azure-pipelines.yml",
            b"azure-pipelines.yaml",
            b"bitbucket-pipelines.yml",
            b".travis.yml",
            b"appveyor.yml",
            b".appveyor.yml",
            b"cloudbuild.yaml",
            b"buildspec.yml",
            b".readthedocs.yaml",
            b".readthedocs.yml",
            b"docker-compose.yml",
            b"docker-compose.yaml",
            b"compose.yml",
            b"compose.yaml",
            b"taskfile.yml",
            b"taskfile.yaml",
        ),
        matches=_is_workflow,
        role="text",
        marks=(b"run:", b"|", b">", b"*", b"&"),
    ),
    ManifestFormat(
        "devcontainer",
        (b"devcontainer.json", b".devcontainer.json"),
        matches=_is_devcontainer,
        role="text",
    ),
    ManifestFormat(
        "mcp",
        (
            b".mcp.json",
            b"mcp.json",
            b"mcp_config.json",
            b"mcp_settings.json",
            b"cline_mcp_settings.json",
            b"claude_desktop_config.json",
            b".claude.json",
            b"opencode.json",
        ),
        matches=_is_mcp,
        role="settings",
    ),
    ManifestFormat(
        "notebook",
        suffixes=(b"ipynb",),
        role="text",
        marks=(b"import", b"cell_type", b"%", b"!"),
    ),
    ManifestFormat(
        "dockerfile",
        (b"dockerfile", b"containerfile"),
        (b"dockerfile", b"containerfile"),
        matches=_is_dockerfile,
        role="text",
    ),
    ManifestFormat(
        "prose",
        suffixes=(b"md", b"mdx", b"mdc", b"markdown", b"rst"),
        matches=_is_readme,
        role="text",
        marks=(b"```", b"~~~", b"::", b"code-block"),
    ),
    ManifestFormat(
        "shell",
        (
            b"makefile",
            b"gnumakefile",
            b"justfile",
            b".justfile",
            b"procfile",
            b"jenkinsfile",
            b"vagrantfile",
            b".envrc",
        ),
        (b"sh", b"bash", b"zsh", b"ksh", b"fish", b"ps1", b"bat", b"cmd", b"mk"),
        matches=_is_script,
        role="text",
        marks=(b"<<", b"\\"),
    ),
)

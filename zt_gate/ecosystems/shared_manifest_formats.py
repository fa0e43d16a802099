"""Formats of files that name packages of several ecosystems: workflows, scripts, prose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.base import ManifestFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

# Suffixes of data files.
_STRUCTURED = (b".yml", b".yaml", b".json", b".toml")
_DOCUMENT_SUFFIXES = frozenset(
    (b"md", b"txt", b"py", b"js", b"ts", b"go", b"rst", b"sh")
)
_DOCKERFILE_STEMS = tuple(
    stem + separator
    for stem in (b"dockerfile", b"containerfile")
    for separator in (b".", b"-", b"_")
)
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


# Folders of CI systems: every YAML file below one is read.
_CI_FOLDERS = frozenset(
    (b".circleci", b".gitlab", b".buildkite", b".woodpecker", b".semaphore", b".drone", b".tekton",
     b".azure-pipelines", b".azuredevops", b".azure-devops", b".pipelines", b".harness", b".ci")
)  # fmt: skip
_FORGE_FOLDERS = frozenset((b".github", b".forgejo", b".gitea"))
# Beginnings and ends of names that CI systems and other tools give to several files.
_WORKFLOW_STEMS = (
    b".gitlab-ci",
    b"azure-pipelines",
    b"bitbucket-pipelines",
    b"docker-compose",
    b"compose",
    b"taskfile",
    b"cloudbuild",
    b"buildspec",
)


def is_workflow_folder(folders: Sequence[bytes]) -> bool:
    """Return whether YAML files in the last of these folders are workflows."""
    if folders[-1:] == [b"workflows"] and not _FORGE_FOLDERS.isdisjoint(folders[-2:-1]):
        return True
    return not _CI_FOLDERS.isdisjoint(folders)


def _is_workflow(name: bytes, folders: Sequence[bytes]) -> bool:
    stem, _, suffix = name.rpartition(b".")
    if suffix not in {b"yml", b"yaml"}:
        return False
    has_usual_name = stem.endswith(b".gitlab-ci") or any(
        stem.startswith(word) and stem[len(word) : len(word) + 1] in {b".", b"-", b"_"}
        for word in _WORKFLOW_STEMS
    )
    return has_usual_name or is_workflow_folder(folders)


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
    has_usual_name = name.startswith(_DOCKERFILE_STEMS) and (
        name.rpartition(b".")[2] not in _DOCUMENT_SUFFIXES
    )
    return has_usual_name and not name.endswith(_STRUCTURED)


def _is_readme(name: bytes, folders: Sequence[bytes]) -> bool:  # noqa: ARG001 - part of the matcher signature
    return name.startswith(b"readme.") and not name.endswith(_STRUCTURED)


def _is_kotlin_script(name: bytes, folders: Sequence[bytes]) -> bool:  # noqa: ARG001 - part of the matcher signature
    return name.endswith(b".kts")  # those of Gradle have their own format


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
            b".drone.yml",
            b".drone.yaml",
            b".woodpecker.yml",
            b".woodpecker.yaml",
            b".cirrus.yml",
            b".gitpod.yml",
            b"lefthook.yml",
            b"lefthook.yaml",
            b".lefthook.yml",
            b".lefthook.yaml",
            b"lefthook-local.yml",
            b".lefthook-local.yml",
            b"wercker.yml",
            b"codemagic.yaml",
            b"bitrise.yml",
            b"amplify.yml",
            b"render.yaml",
            b"heroku.yml",
        ),
        matches=_is_workflow,
        role="text",
        marks=(b"run:", b"|", b">", b"*", b"&", b"image", b"container", b"services"),
    ),
    ManifestFormat(
        "devcontainer",
        (b"devcontainer.json", b".devcontainer.json"),
        matches=_is_devcontainer,
        role="text",
        marks=(b"image", b"/", b"extensions", b"."),
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
    ManifestFormat("mise", (b"mise.toml", b".mise.toml"), role="versions"),
    ManifestFormat(
        "script_packages",
        suffixes=(
            *(b"cs", b"csx", b"fsx", b"dib", b"java", b"kt", b"groovy", b"gvy"),
            *(b"jsh", b"scala", b"sc", b"sbt", b"rs", b"rb"),
        ),
        matches=_is_kotlin_script,
        role="text",
        marks=(
            b"#:",
            b"#r",
            b"//DEPS",
            b"@Grab",
            b"DependsOn",
            b"//>",
            b"ivy",
            b"mvn",
            b" % ",
            b" %% ",
            b"---",
            b"bundler",
            b"gem ",
        ),
    ),
    ManifestFormat(
        "notebook",
        suffixes=(b"ipynb",),
        role="text",
        marks=(b"import", b"cell_type", b"%", b"!"),
    ),
    ManifestFormat(
        "dockerfile",
        (b"dockerfile", b"containerfile", b"earthfile"),
        (b"dockerfile", b"containerfile"),
        matches=_is_dockerfile,
        role="text",
        marks=(b"FROM", b"from", b"From", b"syntax"),
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

"""What a file is for, by its path: where checks run, where hooks stand, what is code."""

from __future__ import annotations

import functools
import re

# Only in these places does a forge or a build system read them.
_CI = (
    r"\A\.github/workflows/[^/]{1,200}\.ya?ml", r"\A\.github/actions/.{1,300}",
    r"(?:^|/)action\.ya?ml", r"\A\.gitlab-ci\.yml", r"\A\.gitlab/.{1,300}\.ya?ml",
    r"(?:^|/)azure-pipelines[^/]{0,100}\.ya?ml", r"\A\.azure-pipelines/.{1,300}\.ya?ml",
    r"\Abitbucket-pipelines\.yml", r"(?:^|/)Jenkinsfile[^/]{0,100}", r"\A\.travis\.yml",
    r"\A\.circleci/.{1,300}\.ya?ml", r"\A\.buildkite/.{1,300}", r"\A\.drone\.ya?ml",
    r"\A\.woodpecker.{0,300}\.ya?ml", r"\A\.ci/.{1,300}", r"\A\.tekton/.{1,300}",
    r"(?:^|/)cloudbuild\.ya?ml", r"\A\.?appveyor\.yml",
)  # fmt: skip
_HOOKS = (
    r"\A\.pre-commit-(?:config|hooks)\.ya?ml", r"\A\.?lefthook(?:-local)?\.(?:ya?ml|toml|jsonc?)",
    r"(?:^|/)\.?(?:husky|git-?hooks|hooks)/.{1,200}", r"\A\.overcommit\.yml",
    r"\A\.?simple-git-hooks\.(?:c?js|json)",
)  # fmt: skip
_SCRIPTS = (
    r"[^/]\.(?:sh|bash|zsh|fish|ksh|ps1|bat|cmd|mk)",
    r"(?:^|/)(?:(?:GNU)?[Mm]akefile|[Jj]ustfile|\.justfile|Taskfile\.ya?ml|package\.json)",
    r"(?:^|/)(?:tox\.ini|noxfile\.py|tasks\.py|Rakefile|Earthfile|[Dd]ockerfile)",
)  # fmt: skip
_PROGRAMS = (
    r"\.(?:pyw?|[cm]?[jt]sx?|go|rb|rs|java|kts?|groovy|scala|c|cc|cpp|h|hpp|cs|php|pl|pm|swift)",
    r"\.(?:lua|ex|exs|dart|nim|zig|vue|svelte|gradle|sql|html?|sh|bash|zsh|ps1|bat|mk)",
    r"(?:^|/)(?:[Dd]ockerfile|Containerfile|(?:GNU)?[Mm]akefile|[Jj]ustfile)(?:\.[\w-]{1,40})?",
    r"(?:^|/)\.env(?:\.[\w-]{1,40})?",
)  # fmt: skip
_CODE = (
    *_PROGRAMS,
    r"\.(?:ya?ml|toml|json[c5]?|tf|hcl|ini|cfg|conf|env|xml|properties)",
)


@functools.cache
def _pattern(rows: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("(?:" + "|".join(rows) + r")\Z")


def _fits(rows: tuple[str, ...], path: bytes) -> bool:
    return _pattern(rows).search(path.decode("utf-8", "replace")) is not None


def is_ci(path: bytes) -> bool:
    """Whether a forge or build system reads the file to know what to run."""
    return _fits(_CI, path)


def is_hook(path: bytes) -> bool:
    """Whether the file says what runs at a commit."""
    return _fits(_HOOKS, path)


def is_script(path: bytes) -> bool:
    """Whether the file is made of commands."""
    return _fits(_SCRIPTS, path)


def is_code(path: bytes) -> bool:
    """Whether a program reads the file, so that a scanner's mark in it has an effect."""
    return _fits(_CODE, path) or is_hook(path) or is_ci(path)


def is_program(path: bytes) -> bool:
    """Whether the file is run or compiled, and no data, which may quote anything."""
    return _fits(_PROGRAMS, path) or runs_checks(path)


def is_make(path: bytes) -> bool:
    """Whether a dash at the start of a command means that its failure does not count."""
    return path.rpartition(b"/")[2].lower() in {b"makefile", b"gnumakefile"} or path.endswith(
        b".mk"
    )


def runs_checks(path: bytes) -> bool:
    """Whether checks are started from the file."""
    return is_ci(path) or is_hook(path) or is_script(path)

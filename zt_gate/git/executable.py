"""Which git is started, and with which environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError
from zt_gate.system import process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_FORCED = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_GRAFT_FILE": "/dev/null",
    "LC_ALL": "C",
}

# Which index, which repository: `git commit FILE` and `git commit -a` give their
# hook another index.  HOME and XDG_CONFIG_HOME lead to the user's own settings,
# where safe.directory stands.
_KEPT = (
    "GIT_INDEX_FILE", "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM", "HOME", "XDG_CONFIG_HOME",
)  # fmt: skip

#: What belongs to one repository and must not reach another one inside it.
REPOSITORY = frozenset(_KEPT) - {"HOME", "XDG_CONFIG_HOME"}

# Git goes to the top of the work tree by itself; these are relative to where it starts.
_RELATIVE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR")


def find_git(environ: Mapping[str, str], outside: Sequence[str]) -> str:
    """Return git's absolute path from PATH; entries inside ``outside`` do not count.

    A program called git in the scanned folder must never run.  Raises GitError.
    """
    for entry in _search_path(environ, outside).split(os.pathsep):
        found = os.path.join(entry, "git")
        if entry and os.path.isfile(found) and os.access(found, os.X_OK):
            real = os.path.realpath(found)
            if not any(inside(real, folder) for folder in outside):
                return found
    raise GitError("git was not found on PATH outside the folder that is scanned")


def _search_path(environ: Mapping[str, str], outside: Sequence[str]) -> str:
    entries = process.safe_search_path(environ.get("PATH", os.defpath)).split(
        os.pathsep
    )
    return os.pathsep.join(
        entry
        for entry in entries
        if not any(inside(os.path.realpath(entry), folder) for folder in outside)
    )


def inside(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def scanned_folders(cwd: Path, environ: Mapping[str, str]) -> list[str]:
    """Return the folders that may be scanned from ``cwd``, before git has said which.

    A repository at the root of the file system does not count: nothing lies
    outside it.
    """
    here = os.path.realpath(cwd)
    folders = [here]
    above = here
    while above != "/":
        if os.path.lexists(os.path.join(above, ".git")):
            folders.append(above)
        above = os.path.dirname(above)
    if "GIT_WORK_TREE" in environ:
        folders.append(os.path.realpath(os.path.join(here, environ["GIT_WORK_TREE"])))
    return [folder for folder in folders if folder != "/"]


def hardened(
    environ: Mapping[str, str], cwd: Path, outside: Sequence[str]
) -> Mapping[str, str]:
    """Return the environment that git gets, and nothing else of ``environ``."""
    child = process.scrubbed_environment(environ)
    child.update({name: environ[name] for name in _KEPT if name in environ})
    for name in _RELATIVE:
        if child.get(name):
            child[name] = os.path.join(cwd, child[name])
    child["PATH"] = _search_path(environ, outside)
    child.update(_FORCED)
    return child

"""Chooses the git executable and the environment that it runs in."""

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

# Variables that are passed on.  `git commit FILE` and `git commit -a` give their hook
# another index.  HOME and XDG_CONFIG_HOME lead to the user's own settings, which
# hold safe.directory.
_PASSED_ON = (
    "GIT_INDEX_FILE",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "HOME",
    "XDG_CONFIG_HOME",
)

#: Variables that describe one repository; git in a nested repository must not get them.
REPOSITORY_VARIABLES = frozenset(_PASSED_ON) - {"HOME", "XDG_CONFIG_HOME"}

# Paths relative to the folder that git starts in, which the gate changes.
_RELATIVE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR")


def find_git(environ: Mapping[str, str], outside: Sequence[str]) -> str:
    """Return the absolute path of git from PATH, ignoring the folders in ``outside``.

    A program named git in the scanned folder must never run.  Raises GitError.
    """
    program = find_program("git", environ, outside)
    if not program:
        raise GitError("git was not found on PATH outside the scanned folder")
    return program


def find_program(name: str, environ: Mapping[str, str], outside: Sequence[str]) -> str:
    """Return the absolute path of a program from PATH, "" if it is not outside the folders."""
    for entry in _search_path(environ, outside).split(os.pathsep):
        program = os.path.join(entry, name)
        if not entry or not os.path.isfile(program) or not os.access(program, os.X_OK):
            continue
        if not _is_in_any(os.path.realpath(program), outside):
            return program
    return ""


def _search_path(environ: Mapping[str, str], outside: Sequence[str]) -> str:
    path = process.safe_search_path(environ.get("PATH", os.defpath))
    return os.pathsep.join(
        entry
        for entry in path.split(os.pathsep)
        if not _is_in_any(os.path.realpath(entry), outside)
    )


def _is_in_any(path: str, folders: Sequence[str]) -> bool:
    return any(inside(path, folder) for folder in folders)


def inside(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def scanned_folders(cwd: Path, environ: Mapping[str, str]) -> list[str]:
    """Return the possible roots of the scan, known before git runs.

    These are ``cwd``, every folder above it with a ``.git``, and GIT_WORK_TREE.
    The root of the file system is left out: every program is below it.
    """
    start = os.path.realpath(cwd)
    folders = [start]
    folder = start
    while folder != "/":
        if os.path.lexists(os.path.join(folder, ".git")):
            folders.append(folder)
        folder = os.path.dirname(folder)
    if "GIT_WORK_TREE" in environ:
        work_tree = os.path.join(start, environ["GIT_WORK_TREE"])
        folders.append(os.path.realpath(work_tree))
    return [folder for folder in folders if folder != "/"]


def hardened_environment(
    environ: Mapping[str, str], cwd: Path, outside: Sequence[str]
) -> Mapping[str, str]:
    """Return git's complete environment, built from the safe variables of ``environ``."""
    child = process.scrubbed_environment(environ)
    child.update({name: environ[name] for name in _PASSED_ON if name in environ})
    for name in _RELATIVE:
        if child.get(name):
            child[name] = os.path.join(cwd, child[name])
    child["PATH"] = _search_path(environ, outside)
    child.update(_FORCED)
    return child

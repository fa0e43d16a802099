"""Runs GitPython's commands through ``Git.run``.

GitPython starts git with the whole environment of the process, which can hold
any GIT_* variable; callers can add variables but not remove any.  So its command
object only builds the command line, and ``Git.run`` starts it with the same
environment, switches and time limits as every other call, and no lazy fetch.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.git.run import Git

_PROGRAM = "GIT_PYTHON_GIT_EXECUTABLE"


def merge_base(git: Git, first: str, second: str) -> str:
    """Return the best common ancestor of two commits, "" if there is none; raises GitError."""
    return str(_commands(git).merge_base(first, second)).strip()


def rev_list(git: Git, *args: str) -> bytes:
    """Return the output of ``git rev-list``; raises GitError."""
    output: bytes = _commands(git).rev_list(*args, stdout_as_string=False)
    return output


def _commands(git: Git) -> Any:
    _load(git.program)
    from git.cmd import Git as GitPythonCommands

    class Hardened(GitPythonCommands):
        """Passes each command line to ``Git.run``."""

        # GitPython's other options control how it would start git: they do not apply.
        def execute(self, command: str | Sequence[Any], *_: Any, **options: Any) -> Any:
            args = [str(arg) for arg in command[1:]]
            # merge-base exits with 1 if the commits have no common ancestor.
            ok = (0, 1) if args[0] == "merge-base" else (0,)
            output = git.run(["-c", "trailer.separators=:", *args], ok=ok)
            if options.get("stdout_as_string", True):
                return output.decode("utf-8", "surrogateescape")
            return output

    return Hardened(os.fspath(git.root))


def _load(program: str) -> None:
    """Import GitPython, which runs ``git version`` once, with ``program`` as its git."""
    if "git" in sys.modules:
        return
    previous = os.environ.get(_PROGRAM)
    os.environ[_PROGRAM] = program
    try:
        import git  # noqa: F401
    finally:
        if previous is None:
            del os.environ[_PROGRAM]
        else:
            os.environ[_PROGRAM] = previous

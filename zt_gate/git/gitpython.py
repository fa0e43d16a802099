"""GitPython's commands, started by the hardened runner.

GitPython itself starts git with the whole environment of the process, in which
any GIT_* variable may stand, and lets its caller add variables but take none
away.  So its command object makes the command line, and ``Git.run`` starts it:
the same environment, switches and deadline as for every other call, and no
lazy fetch.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.git.run import Git

_PROGRAM = "GIT_PYTHON_GIT_EXECUTABLE"


def merge_base(git: Git, one: str, other: str) -> str:
    """Return the best common ancestor of two commits, "" where there is none; raises GitError."""
    return str(_commands(git).merge_base(one, other)).strip()


def rev_list(git: Git, *args: str) -> bytes:
    """Return what ``git rev-list`` prints; raises GitError."""
    listed: bytes = _commands(git).rev_list(*args, stdout_as_string=False)
    return listed


def _commands(git: Git) -> Any:
    _load(git.program)
    from git.cmd import Git as GitPythonCommands

    class Hardened(GitPythonCommands):
        """Gives each command line to ``Git.run``."""

        # GitPython's other options say how it would start git: they do not apply.
        def execute(self, command: str | Sequence[Any], *_: Any, **options: Any) -> Any:
            args = [str(arg) for arg in command[1:]]
            # 1: the two have no common ancestor.
            ok = (0, 1) if args[0] == "merge-base" else (0,)
            output = git.run(["-c", "trailer.separators=:", *args], ok=ok)
            if options.get("stdout_as_string", True):
                return output.decode("utf-8", "surrogateescape")
            return output

    return Hardened(os.fspath(git.root))


def _load(program: str) -> None:
    """Import GitPython; it runs ``git version`` once, which must be our git."""
    if "git" in sys.modules:
        return
    before = os.environ.get(_PROGRAM)
    os.environ[_PROGRAM] = program
    try:
        import git  # noqa: F401
    finally:
        if before is None:
            del os.environ[_PROGRAM]
        else:
            os.environ[_PROGRAM] = before

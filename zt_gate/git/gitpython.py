"""GitPython's command object, made to start git through the hardened runner."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.git.run import Git

_PROGRAM = "GIT_PYTHON_GIT_EXECUTABLE"


class Commands(Protocol):
    """The commands that are asked through GitPython; each raises GitError."""

    def merge_base(self, one: str, other: str) -> str:
        """Return the best common ancestor, or an empty text."""
        ...

    def rev_list(self, *args: str, stdout_as_string: bool) -> bytes:
        """Return what ``git rev-list`` prints."""
        ...


def commands(git: Git) -> Commands:
    """Return GitPython's commands for this repository."""
    _load(git.program)
    from git.cmd import Git as GitPythonCommands

    class Hardened(GitPythonCommands):
        """Takes GitPython's command line and runs it without its environment."""

        # Nothing of what GitPython would add is wanted here, so the options
        # that are not looked at are dropped on purpose.
        def execute(self, command: str | Sequence[Any], *_: Any, **options: Any) -> Any:
            args = [str(arg) for arg in command[1:]]
            ok = (0, 1) if args[0] == "merge-base" else (0,)
            output = git.run(["-c", "trailer.separators=:", *args], ok=ok)
            if options.get("stdout_as_string", True):
                return output.decode("utf-8", "surrogateescape")
            return output

    return cast(Commands, Hardened(os.fspath(git.root)))


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

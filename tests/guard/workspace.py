"""A project with a repository, a home and a session, for the guard's tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.guard.action import RunCommand
from zt_gate.guard.commands import judge_command
from zt_gate.guard.context import GuardContext
from zt_gate.guard.decision import GuardDecision, decide
from zt_gate.guard.task import built_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from zt_gate.guard.task import Task


def nothing_wrong(
    packages: Sequence[tuple[str, str, str]], _folder: str, _environ: Mapping[str, str]
) -> list[str | None]:
    """Judge packages without a registry: all are fine."""
    return ["" for _ in packages]


class Session:
    """A session of the task ``develop`` in ``root``, on the branch feature/login."""

    def __init__(self, base: Path) -> None:
        self.home = os.path.realpath(base / "home" / "dev")
        self.root = f"{self.home}/code/project"
        self.state = f"{self.home}/.local/state/zt-gate"
        self.write(f"{self.root}/.git/config", "[core]\n")
        self.write(f"{self.root}/.git/hooks/pre-commit", "#!/bin/sh\n")
        self.write(f"{self.root}/README.md", "# Project\n")
        self.write(f"{self.root}/src/app.py", "x = 1\n")
        self.write(f"{self.home}/.ssh/id_rsa", "key\n")
        self.write(f"{self.home}/notes.txt", "notes\n")
        self.write(f"{self.state}/audit.log", "log\n")

    def write(self, path: str, text: str) -> None:
        """Make a file with its folders."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def context(
        self, task: Task | str = "develop", *, asks: bool = True
    ) -> GuardContext:
        """Return the session's context with a task."""
        if isinstance(task, str):
            found = built_in(task, ("/src",) if task == "refactor" else ())
            assert found is not None
            task = found
        return GuardContext(
            self.root,
            self.home,
            task,
            {"HOME": self.home, "PATH": "/usr/local/bin:/usr/bin:/bin"},
            (self.state,),
            "feature/login",
            asks=asks,
            temporary=("/tmp/agent",),
        )

    def decide(
        self, text: str, task: Task | str = "develop", *, asks: bool = True
    ) -> GuardDecision:
        """Return the decision about a command."""
        action = RunCommand(text, self.root)
        context = self.context(task, asks=asks)
        return decide(judge_command(action, context, verifier=nothing_wrong))

    def controls(self, text: str, task: Task | str = "develop") -> set[str]:
        """Return the controls that have something against a command."""
        return {concern.control for concern in self.decide(text, task).concerns}

"""Attacks on the guard, and honest variants, judged without a client."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.guard.action import RunCommand
from zt_gate.guard.commands import judge_command
from zt_gate.guard.context import GuardContext
from zt_gate.guard.decision import Answer, decide
from zt_gate.guard.task import built_in
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.guard.decision import Concern

_FILE = "guard_cases.toml"


@dataclass(frozen=True, slots=True)
class GuardCase:
    """A command: an attack that all ``controls`` must deny; none for an honest one."""

    group: str
    command: str
    controls: tuple[str, ...] = ()

    @property
    def honest(self) -> bool:
        """Whether nothing may speak against it."""
        return not self.controls


@dataclass(frozen=True, slots=True)
class GuardCaseResult:
    """Whether a case had its expected result, and what came of it."""

    case: GuardCase
    passed: bool
    got: str


def load() -> tuple[GuardCase, ...]:
    """Return all cases."""
    text = (Path(__file__).parent / _FILE).read_text(encoding="utf-8")
    table = tomllib.loads(text)
    found = [
        GuardCase(group["group"], line)
        for group in table["honest"]
        for line in group["commands"].strip().splitlines()
    ]
    for group in table["attack"]:
        for line in group["commands"].strip().splitlines():
            controls, _, command = line.partition(" | ")
            found.append(GuardCase(group["group"], command, tuple(controls.split())))
    return tuple(found)


def play(folder: Path) -> Iterator[GuardCaseResult]:
    """Judge every case in the task ``develop``, where nobody can be asked.

    ``folder`` gets a repository and a home; no command is run.
    """
    context = context_in(folder)
    for case in load():
        yield evaluate(case, judged(case, context))


def judged(case: GuardCase, context: GuardContext) -> tuple[Concern, ...]:
    """Return what the guard says about a case; packages are not asked about."""
    action = RunCommand(case.command, context.root)
    return judge_command(action, context, verifier=_no_answers)


def _no_answers(
    packages: Sequence[tuple[str, str, str]], _folder: str, _environ: Mapping[str, str]
) -> Sequence[str | None]:
    return [None for _ in packages]


def context_in(folder: Path) -> GuardContext:
    """Return a session's surroundings: a project, and a home with the guard's files."""
    from zt_gate.drill.environment import git

    project, home = folder / "project", folder / "home"
    for path in (project, home):
        path.mkdir(parents=True)
    git(project, "init", "-q", "-b", "main")
    (project / "app.py").write_text("print(1)\n", encoding="utf-8")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "start")
    git(project, "checkout", "-q", "-b", "work")
    task = built_in("develop")
    assert task is not None
    own = (".local/state/zt-gate", ".claude", ".claude.json", ".codex")
    return GuardContext(
        root=os.path.realpath(project),
        home=os.path.realpath(home),
        task=task,
        environ={"HOME": os.path.realpath(home), "PATH": "/usr/bin:/bin"},
        own_paths=(
            *(os.path.join(os.path.realpath(home), path) for path in own),
            os.path.join(os.path.realpath(project), ".claude"),
        ),
        branch="work",
        asks=False,
        temporary=(),
    )


def evaluate(case: GuardCase, concerns: tuple[Concern, ...]) -> GuardCaseResult:
    """Compare what was found with what is expected."""
    decision = decide(concerns)
    got = ", ".join(sorted({one.control for one in concerns})) or "nothing"
    if case.honest:
        return GuardCaseResult(case, decision.answer is Answer.SILENT, got)
    denying = {one.control for one in concerns if one.answer is Answer.DENY}
    return GuardCaseResult(case, denying.issuperset(case.controls), got)

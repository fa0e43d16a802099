"""Measures the guard's judgement of commands: decisions on our cases, and CPU of cold calls.

    python -m bench.guard [--failures | --brief] [--cold N]

The cases are in ``bench/guard_cases``: commands, one a line, by kind.  A third of them,
chosen by a hash, is kept apart: ``--failures`` names only the others, so that the tables
are never adjusted to what is kept apart.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench import guard_calls
from zt_gate.guard.action import RunCommand
from zt_gate.guard.commands import judge_command
from zt_gate.guard.context import GuardContext
from zt_gate.guard.decision import Answer, decide
from zt_gate.guard.task import built_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER = Path(__file__).parent / "guard_cases"
NARROW = ("code-review", "refactor", "dependency-audit", "deploy")
#: Packages that the cases install and that exist; no registry is asked.
KNOWN = frozenset(
    (
        "requests",
        "flask",
        "pytest",
        "pip",
        "httpx",
        "typescript",
        "lodash",
        "react-query",
        "vitest",
        "serde",
        "monolog/monolog",
        "golang.org/x/sync",
        "tsc",
        "eslint",
        "prettier",
        "jest",
        "playwright",
        "prisma",
        "tsx",
        "create-vite",
        "create-next-app",
        "http-server",
        "depcheck",
        "next-app",
        "vite",
    )
)


@dataclass(frozen=True)
class CaseLine:
    """One command of a file, with its kind; ``always`` kinds are denied in every task."""

    text: str
    kind: str
    always: bool

    @property
    def kept_apart(self) -> bool:
        """Whether it is not looked at while the tables are made."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 3 == 0


def load(name: str) -> list[CaseLine]:
    """Return the commands of a file."""
    cases = []
    kind, always = "", False
    for line in (FOLDER / name).read_text("utf-8").splitlines():
        if line.startswith("## "):
            kind = line[3:]
            always = kind.startswith("always ")
            kind = kind.removeprefix("always ")
        elif line and not line.startswith("# "):
            cases.append(CaseLine(line.replace("⏎", "\n"), kind, always))
    return cases


class Workspace:
    """A project with a repository and a home, as the cases expect them."""

    def __init__(self, base: str) -> None:
        self.home = os.path.join(base, "home", "dev")
        self.root = os.path.join(self.home, "code", "project")
        own = [
            os.path.join(self.home, *parts)
            for parts in ((".local", "state", "zt-gate"), (".config", "zt-gate"))
        ]
        files = {
            f"{self.root}/.git/hooks/pre-commit": "#!/bin/sh\nexec zt-gate hook pre-commit\n",
            f"{self.root}/.git/config": "[core]\n",
            f"{self.root}/README.md": "# Project\n",
            f"{self.root}/src/app.py": "x = 1\n",
            f"{self.root}/tests/test_app.py": "",
            f"{self.root}/package.json": "{}\n",
            f"{self.root}/.claude/settings.json": "{}\n",
            f"{self.root}/.pre-commit-config.yaml": "repos: []\n",
            f"{self.home}/.ssh/id_rsa": "key\n",
            f"{self.home}/notes.txt": "notes\n",
            f"{own[0]}/audit.log": "log\n",
        }
        for path, text in files.items():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            Path(path).write_text(text)
        self.own = tuple(map(os.path.realpath, own))
        self.root = os.path.realpath(self.root)
        self.home = os.path.realpath(self.home)

    def context(self, task: str) -> GuardContext:
        """Return the context of a session in the project with a task."""
        found = built_in(task, ("/src", "/tests") if task == "refactor" else ())
        assert found is not None
        return GuardContext(
            self.root,
            self.home,
            found,
            {"HOME": self.home, "PATH": "/usr/local/bin:/usr/bin:/bin"},
            self.own,
            "feature/login",
            temporary=("/tmp",),
        )

    def text(self, case: CaseLine) -> str:
        """Return a case's command with the real folders."""
        return case.text.replace("{root}", self.root).replace("{home}", self.home)


def verifier(
    packages: Sequence[tuple[str, str, str]], _folder: str, _environ: Mapping[str, str]
) -> list[str | None]:
    """Stand in for the registries: a name that is not known does not exist."""
    return [
        "" if name in KNOWN else "there is no such package" for _, name, *_ in packages
    ]


def answer(workspace: Workspace, case: CaseLine, task: str) -> tuple[Answer, str]:
    """Return the guard's answer to a case, and the controls that gave it."""
    context = workspace.context(task)
    action = RunCommand(workspace.text(case), workspace.root)
    decision = decide(judge_command(action, context, verifier=verifier))
    controls = [
        concern.control
        for concern in decision.concerns
        if concern.answer is decision.answer
    ]
    return decision.answer, ", ".join(controls)


def wilson(hits: int, total: int) -> str:
    """Return a share in percent with its 95 % bounds."""
    if not total:
        return "-"
    z = 1.96
    share = hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = (
        z
        * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
        / (1 + z * z / total)
    )
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return f"{hits}/{total} = {100 * share:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def decisions(workspace: Workspace, *, failures: bool, brief: bool = False) -> None:
    """Print the figures, for what was looked at and for what was kept apart."""
    honest, hostile = load("honest.txt"), load("hostile.txt")
    for apart in (False, True):
        print("kept apart" if apart else "looked at")
        counts: Counter[Answer] = Counter()
        chosen = [case for case in honest if case.kept_apart is apart]
        for case in chosen:
            result, controls = answer(workspace, case, "develop")
            counts[result] += 1
            if failures and not apart and result is not Answer.SILENT:
                print(f"    honest {result}: {case.text!r}: {controls}")
        print("  develop, honest denied:", wilson(counts[Answer.DENY], len(chosen)))
        print("  develop, honest asked: ", wilson(counts[Answer.ASK], len(chosen)))
        _hostile(
            workspace,
            [case for case in hostile if case.kept_apart is apart],
            failures=failures and not apart,
            brief=brief,
        )


def _hostile(
    workspace: Workspace, cases: list[CaseLine], *, failures: bool, brief: bool
) -> None:
    missed: dict[bool, int] = defaultdict(int)
    for case in cases:
        result, controls = answer(workspace, case, "develop")
        is_missed = (
            result is not Answer.DENY if case.always else result is Answer.SILENT
        )
        missed[case.always] += is_missed
        if is_missed and not failures and not brief:
            print(f"    (one of the kind {case.kind})")
        if failures and is_missed:
            print(f"    {case.kind} {result}: {case.text!r}: {controls}")
    always = sum(case.always for case in cases)
    print(
        "  develop, always-denied kinds denied:", wilson(always - missed[True], always)
    )
    print(
        "  develop, other hostile in silence:  ",
        wilson(missed[False], len(cases) - always),
    )
    for task in NARROW:
        denied = 0
        for case in cases:
            result, _ = answer(workspace, case, task)
            denied += result is Answer.DENY
            if failures and result is not Answer.DENY:
                print(f"    {task} {result}: {case.text!r}")
        print(f"  {task}, hostile denied: {wilson(denied, len(cases))}")


def cold(workspace: Workspace, count: int) -> None:
    """Print what calls of the hook cost that each start their own Python."""
    cases = [
        case for case in load("honest.txt") if case.kind in {"git", "reading", "files"}
    ]
    chosen = [cases[number * 7 % len(cases)] for number in range(count)]
    plain = sorted(_cpu(["-c", "pass"]) for _ in range(min(count, 20)))
    print(f"Python alone: CPU p50 {plain[len(plain) // 2]:.0f} ms")
    caller = guard_calls.Caller(workspace.home, workspace.root)
    guard_calls.print_costs(caller, [workspace.text(case) for case in chosen])


def _cpu(words: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-I", *words], check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--failures", action="store_true")
    parser.add_argument(
        "--brief", action="store_true", help="only the figures, as a block of Markdown"
    )
    parser.add_argument("--cold", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as base:
        workspace = Workspace(base)
        if options.brief:
            print("```text")
        decisions(workspace, failures=options.failures, brief=options.brief)
        if options.cold:
            cold(workspace, options.cold)
        if options.brief:
            print("```")


if __name__ == "__main__":
    main()

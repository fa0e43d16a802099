"""Measures the speed of the code scanner: new content, cached content, nothing to scan.

    python bench/code_speed.py [--rounds N] [--markdown]

Each row runs ``zt-gate scan --staged --scanner code`` in a new repository: wall and CPU
seconds of the command with its children, and the seconds that the scanner reports.  The
files are modules of Python's standard library.  In rows with new content, their first
line changes in every round, so that rules are cached but results are not.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
       for what, value in (("NAME", "b"), ("EMAIL", "b@example.org"))},
}  # fmt: skip
PLAIN = "class Place{n}:\n    def __init__(self, x):\n        self.x = x + {n}\n"


@dataclass(frozen=True)
class Row:
    """One measured case: the number of files, and whether each round has new content."""

    title: str
    files: int
    is_new: bool
    could_match: bool = True


ROWS = (
    Row("1 file", 1, is_new=True),
    Row("10 files", 10, is_new=True),
    Row("50 files", 50, is_new=True),
    Row("1 file again", 1, is_new=False),
    Row("10 files again", 10, is_new=False),
    Row("50 files again", 50, is_new=False),
    Row("1 file that no rule can match", 1, is_new=True, could_match=False),
    Row("50 files that no rule can match", 50, is_new=True, could_match=False),
)


@dataclass(frozen=True)
class Cost:
    """Seconds of one run: the command's wall and CPU time, and the scanner's wall time."""

    wall: float
    cpu: float
    scanner: float
    lines: int


def git(repo: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=repo, env={**os.environ, **GIT}, check=True,
                   capture_output=True)  # fmt: skip


def modules(count: int) -> list[str]:
    """Return modules of 3 to 60 KB of the standard library, always the same ones."""
    folder = Path(sysconfig.get_path("stdlib"))
    found = [
        file
        for file in sorted(folder.glob("*.py"))
        if 3000 < file.stat().st_size < 60_000
    ]
    step = max(1, len(found) // count)
    return [file.read_text("utf-8") for file in found[::step][:count]]


def stage(repo: Path, row: Row, round_number: int) -> None:
    texts = modules(row.files) if row.could_match else [
        PLAIN.format(n=number) * 20 for number in range(row.files)
    ]  # fmt: skip
    for number, text in enumerate(texts):
        first = f"# round {round_number}\n" if row.is_new else ""
        (repo / f"module_{number}.py").write_text(first + text, "utf-8")
    git(repo, "add", "-A")


def run(repo: Path, environ: dict[str, str]) -> Cost:
    words = [sys.executable, "-m", "zt_gate", "scan", "--staged", "--scanner", "code",
             "--format", "json"]  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        words, cwd=repo, env=environ, capture_output=True, check=False
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in {0, 1}:
        raise SystemExit(
            f"exit {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}"
        )
    report = next(
        run for run in json.loads(done.stdout)["runs"] if run["scanner"] == "code"
    )
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, report["seconds"], report["inspected"]["lines"])


def measure(folder: Path, row: Row, rounds: int) -> Cost:
    """Return the medians; a first round that is not counted fills the caches."""
    repo = folder / "repo"
    repo.mkdir(parents=True)
    git(repo, "init", "-q")
    git(repo, "commit", "-q", "--allow-empty", "-m", "start")
    environ = {**os.environ, **GIT, "PYTHONPATH": str(ROOT),
               "ZT_GATE_CACHE_DIR": str(folder / "cache")}  # fmt: skip
    costs = []
    for round_number in range(rounds + 1):
        stage(repo, row, round_number)
        cost = run(repo, environ)
        if round_number:
            costs.append(cost)
    return Cost(
        median(cost.wall for cost in costs),
        median(cost.cpu for cost in costs),
        median(cost.scanner for cost in costs),
        costs[-1].lines,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="zt-gate-bench-"))
    head = ("change", "lines", "wall s", "CPU s", "scanner s")
    form = (
        "| {} | {} | {} | {} | {} |"
        if options.markdown
        else "{:34} {:>7} {:>7} {:>7} {:>9}"
    )
    print(form.format(*head))
    if options.markdown:
        print("|---|---|---|---|---|")
    try:
        for number, row in enumerate(ROWS):
            cost = measure(folder / str(number), row, options.rounds)
            figures = (f"{value:.2f}" for value in (cost.wall, cost.cpu, cost.scanner))
            print(form.format(row.title, f"{cost.lines:,}", *figures), flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

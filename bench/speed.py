"""Measures the speed of the gate, compared with other tools in the same run.

    python bench/speed.py [--rounds N] [--markdown]

CPU seconds are user and system time of the process and all its children.  Wall seconds
depend on the machine; compare ratios.
The other tools are the pre-commit hooks of detect-secrets and semgrep in sequence, with
the normal and the faster start of semgrep, and with the rules of the gate.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
       for what, value in (("NAME", "b"), ("EMAIL", "b@example.org"))},
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """Medians over the rounds, in seconds."""

    cpu: float
    wall: float


def cost(
    words: Sequence[str],
    cwd: Path,
    rounds: int,
    environ: dict[str, str],
    prepare: Callable[[], object] = lambda: None,
) -> Cost:
    """Run a command ``rounds`` times; its exit code must be 0 or 1 (findings).

    ``prepare`` is called before each, and not measured.
    """
    cpus, walls = [], []
    for round_ in range(rounds + 1):
        prepare()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        done = subprocess.run(
            words,
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        wall = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in {0, 1}:
            raise SystemExit(f"{words}: exit {done.returncode}\n{done.stderr.decode()}")
        if round_:  # the first round fills the caches
            walls.append(wall)
            cpus.append(
                after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            )
    return Cost(median(cpus), median(walls))


def git(repo: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=repo, env={**os.environ, **GIT}, check=True,
                   capture_output=True)  # fmt: skip


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "README.md").write_text("A repository.\n")
    (folder / ".secrets.baseline").write_text(
        subprocess.run([BIN / "detect-secrets", "scan", "."], cwd=folder, check=True,
                       capture_output=True, text=True).stdout)  # fmt: skip
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "start")
    return folder


def module(lines: int, seed: int = 0) -> str:
    """Return ordinary code of some length, with a few calls that scanners examine."""
    body = ["import hashlib", "import os", "", "from flask import Flask, request", "",
            "app = Flask(__name__)", ""]  # fmt: skip
    while len(body) < lines:
        n = len(body) + seed
        body += [f"def handler_{n}(value, limit={n}):", f'    """Return part {n} of a value."""',
                 f"    name = os.environ.get('NAME_{n}', str(value))",
                 "    total = hashlib.sha256(name.encode()).hexdigest()",
                 "    return total[:limit] if limit else total", ""]  # fmt: skip
    return "\n".join(body[:lines]) + "\n"


def one_file(folder: Path) -> Path:
    repo = repository(folder)
    (repo / "app.py").write_text(module(50))
    git(repo, "add", "-A")
    return repo


def plain_file(folder: Path) -> Path:
    """Stage 50 lines in which no literal of a rule of ``code`` occurs."""
    repo = repository(folder)
    body = ['"""Sums of small numbers."""', ""]
    while len(body) < 50:
        n = len(body)
        body += [f"def part_{n}(first: int, second: int = {n}) -> int:",
                 f'    """Return part {n} of a sum."""', f"    total = first + second * {n}",
                 "    return max(total, first)", ""]  # fmt: skip
    (repo / "sums.py").write_text("\n".join(body[:50]) + "\n")
    git(repo, "add", "-A")
    return repo


def typescript(folder: Path) -> Path:
    """Stage ten TypeScript files of a small web service, some 60 lines each."""
    repo = repository(folder)
    for index in range(10):
        (repo / f"items{index}.ts").write_text(router(index))
    git(repo, "add", "-A")
    return repo


def other_files(folder: Path) -> Path:
    """Stage files of the same languages and other content."""
    repo = repository(folder)
    (repo / "other.py").write_text(module(50, 1000))
    (repo / "other.ts").write_text(router(1000))
    git(repo, "add", "-A")
    return repo


def router(index: int) -> str:
    """Return a TypeScript module with seven routes."""
    lines = ['import { Router, Request, Response } from "express";',
             'import { store } from "./store";', "", "export const router = Router();"]  # fmt: skip
    for n in range(7):
        lines += [
            "",
            f"interface Item{n} {{ id: string; label?: string; size: number }}",
            "",
            f"export async function read{n}(id: string): Promise<Item{n} | undefined> {{",
            f'  const found = await store.get<Item{n}>("items{index}", id);',
            "  return found ?? undefined;",
            "}",
            "",
            f'router.get("/items{n}/:id", async (req: Request, res: Response) => {{',
            f"  const item = await read{n}(req.params.id);",
            "  res.json({ item, size: item?.size ?? 0 });",
            "});",
        ]
    return "\n".join(lines) + "\n"


def many_files(folder: Path, count: int) -> Path:
    repo = repository(folder)
    for index in range(count):
        target = repo / f"d{index % 17}" / f"m{index}.py"
        target.parent.mkdir(exist_ok=True)
        target.write_text(module(20, index))
    git(repo, "add", "-A")
    return repo


def million_lines(folder: Path) -> Path:
    repo = repository(folder)
    text = "".join(f"value_{n} = compute({n}, 'text')\n" for n in range(50_000))
    for index in range(20):
        (repo / f"m{index}.py").write_text(text)
    git(repo, "add", "-A")
    return repo


PARSE = """
import os, resource, sys, time
from pathlib import Path
def high_water():
    # On Linux, ru_maxrss can be the value of the parent, because exec keeps it.
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
bare = high_water()
from zt_gate.git.run import Git
from zt_gate.sources import staged
started = time.process_time()
change = staged.read(Git.open(Path(sys.argv[1]), os.environ))
lines = sum(1 for file in change.files for _ in file.added_lines())
peak = high_water()
print(lines, (peak - bare) / 1024, time.process_time() - started)
"""


def rules_for_semgrep(folder: Path) -> Path:
    """Write the rules of the gate as one file for semgrep, so that both do the same work."""
    from zt_gate import rulebook

    rules = [
        {"message": rule.title, **rule.data["engine"]}
        for rule in rulebook.load("code").values()
    ]
    target = folder / "rules.json"
    target.write_text(json.dumps({"rules": rules}))
    return target


PRE_COMMIT = """repos:
- repo: local
  hooks:
"""
HOOK = """  - id: {id}
    name: {id}
    entry: {entry}
    language: system
    {more}
"""


def through_pre_commit(repo: Path, hooks: Sequence[tuple[str, str, str]]) -> Path:
    text = PRE_COMMIT + "".join(HOOK.format(id=i, entry=e, more=m) for i, e, m in hooks)
    (repo / ".pre-commit-config.yaml").write_text(text)
    git(repo, "add", ".pre-commit-config.yaml")
    # Commit it alone: an ordinary commit does not bring its own hooks.
    git(repo, "commit", "-q", "-m", "hooks", "--", ".pre-commit-config.yaml")
    return repo


def measure(rounds: int, say: Callable[[str, str, str], None]) -> None:
    with tempfile.TemporaryDirectory(prefix="zt-bench-") as name:
        top = Path(name)
        environ = {**os.environ, **GIT, "HOME": name, "ZT_GATE_CACHE_DIR": f"{name}/cache",
                   "PRE_COMMIT_HOME": f"{name}/pc"}  # fmt: skip
        gate = [sys.executable, "-I", "-m", "zt_gate"]

        bare = cost([sys.executable, "-I", "-c", "pass"], top, rounds, environ)
        helped = cost([*gate, "--help"], top, rounds, environ)
        say(
            "--help, CPU above a bare interpreter",
            f"{(helped.cpu - bare.cpu) * 1000:.0f} ms",
            "60 ms",
        )

        repo = one_file(top / "one")
        direct = cost([*gate, "scan"], repo, rounds, environ)
        say(
            "one file of 50 lines, all scanners, wall", f"{direct.wall:.2f} s", "0.36 s"
        )
        say("the same, CPU", f"{direct.cpu:.2f} s", "")

        config = rules_for_semgrep(top)
        semgrep = (f"{BIN / 'semgrep'} scan {{}} --error --metrics off --disable-version-check "
                   f"--config {config}")  # fmt: skip
        secrets = (
            "detect-secrets",
            f"{BIN / 'detect-secrets-hook'} --baseline .secrets.baseline",
            "",
        )
        own = ("zt-gate", " ".join(gate) + " scan --staged",
               "always_run: true\n    pass_filenames: false")  # fmt: skip
        # A commit is new to the gate: the rules are in its cache, and no results.
        cache, primed = top / "cache", top / "primed"
        shutil.rmtree(cache, ignore_errors=True)
        cost([*gate, "scan"], other_files(top / "other"), 1, environ)
        cache.rename(primed)

        def forget() -> None:
            shutil.rmtree(cache, ignore_errors=True)
            shutil.copytree(primed, cache)

        peers = {
            "detect-secrets and semgrep": "",
            "the same, faster start": "--experimental",
        }
        kinds = {
            "one Python file of 50 lines": (one_file, "python"),
            "one without a rule's literals": (plain_file, "python"),
            "ten TypeScript files": (typescript, "ts"),
        }
        empty = through_pre_commit(
            one_file(top / "nothing"), [("true", "true", "always_run: true")]
        )
        nothing = cost([str(BIN / "pre-commit"), "run"], empty, rounds, environ)
        say("pre-commit with an empty hook, wall; CPU",
            f"{nothing.wall:.2f}; {nothing.cpu:.2f} s", "")  # fmt: skip
        for number, (kind, (make, language)) in enumerate(kinds.items()):
            hooked = through_pre_commit(make(top / f"gate{number}"), [own])
            ours = cost(
                [str(BIN / "pre-commit"), "run"], hooked, rounds, environ, forget
            )
            say(f"{kind}, through pre-commit, wall; CPU",
                f"{ours.wall:.2f}; {ours.cpu:.2f} s", "")  # fmt: skip
            for index, (label, start) in enumerate(peers.items()):
                hooks = [
                    secrets,
                    ("semgrep", semgrep.format(start), f"types: [{language}]"),
                ]
                repo = through_pre_commit(make(top / f"peer{number}-{index}"), hooks)
                peer = cost([str(BIN / "pre-commit"), "run"], repo, rounds, environ)
                say(f"… {label}, wall; CPU", f"{peer.wall:.2f}; {peer.cpu:.2f} s", "")
                say("… as a ratio to the gate, wall; CPU",
                    f"{peer.wall / ours.wall:.1f}; {peer.cpu / ours.cpu:.1f}",
                    "" if index == 0 else ("1.5", "2.0", "1.0")[number])  # fmt: skip

        many = many_files(top / "many", 300)
        # With the scanner that does least: it looks at paths.
        own_cost = cost([*gate, "scan", "--scanner", "scope"], many, rounds, environ)
        say("own overhead, 300 files, CPU above a bare interpreter",
            f"{(own_cost.cpu - bare.cpu) * 1000:.0f} ms", "150 ms")  # fmt: skip

        huge = million_lines(top / "huge")
        output = subprocess.run(
            [sys.executable, "-I", "-c", PARSE, str(huge)],
            env=environ, check=True, capture_output=True, text=True,
        ).stdout.split()  # fmt: skip
        say(
            f"{int(output[0]):,} added lines, memory above the interpreter",
            f"{float(output[1]):.0f} MB",
            "64 MB",
        )
        say("… CPU", f"{float(output[2]):.1f} s", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--markdown", action="store_true", help="print a Markdown table"
    )
    options = parser.parse_args()
    if shutil.which("git") is None:
        raise SystemExit("git is not installed")
    if options.markdown:
        print("| what | measured | aim |\n|---|---|---|")
    measure(
        options.rounds,
        lambda what, value, aim: print(
            f"| {what} | {value} | {aim} |"
            if options.markdown
            else f"{what:<66} {value:>12}  {aim}",
            flush=True,
        ),
    )


if __name__ == "__main__":
    main()

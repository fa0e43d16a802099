"""Measures shards: time of each, their sum, and what dividing a scan costs.

    python bench/shards.py [--files 10000] [--shards 1,2,4,8] [--markdown]

A tree of FILES generated files (Python, JavaScript, TypeScript, Go, Markdown, JSON, YAML)
is scanned whole, then in shards, one after the other, each with a cache of its own as on
a runner of its own.  Every merge is compared with the unsharded report; the command ends
with an error if they differ in anything but times.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINDS = ("py", "py", "py", "js", "js", "ts", "go", "md", "json", "yaml")
BODIES = {
    "py": "import subprocess\n\n\ndef f{n}(request):\n    x = {n}\n"
    '    subprocess.run("ls " + request.args["p{n}"], shell=True)\n    return x\n',
    "js": "app.get('/p{n}', (req, res) => {{ res.send(eval(req.query.q{n})); }});\n",
    "ts": "export function f{n}(x: number): number {{ return x + {n}; }}\n",
    "go": "package p{n}\n\nfunc F{n}(x int) int {{ return x + {n} }}\n",
    "md": "# Page {n}\n\nHow to use part {n} of the program.\n",
    "json": '{{"name": "n{n}", "value": {n}}}\n',
    "yaml": "name: n{n}\nvalue: {n}\n",
}
#: One file in so many has the line that a rule finds.
FOUND = 50


@dataclass(frozen=True)
class Run:
    """Seconds of one command with its children."""

    wall: float
    cpu: float


def write_tree(folder: Path, files: int) -> None:
    """Write the files; sizes vary from some lines to some hundred."""
    for number in range(files):
        kind = KINDS[number % len(KINDS)]
        body = BODIES[kind].format(n=number)
        if number % FOUND >= len(KINDS):
            body = body.replace("subprocess.run", "print").replace("eval(", "String(")
        comment = {"py": "#", "yaml": "#", "js": "//", "ts": "//", "go": "//"}.get(kind)
        filler = f"{comment} line {number}\n" * (number * 7 % 90) if comment else ""
        target = folder / f"part{number % 97}" / f"f{number}.{kind}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(body + filler, "utf-8")


def run(words: list[str], cwd: Path, cache: Path) -> Run:
    """Run zt-gate; exit codes of verdicts are fine."""
    environ = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-I", "-m", "zt_gate", *words],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in {0, 1}:
        raise SystemExit(f"zt-gate {' '.join(words)}: {done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, cpu)


def without_times(path: Path) -> dict[str, Any]:
    """Return a JSON report without its times."""
    table: dict[str, Any] = json.loads(path.read_bytes())
    table["seconds"] = 0
    for one in table["runs"]:
        one["seconds"] = 0
    return table


def measure(folder: Path, tree: Path, count: int) -> tuple[list[Run], Run]:
    """Scan ``count`` shards and merge them."""
    parts = [folder / f"{count}-{index}.json" for index in range(1, count + 1)]
    runs = []
    for index, part in enumerate(parts, 1):
        words = ["scan", "--tree", ".", "--offline", "--shard", f"{index}/{count}"]
        cache = folder / f"cache-{count}-{index}"
        runs.append(run([*words, "--output", f"json={part}"], tree, cache))
    words = ["merge", *map(str, parts), "--output", f"json={folder / 'merged.json'}"]
    return runs, run(words, folder, folder / "cache")


def main() -> None:
    """Measure and print one line for each number of shards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--shards", default="1,2,4,8")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = folder / "tree"
        write_tree(tree, options.files)
        whole = folder / "whole.json"
        words = ["scan", "--tree", ".", "--offline", "--output", f"json={whole}"]
        base = run(words, tree, folder / "cache-whole")
        rows = [("unsharded", [base], Run(0, 0))]
        for count in map(int, options.shards.split(",")):
            runs, merge = measure(folder, tree, count)
            if without_times(folder / "merged.json") != without_times(whole):
                raise SystemExit(f"the merge of {count} shards differs")
            rows.append((f"{count} shards", runs, merge))
    bar = "|" if options.markdown else ""
    columns = (
        "run", "CPU s of each", "longest", "wall s, longest", "CPU s, sum",
        "overhead a shard", "merge s",
    )  # fmt: skip
    print(bar, f" {bar or '·'} ".join(columns), bar)
    if options.markdown:
        print(f"|{'---|' * len(columns)}")
    for title, runs, merge in rows:
        cpu = [one.cpu for one in runs]
        overhead = (sum(cpu) - base.cpu) / len(cpu)
        values = (
            title,
            " ".join(f"{value:.0f}" for value in cpu),
            f"{max(cpu):.0f}",
            f"{max(one.wall for one in runs):.0f}",
            f"{sum(cpu):.0f}",
            f"{overhead:+.1f}",
            f"{merge.wall:.1f}",
        )
        print(bar, f" {bar or '·'} ".join(values), bar, flush=True)


if __name__ == "__main__":
    main()

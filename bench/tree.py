"""Measures a scan of a large tree: time and memory of each scanner, and that it shows progress.

    python bench/tree.py FOLDER ... [--files N] [--skip NAME] [--markdown]

Copies the files of the folders (real projects; without .git) into one tree, in the order of
their names, until there are N, and runs ``zt-gate scan --tree`` on it without a network and
without results in the cache.  CPU seconds are those of the scanner's process with its
children.  Memory is the largest sum of the resident memory of all processes of the run,
looked at four times a second; pages that processes share count once for each.
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
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
PAGE = os.sysconf("SC_PAGE_SIZE")
PAUSE = 0.25
LARGEST_FILE = 4 << 20
# Fields of /proc/PID/stat after the program's name: the session, and the pages in memory.
SESSION, RESIDENT = 3, 21
SCAN = """
import json, sys
from collections import Counter
from pathlib import Path
from zt_gate.commands.scan import run_scan
from zt_gate.review.request import Request
folder = Path(sys.argv[1])
report = run_scan(Request(kind="tree", paths=(str(folder),), folder=folder, offline=True,
                          log=False, skip=tuple(sys.argv[2:])))
found = Counter(item.finding.scanner for item in report.findings)
runs = [{"scanner": run.scanner, "status": run.status, "reason": run.reason,
         "files": run.files, "lines": run.lines, "cpu": run.cpu_seconds,
         "wall": run.seconds, "findings": found[run.scanner],
         "failed": sum(one.kind == "failed" for one in run.not_inspected)}
        for run in report.runs]
print(json.dumps({"runs": runs, "verdict": report.verdict.value, "errors": report.errors}))
"""


def copied(folders: Sequence[Path], target: Path, most: int) -> Counter[str]:
    """Copy the files; return how many there are of each ending."""
    endings: Counter[str] = Counter()
    for folder in folders:
        for file in files_of(folder):
            if endings.total() >= most:
                return endings
            copy = target / folder.name / file.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            endings[file.suffix.lower()] += 1
    return endings


def files_of(folder: Path) -> Iterator[Path]:
    for parent, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name != ".git")
        for name in sorted(files):
            file = Path(parent) / name
            if not file.is_symlink() and file.stat().st_size < LARGEST_FILE:
                yield file


def resident(session: int) -> int:
    """Return the bytes in memory of all processes of a session."""
    total = 0
    for name in os.listdir("/proc"):
        try:
            stat = Path(f"/proc/{name}/stat").read_bytes() if name.isdecimal() else b""
        except OSError:
            continue
        fields = stat.rpartition(b")")[2].split()
        if fields and int(fields[SESSION]) == session:
            total += int(fields[RESIDENT]) * PAGE
    return total


def scanned(tree: Path, skip: Sequence[str], cache: Path) -> dict[str, Any]:
    """Scan the tree; return the runs with wall and CPU seconds, memory and progress lines."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "ZT_GATE_CACHE_DIR": str(cache)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", SCAN, str(tree), *skip],
        cwd=tree, env=environ, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    peak = 0
    is_over = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not is_over.wait(PAUSE):
            peak = max(peak, resident(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = process.communicate()
    is_over.set()
    watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"exit {process.returncode}\n{err}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    progress = [line for line in err.splitlines() if " files" in line]
    result: dict[str, Any] = json.loads(out)
    wall = time.perf_counter() - started
    return result | {"wall": wall, "cpu": cpu, "peak": peak, "progress": progress}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--skip", action="append", default=[], metavar="NAME")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zt-gate-bench-") as temporary:
        work = Path(temporary)
        tree = work / "tree"
        tree.mkdir()
        folders = [folder.resolve() for folder in options.folders]
        endings = copied(folders, tree, options.files)
        result = scanned(tree, options.skip, work / "cache")
    count = endings.total()
    most = ", ".join(
        f"{n} {ending or 'without'}" for ending, n in endings.most_common(6)
    )
    print(f"{count} files ({most})")
    print(
        f"verdict {result['verdict']}, {result['wall']:.0f} s wall, {result['cpu']:.0f} s CPU, "
        f"{result['peak'] / 1e6:.0f} MB at most, {len(result['progress'])} lines of progress"
    )
    print(*result["errors"], *result["progress"][-1:], sep="\n")
    form = (
        "| {} | {} | {} | {} | {} |"
        if options.markdown
        else "{:14} {:>9} {:>8} {:>9} {:>9}"
    )
    print(form.format("scanner", "findings", "CPU s", "wall s", "ms a file"))
    if options.markdown:
        print("|---|---:|---:|---:|---:|")
    for run in result["runs"]:
        if run["status"] == "skipped":
            continue
        each = f"{1000 * run['cpu'] / max(1, count):.1f}"
        print(form.format(run["scanner"], run["findings"], f"{run['cpu']:.1f}",
                          f"{run['wall']:.1f}", each))  # fmt: skip
        if run["status"] != "ok" or run["failed"]:
            print(f"  {run['status']}: {run['reason']} ({run['failed']} parts failed)")


if __name__ == "__main__":
    main()

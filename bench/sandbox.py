"""What a sandbox costs to start: ``guard exec`` beside bubblewrap alone and other sandboxes.

    python -m bench.sandbox [--runs N] [--clients FOLDER]

Prints a table in Markdown: median CPU and wall-clock milliseconds of a command that does
nothing, and of a small build (twenty programs and a ``git status``).  CPU is that of a
control group, which only root can make: bubblewrap does not wait for what it starts, so
that the usual counters miss it.  Other sandboxes are installed into a folder of
their own, in the versions named here, from the package managers' configured registries;
what cannot be installed or does not start is left out, and said.  Codex's is taken from
``--clients``, or the ``PATH``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SECONDS = 120
_SANDLOCK = "sandlock==0.9.0"
_SRT = "@anthropic-ai/sandbox-runtime@0.0.78"
_NOTHING = ("true",)
_SCRIPT = (
    "n=0; while [ $n -lt 20 ]; do cat app.py > /dev/null; n=$((n+1)); done;"
    "git status --short > /dev/null 2>&1; echo x > src/out"
)
_BUILD = ("sh", "-c", _SCRIPT)
_GROUPS = ("/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup")
_ENTER = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"'
_SANDLOCK_PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from sandlock import Sandbox
root = sys.argv[2]
places = ["/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/dev"]
sandbox = Sandbox(fs_readable=places, fs_writable=[root, "/dev/null"], cwd=root)
sys.exit(sandbox.run(sys.argv[3:]).exit_code)
"""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to start a command: the words before it, and variables."""

    name: str
    words: tuple[str, ...]
    environ: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians in milliseconds."""

    cpu: float
    wall: float


def main() -> int:
    """Print the table; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--clients", default="")
    options = parser.parse_args()
    _group().mkdir()
    try:
        _print_table(options.runs, options.clients)
    finally:
        _group().rmdir()
    return 0


def _print_table(runs: int, clients: str) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(os.path.realpath(name))
        project = _project(folder)
        print(f"Median of {runs} runs, milliseconds.\n")
        print("| | nothing: CPU | wall clock | small build: CPU | wall clock |")
        print("|---|---|---|---|---|")
        for way in _ways(folder, project, clients):
            try:
                nothing = measured(way, _NOTHING, project, runs)
                build = measured(way, _BUILD, project, runs)
            except (OSError, subprocess.SubprocessError) as error:
                print(f"left out: {way.name}: {error}", file=sys.stderr)
                continue
            cells = (nothing.cpu, nothing.wall, build.cpu, build.wall)
            print(f"| {way.name} | {' | '.join(f'{cell:.0f}' for cell in cells)} |")


def measured(way: Way, command: Sequence[str], project: Path, runs: int) -> Cost:
    """Return the cost of a command; raises SubprocessError if it fails."""
    environ = {"PATH": os.environ.get("PATH", os.defpath), **dict(way.environ)}
    _once(way, command, project, environ)  # files are read for the first time
    costs = [_once(way, command, project, environ) for _ in range(runs)]
    return Cost(
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.wall for cost in costs),
    )


def _once(
    way: Way, command: Sequence[str], project: Path, environ: Mapping[str, str]
) -> Cost:
    before, began = _used(), time.monotonic()
    done = subprocess.run(
        ["sh", "-c", _ENTER, "sh", str(_group()), *way.words, *command],
        cwd=project,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    wall = time.monotonic() - began
    after = _used()
    if done.returncode:
        text = (done.stderr or done.stdout).decode("utf-8", "replace")
        raise subprocess.SubprocessError(
            f"exit code {done.returncode}: {text[-300:]!a}"
        )
    return Cost((after - before) * 1000, wall * 1000)


def _group() -> Path:
    """Return the control group of this process's measurements."""
    base = next(Path(place) for place in _GROUPS if os.path.isdir(place))
    return base / f"zt-gate-bench-{os.getpid()}"


def _used() -> float:
    """Return the seconds of CPU that the group has used; also what has ended counts."""
    old = _group() / "cpuacct.usage"
    if old.exists():
        return int(old.read_text()) / 1e9
    line = (_group() / "cpu.stat").read_text().split()
    return int(line[line.index("usage_usec") + 1]) / 1e6


def _project(folder: Path) -> Path:
    project = folder / "project"
    (project / "src").mkdir(parents=True)
    (project / "app.py").write_text("print('app')\n")
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    return project


def _ways(folder: Path, project: Path, clients: str) -> Iterator[Way]:
    yield Way("the command alone", ())
    gate = (sys.executable, "-I", "-m", "zt_gate", "guard", "exec", "--task", "develop")
    yield Way("`guard exec`, bubblewrap", (*gate, "--layer", "bubblewrap", "--"))
    yield Way("`guard exec`, Landlock", (*gate, "--layer", "landlock", "--"))
    yield from _bubblewrap(project)
    yield from _sandlock(folder, project)
    yield from _srt(folder, project)
    path = os.pathsep.join(filter(None, (clients, os.environ.get("PATH", ""))))
    if codex := shutil.which("codex", path=path):
        home = folder / "codex"
        home.mkdir()
        words = (codex, "sandbox", "-c", 'sandbox_mode="workspace-write"', "--")
        yield Way("`codex sandbox`", words, (("CODEX_HOME", str(home)),))


def _bubblewrap(project: Path) -> Iterator[Way]:
    program = shutil.which("bwrap")
    if program is None:
        print("left out: bubblewrap is not installed", file=sys.stderr)
        return
    words = [program, "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64"):
        words += ["--symlink", f"usr/{name}", f"/{name}"]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    words += ["--bind", str(project), str(project), "--chdir", str(project)]
    yield Way("bubblewrap alone", tuple(words))


def _sandlock(folder: Path, project: Path) -> Iterator[Way]:
    target = folder / "sandlock"
    words = [sys.executable, "-m", "pip", "install", "-q", "--target", str(target)]
    if _installed([*words, _SANDLOCK], _SANDLOCK):
        program = (sys.executable, "-I", "-c", _SANDLOCK_PROGRAM)
        yield Way(_SANDLOCK.replace("==", " "), (*program, str(target), str(project)))


def _srt(folder: Path, project: Path) -> Iterator[Way]:
    target = folder / "srt"
    npm = shutil.which("npm")
    if npm is None:
        print("left out: npm is not installed", file=sys.stderr)
        return
    words = [npm, "install", "--silent", "--no-audit", "--prefix", str(target), _SRT]
    if not _installed(words, _SRT):
        return
    settings = folder / "srt.json"
    empty: dict[str, list[str]] = {"allowedDomains": [], "deniedDomains": []}
    files = {"denyRead": [], "allowWrite": [str(project)], "denyWrite": []}
    settings.write_text(json.dumps({"network": empty, "filesystem": files}))
    program = str(target / "node_modules" / ".bin" / "srt")
    name = f"{_SRT.rpartition('@')[0]} {_SRT.rpartition('@')[2]}"
    yield Way(name, (program, "--settings", str(settings)), (("HOME", str(folder)),))


def _installed(words: Sequence[str], name: str) -> bool:
    try:
        done = subprocess.run(words, capture_output=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"left out: {name}: {error}", file=sys.stderr)
        return False
    if done.returncode:
        text = done.stderr.decode("utf-8", "replace")[-300:]
        print(f"left out: {name} cannot be installed: {text!a}", file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())

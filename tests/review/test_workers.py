"""Workers that crash, hang, send a wrong result or too much, in real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.changes import change_of, context
from zt_gate.model.finding import Confidence, Finding, Location, Severity
from zt_gate.model.report import ScannerRun
from zt_gate.review import workers

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.change import ChangeSet
    from zt_gate.scanners.base import Context

CHANGE = change_of({"a.py": "print(1)\n"})
MARKER = "zt-gate-test-sleeper"


class Scripted:
    """A scanner that runs the method that its settings name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        return getattr(self, f"do_{context.settings['do']}")(change, context)

    def do_well(self, change: ChangeSet, context: Context) -> ScannerRun:
        return ScannerRun(self.name, "ok", files=len(change.files), lines=1)

    def do_crash(self, *_: object) -> ScannerRun:
        raise RuntimeError("no such thing")

    def do_crash_at_length(self, *_: object) -> ScannerRun:
        raise RuntimeError(f"word {'x' * 900}")

    def do_leave(self, *_: object) -> ScannerRun:
        return ScannerRun(self.name, "skipped", "no wish to")

    def do_exit(self, *_: object) -> ScannerRun:
        sys.exit(0)

    def do_hard_exit(self, *_: object) -> ScannerRun:
        os._exit(0)

    def do_die(self, *_: object) -> ScannerRun:
        os.kill(os.getpid(), 9)
        raise AssertionError

    def do_hang(self, *_: object) -> ScannerRun:
        while True:
            pass

    def do_sleep(self, *_: object) -> ScannerRun:
        time.sleep(600)
        raise AssertionError

    def do_stop(self, _change: ChangeSet, context: Context) -> ScannerRun:
        partial = context.workdir / "partial"
        partial.write_text(str(os.getpid()))
        partial.rename(context.workdir / "stopped")
        os.kill(os.getpid(), signal.SIGSTOP)
        return ScannerRun(self.name, "ok")

    def do_burn_in_one(self, _change: ChangeSet, context: Context) -> ScannerRun:
        words = [sys.executable, "-c", "while True: pass", context.settings["tag"]]
        subprocess.run(words, check=False)
        raise AssertionError

    def do_burn_in_many(self, _change: ChangeSet, context: Context) -> ScannerRun:
        code = "import time\nwhile time.process_time() < 0.1: pass"
        while True:
            words = [sys.executable, "-c", code, context.settings["tag"]]
            subprocess.run(words, check=False)

    def do_hang_with_child(self, change: ChangeSet, context: Context) -> ScannerRun:
        subprocess.run(
            [
                sys.executable,
                "-c",
                "import time; time.sleep(60)",
                context.settings["tag"],
            ],
            check=False,
        )
        raise AssertionError

    def do_eat_memory(self, *_: object) -> ScannerRun:
        held = b"x" * (8 << 30)
        raise AssertionError(len(held))

    def do_recurse(self, change: ChangeSet, context: Context) -> ScannerRun:
        return self.do_recurse(change, context)

    def do_lie(self, *_: object) -> ScannerRun:
        return ScannerRun("another", "ok")

    def do_forge(self, *_: object) -> ScannerRun:
        forged = Finding(
            "secrets/x",
            Location("change"),
            "m",
            Severity.LOW,
            Confidence.LOW,
            why="",
            remedy="",
        )
        return ScannerRun(self.name, "ok", findings=(forged,))

    def do_nothing(self, *_: object) -> object:
        return None

    def do_print(self, *_: object) -> ScannerRun:
        os.write(1, b"::error::from a worker\n")
        os.write(2, b"::error::from a worker\n")
        return ScannerRun(self.name, "ok")


SCANNER = Scripted("scripted")


def job(
    do: str,
    workdir: Path,
    *,
    cpu: float = 600,
    wall: float = 600,
    name: str = "scripted",
    module: str = __name__,
    **more: str,
) -> workers.ScannerJob:
    settings = {"do": do, **more}
    return workers.ScannerJob(
        name, module, lambda: context({}, workdir, settings=settings), cpu, wall
    )


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "GRACE", 0.1)


def _left(tag: str) -> str:
    """Return the processes with ``tag`` among their arguments; ps cuts lines at 80 without -ww."""
    listed = subprocess.run(
        ["ps", "-eww", "-o", "stat,args"], capture_output=True, text=True, check=True
    )
    return "\n".join(line for line in listed.stdout.splitlines() if tag in line)


def _gone(tag: str) -> bool:
    """Wait until no process with ``tag`` is left: a killed process takes a moment to end."""
    deadline = time.monotonic() + 10
    while _left(tag) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _left(tag)


def test_a_scanner_that_works_returns_its_run(tmp_path: Path) -> None:
    (run,) = workers.run(CHANGE, [job("well", tmp_path)])
    assert (run.status, run.files, run.lines) == ("ok", 1, 1)
    assert run.seconds > 0


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        ("crash", "crashed: RuntimeError: no such thing"),
        ("exit", "exited without a result"),
        ("hard_exit", "exited without a result (exit code 0)"),
        ("die", "was killed by signal 9"),
        ("recurse", "crashed: RecursionError"),
        ("lie", "returned a result for another scanner"),
        ("forge", "returned a result for another scanner"),
        ("nothing", "returned no ScannerRun"),
    ],
)
def test_a_scanner_that_fails_is_an_error_with_its_reason(
    do: str, reason: str, tmp_path: Path
) -> None:
    (run,) = workers.run(CHANGE, [job(do, tmp_path)])
    assert run.status == "error"
    assert reason in run.reason
    assert run.findings == ()


@pytest.mark.skipif(sys.platform != "linux", reason="address space limits are Linux's")
def test_a_scanner_that_eats_memory_is_an_error(tmp_path: Path) -> None:
    (run,) = workers.run(CHANGE, [job("eat_memory", tmp_path)])
    assert run.status == "error"
    assert "memory" in run.reason


def test_a_module_that_is_missing_is_an_error(tmp_path: Path) -> None:
    (run,) = workers.run(
        CHANGE, [job("well", tmp_path, module="zt_gate.scanners.absent")]
    )
    assert run.status == "error"
    assert "ModuleNotFoundError" in run.reason


def test_a_hang_ends_at_the_deadline_with_all_its_children(tmp_path: Path) -> None:
    tag = f"{MARKER}-{os.getpid()}"
    sleeping = job("hang_with_child", tmp_path, wall=0.2, name="second", tag=tag)
    runs = workers.run(CHANGE, [job("sleep", tmp_path, wall=0.2), sleeping])
    assert [run.status for run in runs] == ["error", "error"]
    assert [run.reason for run in runs] == [
        "scripted did not finish within 0.2 s",
        "second did not finish within 0.2 s",
    ]
    assert _gone(tag)


def test_the_limit_of_cpu_time_ends_a_busy_worker(
    short_grace: None, tmp_path: Path
) -> None:
    (run,) = workers.run(CHANGE, [job("hang", tmp_path, cpu=0.2)])
    assert (run.status, run.reason) == (
        "error",
        "scripted used more than 0.2 s of CPU time",
    )


def test_the_kernel_limits_cpu_time_where_the_watchdog_cannot_read_it(
    short_grace: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "cpu_of_group", lambda _group: None)
    (run,) = workers.run(CHANGE, [job("hang", tmp_path, cpu=0.2)])
    assert (run.status, run.reason) == (
        "error",
        "scripted used more than 0.2 s of CPU time",
    )


@pytest.mark.skipif(
    sys.platform != "linux",
    reason="other systems do not report the CPU time of children",
)
@pytest.mark.parametrize("kind", ["one", "many"])
def test_the_cpu_time_of_children_counts(
    short_grace: None, tmp_path: Path, kind: str
) -> None:
    tag = f"{MARKER}-burns-{os.getpid()}"
    (run,) = workers.run(CHANGE, [job(f"burn_in_{kind}", tmp_path, cpu=0.5, tag=tag)])
    assert (run.status, run.reason) == (
        "error",
        "scripted used more than 0.5 s of CPU time",
    )
    assert _gone(tag)


def test_a_stopped_worker_uses_no_cpu_time(short_grace: None, tmp_path: Path) -> None:
    looks = 0

    def wake(_names: object) -> None:
        nonlocal looks
        stopped = tmp_path / "stopped"
        looks += stopped.exists()
        if looks == 25:  # some seconds, many times the limit
            os.kill(int(stopped.read_text()), signal.SIGCONT)

    (run,) = workers.run(CHANGE, [job("stop", tmp_path, cpu=1)], progress=wake)
    assert looks >= 25
    assert (run.status, run.reason) == ("ok", "")


def test_a_failed_scanner_does_not_affect_the_others(tmp_path: Path) -> None:
    good = job("well", tmp_path)
    bad = job("crash", tmp_path, name="other")
    runs = workers.run(CHANGE, [bad, good])
    assert [(run.scanner, run.status) for run in runs] == [
        ("other", "error"),
        ("scripted", "ok"),
    ]


def test_the_output_of_a_worker_is_discarded(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (run,) = workers.run(CHANGE, [job("print", tmp_path)])
    assert run.status == "ok"
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_progress_names_the_scanners_that_still_run(tmp_path: Path) -> None:
    seen: list[tuple[str, ...]] = []
    workers.run(
        CHANGE,
        [job("sleep", tmp_path, wall=0.1)],
        progress=lambda running: seen.append(tuple(one.name for one in running)),
    )
    assert ("scripted",) in seen
    assert seen[-1] == ()


def test_a_result_that_is_too_large_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "MAX_RESULT", 10)
    (run,) = workers.run(CHANGE, [job("well", tmp_path)])
    assert run.status == "error"
    assert "too large" in run.reason


def test_an_interrupt_leaves_no_worker(tmp_path: Path) -> None:
    tag = f"{MARKER}-interrupt-{os.getpid()}"

    def interrupt(_names: object) -> None:
        if _left(tag):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workers.run(
            CHANGE, [job("hang_with_child", tmp_path, tag=tag)], progress=interrupt
        )
    assert _gone(tag)


@pytest.mark.skipif(
    sys.platform != "linux", reason="other kernels do not signal a closed pipe"
)
def test_workers_and_their_children_end_when_the_gate_is_killed(
    tmp_path: Path,
) -> None:
    tag = f"{MARKER}-killed-{os.getpid()}"
    gate = os.fork()
    if gate == 0:
        try:
            workers.run(CHANGE, [job("hang_with_child", tmp_path, tag=tag)])
        finally:
            os._exit(0)
    try:
        deadline = time.monotonic() + 15
        while not _left(tag) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _left(tag)
    finally:
        os.kill(gate, signal.SIGKILL)
        os.waitpid(gate, 0)
    assert _gone(tag)


def test_signals_during_clean_up_are_deferred_until_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = f"{MARKER}-twice-{os.getpid()}"
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)

    def interrupt(_names: object) -> None:
        if _left(tag):
            os.kill(os.getpid(), signal.SIGTERM)

    real = workers._kill

    def slow_kill(worker: workers._Worker) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return real(worker)

    monkeypatch.setattr(workers, "_kill", slow_kill)
    jobs = [
        job("hang_with_child", tmp_path, name=name, tag=tag)
        for name in ("first", "second")
    ]
    with pytest.raises(KeyboardInterrupt):
        workers.run(CHANGE, jobs, progress=interrupt)
    signal.signal(signal.SIGTERM, before)
    assert _gone(tag)


def test_a_scanner_cannot_skip_itself(tmp_path: Path) -> None:
    (run,) = workers.run(CHANGE, [job("leave", tmp_path)])
    assert run.status == "error"
    assert "skipped itself: no wish to" in run.reason


def test_a_long_message_of_a_crash_is_cut_between_words(tmp_path: Path) -> None:
    (run,) = workers.run(CHANGE, [job("crash_at_length", tmp_path)])
    assert run.reason.endswith("word …")
    assert "x" * 10 not in run.reason

"""Workers that crash, hang, lie or flood, in real processes."""

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
    """A scanner that does what the change's first path tells it."""

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

    def do_hang_with_child(self, change: ChangeSet, context: Context) -> ScannerRun:
        subprocess.run(
            [sys.executable, "-c", "import time; time.sleep(60)", context.settings["tag"]],
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
            "secrets/x", Location("change"), "m", Severity.LOW, Confidence.LOW, why="", remedy=""
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
    do: str, workdir: Path, *, seconds: float = 20, module: str = __name__, **more: str
) -> workers.ScannerJob:
    settings = {"do": do, **more}
    return workers.ScannerJob(
        "scripted", module, lambda: context({}, workdir, settings=settings), seconds
    )


def _left(tag: str) -> str:
    """Return the processes with ``tag`` in their words; -ww, since ps cuts lines at 80."""
    listed = subprocess.run(
        ["ps", "-eww", "-o", "stat,args"], capture_output=True, text=True, check=True
    )
    return "\n".join(line for line in listed.stdout.splitlines() if tag in line)


def _gone(tag: str) -> bool:
    """Wait until nothing of ``tag`` is left: whoever is killed takes a moment to die."""
    deadline = time.monotonic() + 10
    while _left(tag) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _left(tag)


def test_a_scanner_that_works_gives_its_run(tmp_path: Path) -> None:
    (run,) = workers.run(CHANGE, [job("well", tmp_path)])
    assert (run.status, run.files, run.lines) == ("ok", 1, 1)
    assert run.seconds > 0


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        ("crash", "crashed: RuntimeError: no such thing"),
        ("exit", "ended without an answer"),
        ("hard_exit", "ended without an answer (exit code 0)"),
        ("die", "was killed by signal 9"),
        ("recurse", "crashed: RecursionError"),
        ("lie", "answered in another scanner's name"),
        ("forge", "answered in another scanner's name"),
        ("nothing", "returned no run"),
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
    (run,) = workers.run(CHANGE, [job("well", tmp_path, module="zt_gate.scanners.absent")])
    assert run.status == "error"
    assert "ModuleNotFoundError" in run.reason


def test_a_hang_ends_at_the_deadline_with_all_its_children(tmp_path: Path) -> None:
    tag = f"{MARKER}-{os.getpid()}"
    started = time.monotonic()
    runs = workers.run(
        CHANGE,
        [
            job("hang", tmp_path, seconds=0.2),
            workers.ScannerJob(
                "second",
                __name__,
                lambda: context({}, tmp_path, settings={"do": "hang_with_child", "tag": tag}),
                0.2,
            ),
        ],
    )
    assert time.monotonic() - started < 60
    assert [run.status for run in runs] == ["error", "error"]
    assert all("did not finish within 0.2 s" in run.reason for run in runs)
    assert _gone(tag)


def test_one_bad_scanner_does_not_cost_the_others(tmp_path: Path) -> None:
    good = workers.ScannerJob(
        "scripted", __name__, lambda: context({}, tmp_path, settings={"do": "well"}), 20
    )
    bad = workers.ScannerJob(
        "other", __name__, lambda: context({}, tmp_path, settings={"do": "crash"}), 20
    )
    runs = workers.run(CHANGE, [bad, good])
    assert [(run.scanner, run.status) for run in runs] == [("other", "error"), ("scripted", "ok")]


def test_what_a_worker_prints_goes_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (run,) = workers.run(CHANGE, [job("print", tmp_path)])
    assert run.status == "ok"
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_progress_names_what_still_runs(tmp_path: Path) -> None:
    seen: list[tuple[str, ...]] = []
    workers.run(
        CHANGE,
        [job("hang", tmp_path, seconds=0.1)],
        progress=lambda names: seen.append(tuple(names)),
    )
    assert ("scripted",) in seen
    assert seen[-1] == ()


def test_an_answer_that_is_too_large_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "MAX_ANSWER", 10)
    (run,) = workers.run(CHANGE, [job("well", tmp_path)])
    assert run.status == "error"
    assert "too large" in run.reason


def test_an_interrupt_leaves_no_worker(tmp_path: Path) -> None:
    tag = f"{MARKER}-interrupt-{os.getpid()}"

    def interrupt(_names: object) -> None:
        if _left(tag):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workers.run(CHANGE, [job("hang_with_child", tmp_path, tag=tag)], progress=interrupt)
    assert _gone(tag)


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not tell of a closed pipe")
def test_a_killed_gate_takes_its_workers_and_their_children_along(tmp_path: Path) -> None:
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


def test_signals_during_cleaning_up_wait_until_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = f"{MARKER}-twice-{os.getpid()}"
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)

    def interrupt(_names: object) -> None:
        if _left(tag):
            os.kill(os.getpid(), signal.SIGTERM)

    real = workers._end

    def slow_end(worker: workers._Worker) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return real(worker)

    monkeypatch.setattr(workers, "_end", slow_end)
    jobs = [
        workers.ScannerJob(
            name,
            __name__,
            lambda: context({}, tmp_path, settings={"do": "hang_with_child", "tag": tag}),
            20,
        )
        for name in ("first", "second")
    ]
    with pytest.raises(KeyboardInterrupt):
        workers.run(CHANGE, jobs, progress=interrupt)
    signal.signal(signal.SIGTERM, before)
    assert _gone(tag)


def test_a_scanner_cannot_leave_itself_out(tmp_path: Path) -> None:
    (run,) = workers.run(CHANGE, [job("leave", tmp_path)])
    assert run.status == "error"
    assert "left itself out: no wish to" in run.reason


def test_a_long_message_of_a_crash_is_cut_between_words(tmp_path: Path) -> None:
    (run,) = workers.run(CHANGE, [job("crash_at_length", tmp_path)])
    assert run.reason.endswith("word …")
    assert "x" * 10 not in run.reason

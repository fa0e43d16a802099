"""Progress with counts, on a terminal of any width and in a log."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import GIT_ENV, Repo
from zt_gate.commands import scan
from zt_gate.model.scanner import ScannerProgress
from zt_gate.review.progress import ProgressCounter

if TYPE_CHECKING:
    from pathlib import Path

RUNNING = (
    ScannerProgress("code", 12, 500),
    ScannerProgress("secrets", 7, 7),
    ScannerProgress("dependencies"),
)


def test_a_counter_is_shared_with_a_child_process() -> None:
    counter = ProgressCounter()
    child = os.fork()
    if child == 0:
        counter.write(3, 9)
        os._exit(0)
    os.waitpid(child, 0)
    assert counter.read() == (3, 9)


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_the_line_fits_the_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(scan, "_PROGRESS_DELAY", 0)
    progress = scan._TerminalProgress()
    progress(RUNNING)
    (line,) = written.getvalue().split("\r\x1b[K")[1:]
    assert len(line) <= width - 1
    assert ("code 12/500 files" in line) is (width >= 40)
    progress.clear()
    assert written.getvalue().endswith("\r\x1b[K")


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    now = [0.0]
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    progress = scan._LogProgress()
    for second in range(100):
        now[0] = float(second)
        progress(RUNNING)
    lines = written.getvalue().splitlines()
    assert [line.split(" s:")[0] for line in lines] == [
        "zt-gate: 30",
        "zt-gate: 60",
        "zt-gate: 90",
    ]
    assert all("code 12/500 files, secrets 7/7 files, dependencies" in x for x in lines)


def test_a_fast_scan_writes_no_progress(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    repo.write("a.txt", "x\n")
    repo.git("add", ".")
    command = [sys.executable, "-I", "-m", "zt_gate", "scan", "--scanner", "scope"]
    environ = {**GIT_ENV, "HOME": str(tmp_path)}
    done = subprocess.run(
        command, cwd=repo.path, env=environ, capture_output=True, check=True
    )
    assert done.stderr == b""


@pytest.mark.parametrize(
    "command", [("scan", "--tree", "."), ("baseline", "--offline")], ids=lambda x: x[0]
)
def test_a_terminal_shows_the_counts_of_a_scan(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    repo = Repo.create(tmp_path / "r")
    for number in range(60):
        repo.write(f"d/{number}.py", "value = compute(1)\n" * 2000)
    script = (
        "from zt_gate.commands import scan; scan._PROGRESS_DELAY = 0; import sys;"
        "from zt_gate.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = [*command, "--scanner", "secrets", "--scanner", "injection"]
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", script, *words],
        cwd=repo.path,
        env={**GIT_ENV, "HOME": str(tmp_path), "COLUMNS": "100"},
        stdout=subprocess.DEVNULL,
        stderr=slave,
    )
    os.close(slave)
    shown = bytearray()
    while True:
        try:
            chunk = os.read(master, 4096)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    os.close(master)
    assert process.wait() == 0
    assert b"/60 files" in shown

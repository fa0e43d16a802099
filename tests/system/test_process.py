"""Real child processes that exceed limits, fail, or leave processes behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.system import process
from zt_gate.system.process import (
    CompletedProcess,
    ProcessFailedError,
    TimeLimitError,
    run,
    safe_search_path,
    scrubbed_environment,
)

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = [sys.executable, "-I", "-c"]


def python(
    code: str, folder: Path, seconds: float = 20, **fields: object
) -> CompletedProcess:
    return run(
        [*PYTHON, code], cwd=folder, deadline=time.monotonic() + seconds, **fields
    )  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_outputs_and_exit_codes(tmp_path: Path) -> None:
    done = python(
        "import sys; print('out'); sys.stderr.write('err'); sys.exit(7)", tmp_path
    )
    assert done == CompletedProcess(7, b"out\n", b"err")
    assert python(
        "import os; print(os.getcwd())", tmp_path
    ).stdout.strip() == os.fsencode(tmp_path.resolve())
    done = python("import os; os.kill(os.getpid(), 9)", tmp_path)
    assert done.returncode == -signal.SIGKILL


def test_input_and_output_larger_than_the_pipes(tmp_path: Path) -> None:
    data = os.urandom(1 << 20) * 3
    code = "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"
    assert python(code, tmp_path, stdin=data).stdout == data
    code = (
        "import sys; sys.stdout.write('x' * 3000000); sys.stderr.write('y' * 3000000)"
    )
    done = python(code, tmp_path, stdin=data)
    assert (len(done.stdout), len(done.stderr)) == (3_000_000, 3_000_000)


def test_a_child_without_input_reads_end_of_file(tmp_path: Path) -> None:
    assert python("import sys; print(len(sys.stdin.read()))", tmp_path).stdout == b"0\n"


def test_a_child_that_does_not_read_its_input(tmp_path: Path) -> None:
    code = "import os, time; os.close(0); time.sleep(.2); print('done')"
    assert python(code, tmp_path, stdin=b"x" * (1 << 20)).stdout == b"done\n"
    assert python("pass", tmp_path, stdin=b"x" * (1 << 20)).returncode == 0


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(60)",
        "import os, time; os.close(1); os.close(2); time.sleep(60)",
        "while True: print('x', flush=True); import time; time.sleep(.05)",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
    ],
)
@pytest.mark.parametrize("stdin", [b"", b"x" * (1 << 20)], ids=["none", "unread"])
def test_the_deadline_ends_a_child(code: str, stdin: bytes, tmp_path: Path) -> None:
    with pytest.raises(TimeLimitError, match=r"did not finish within 0\.\d+ s"):
        python(code, tmp_path, 0.5, stdin=stdin)


BURN = "while True: pass"


@pytest.mark.skipif(
    sys.platform != "linux",
    reason="other systems do not report the CPU time of a child",
)
def test_the_cpu_limit_ends_a_busy_child(tmp_path: Path) -> None:
    with pytest.raises(TimeLimitError, match=r"used more than 0\.2 s of CPU time"):
        python(BURN, tmp_path, 3600, cpu_seconds=0.2)
    code = f"import os; os.close(1); os.close(2)\n{BURN}"
    with pytest.raises(TimeLimitError, match=r"used more than 0\.2 s of CPU time"):
        python(code, tmp_path, 3600, cpu_seconds=0.2)


def test_the_cpu_limit_does_not_end_a_waiting_child(tmp_path: Path) -> None:
    done = python(
        "import time; time.sleep(2); print('done')", tmp_path, 3600, cpu_seconds=1.5
    )
    assert done.stdout == b"done\n"
    assert 0 < done.cpu_seconds < 1.5


@pytest.mark.skipif(
    sys.platform != "linux",
    reason="other systems do not report the CPU time of children",
)
def test_the_cpu_time_of_exited_grandchildren_counts(tmp_path: Path) -> None:
    code = (
        "import os, time\nwhile True:\n    pid = os.fork()\n    if not pid:\n"
        "        while time.process_time() < 0.1: pass\n        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
    )
    with pytest.raises(TimeLimitError, match="used more than 1 s of CPU time"):
        python(code, tmp_path, 3600, cpu_seconds=1)


@pytest.mark.skipif(
    sys.platform != "linux", reason="other systems have only the worker's own limit"
)
def test_the_kernel_limits_cpu_time_where_the_watchdog_cannot_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "cpu_of_process", lambda _pid: None)
    with pytest.raises(TimeLimitError, match=r"used more than 0\.2 s of CPU time"):
        python(BURN, tmp_path, 3600, cpu_seconds=0.2)


def test_a_past_deadline_ends_a_child(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailedError, match="did not finish within"):
        python("print(1)", tmp_path, -1)


def test_a_grandchild_that_keeps_the_pipe_ends_at_the_deadline(tmp_path: Path) -> None:
    code = (
        "import os, time\npid = os.fork()\nif pid:\n    print(pid, flush=True); os._exit(0)\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(30)\n"
    )
    with pytest.raises(ProcessFailedError, match="did not finish within"):
        python(code, tmp_path, 1.5)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_too_much_output_ends_a_child(stream: str, tmp_path: Path) -> None:
    code = f"import sys\nwhile True: sys.{stream}.write('x' * 65536)"
    with pytest.raises(ProcessFailedError, match="more than 100,000 bytes"):
        python(code, tmp_path, max_output=100_000)
    assert (
        len(python("print('x' * 99999)", tmp_path, max_output=100_000).stdout)
        == 100_000
    )


def test_no_zombies_and_no_descriptors_are_left(tmp_path: Path) -> None:
    def opened() -> set[str]:
        return set(os.listdir("/dev/fd"))

    before = len(opened())
    pids = []
    for code, seconds, cap in (
        ("import os; print(os.getpid())", 20.0, 10**6),
        ("import os, time; print(os.getpid(), flush=True); time.sleep(60)", 0.3, 10**6),
        ("print('x' * 99999)", 20.0, 10),
    ):
        try:
            pids.append(int(python(code, tmp_path, seconds, max_output=cap).stdout))
        except ProcessFailedError as error:
            assert error.args  # noqa: PT017 - either way of ending must leave nothing
    with pytest.raises(ProcessFailedError):
        run([str(tmp_path / "absent")], cwd=tmp_path, deadline=time.monotonic() + 9)
    assert len(opened()) == before
    assert pids
    assert not any(alive(pid) for pid in pids)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_programs_that_cannot_be_started_are_errors(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("#!/bin/sh\n")
    text = tmp_path / "no-program"
    text.write_bytes(b"\0\1\2")
    text.chmod(0o755)
    for words, said in (
        (["git"], "relative path"),
        (["./plain"], "relative path"),
        ([str(tmp_path / "absent")], "No such file"),
        ([str(plain)], "Permission denied"),
        ([str(text)], "Exec format error"),
        ([*PYTHON, "a\0b"], "null byte"),
    ):
        with pytest.raises(ProcessFailedError, match=said) as caught:
            run(words, cwd=tmp_path, deadline=time.monotonic() + 9)
        assert "\n" not in str(caught.value)
    with pytest.raises(ProcessFailedError, match="could not be started"):
        run([*PYTHON, "pass"], cwd=tmp_path / "absent", deadline=time.monotonic() + 9)


FOREIGN = {
    "GITHUB_TOKEN": "t", "AWS_SECRET_ACCESS_KEY": "t", "ANTHROPIC_API_KEY": "t", "NPM_TOKEN": "t",
    "SEMGREP_APP_TOKEN": "t", "SEMGREP_RULES": "x", "PIP_INDEX_URL": "x", "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.pager", "GIT_CONFIG_VALUE_0": "x", "GIT_DIR": "x",
    "GIT_SSH_COMMAND": "x", "LD_PRELOAD": "x", "LD_LIBRARY_PATH": "x", "DYLD_INSERT_LIBRARIES": "x",
    "PYTHONPATH": ".", "PYTHONSTARTUP": "x", "NODE_OPTIONS": "x", "BASH_ENV": "x", "ENV": "x",
    "HOME": "/somewhere", "http_proxy": "x", "XDG_CONFIG_HOME": "/x",
}  # fmt: skip


def test_the_environment_is_scrubbed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f":.:bin:{tmp_path}:/usr/bin")
    monkeypatch.setenv("TMPDIR", "tmp")
    monkeypatch.setenv("LANG", "C.UTF-8")
    done = python("import os; print('\\n'.join(f'{k}={v}' for k, v in os.environ.items()))",
                  tmp_path, env={"GIVEN": "1"})  # fmt: skip
    seen = dict(line.split("=", 1) for line in done.stdout.decode().splitlines())
    assert not seen.keys() & FOREIGN.keys()
    assert seen["PATH"] == f"{tmp_path}:/usr/bin"
    assert "TMPDIR" not in seen
    assert (seen["GIVEN"], seen["LANG"]) == ("1", "C.UTF-8")


def test_path_variables_must_be_absolute(tmp_path: Path) -> None:
    assert scrubbed_environment({"TMPDIR": str(tmp_path)})["TMPDIR"] == str(tmp_path)
    assert "SSL_CERT_FILE" not in scrubbed_environment(
        {"SSL_CERT_FILE": "certificates.pem"}
    )


@pytest.mark.parametrize("path", ["", ":", ".", "bin:./x", "::"])
def test_a_path_without_absolute_entries_becomes_the_default(path: str) -> None:
    assert safe_search_path(path) == os.defpath
    assert scrubbed_environment({"PATH": path})["PATH"] == os.defpath
    assert scrubbed_environment({})["PATH"] == os.defpath


@given(st.text("/.:ab", max_size=20))
def test_a_path_never_contains_the_current_folder(path: str) -> None:
    entries = safe_search_path(path).split(":")
    assert entries
    assert all(os.path.isabs(entry) for entry in entries)

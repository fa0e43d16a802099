"""Runs child processes: no shell, a scrubbed environment, limits on time and output."""

from __future__ import annotations

import math
import os
import selectors
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from zt_gate.record import dataclass, field
from zt_gate.system.time_limits import (
    Watchdog,
    cpu_of_process,
    exceeded_cpu,
    is_waiting,
    limit_cpu,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# The variables that a child gets: it needs them to find its libraries, its language
# and a folder for temporary files.  All others (tokens, SEMGREP_*, PIP_*,
# GIT_CONFIG_*, PYTHONPATH, LD_PRELOAD) are removed.
_PASSED_VARIABLES = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TMPDIR",
    "TZ",
    "SYSTEMROOT",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
)
# Relative values of these would be paths in the scanned folder.
_PATH_VARIABLES = frozenset(
    ("TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
)
_CHUNK = 1 << 16

# Seconds between two checks whether a child that closed its outputs has exited.
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.05


class ProcessFailedError(OSError):
    """A child could not be started, exceeded a time limit, or printed too much."""


class TimeLimitError(ProcessFailedError):
    """A child was killed because it exceeded a time limit; ``exceeded`` says which."""

    def __init__(self, name: str, exceeded: str) -> None:
        super().__init__(f"{name} {exceeded}")
        self.exceeded = exceeded


@dataclass(frozen=True, slots=True)
class CompletedProcess:
    """The result of a child: exit code (negative for a signal) and both outputs.

    ``cpu_seconds`` is the CPU time of the child and of its own children, infinite if
    unknown.
    """

    returncode: int
    stdout: bytes
    stderr: bytes
    cpu_seconds: float = field(default=math.inf, compare=False)


def scrubbed_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the part of ``environ`` that children get."""
    passed = {}
    for name in _PASSED_VARIABLES:
        value = environ.get(name)
        if value is None:
            continue
        if name in _PATH_VARIABLES and not os.path.isabs(value):
            continue
        passed[name] = value
    passed["PATH"] = safe_search_path(passed.get("PATH", os.defpath))
    return passed


def safe_search_path(path: str) -> str:
    """Return a PATH without its empty and relative entries, which mean the scanned folder.

    If no entry is left, it is the system's default: an empty PATH would mean the
    current folder, too.
    """
    entries = [entry for entry in path.split(os.pathsep) if os.path.isabs(entry)]
    return os.pathsep.join(entries) or os.defpath


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    deadline: float,
    cpu_seconds: float = math.inf,
    stall_seconds: float = math.inf,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    max_output: int = 64 * 1024 * 1024,
) -> CompletedProcess:
    """Run ``argv`` and wait for it; ``deadline`` is a ``time.monotonic()`` value.

    ``argv[0]`` is an absolute path.  ``cpu_seconds`` limits the CPU time of the child
    and of its own children that have exited; on systems that do not report the CPU
    time of another process (macOS) the child only has the caller's own limit.
    ``stall_seconds`` limits the time in which it only waits, not for a disk (Linux).
    ``max_output`` limits both outputs together, in bytes.  Raises TimeLimitError if a
    time limit was exceeded, else ProcessFailedError.
    """
    name = os.path.basename(argv[0])
    if not os.path.isabs(argv[0]):
        raise ProcessFailedError(f"{name} was not started: its path is a relative path")
    environment = scrubbed_environment(os.environ) | dict(env or {})
    child = _start(argv, name, cwd, environment)
    if math.isfinite(cpu_seconds):
        limit_cpu(cpu_seconds, child.pid)
    wall_seconds = deadline - time.monotonic()
    watchdog = Watchdog(
        lambda: cpu_of_process(child.pid),
        cpu_seconds,
        wall_seconds,
        waits=lambda: is_waiting(child.pid),
        stall=stall_seconds,
    )
    try:
        completed = _communicate(child, name, watchdog, stdin, max_output)
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                stream.close()
        child.wait()
    if completed.returncode == -signal.SIGXCPU:
        raise TimeLimitError(name, exceeded_cpu(cpu_seconds))
    return completed


def _start(
    argv: Sequence[str], name: str, cwd: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=environment,
            start_new_session=False,
            close_fds=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise ProcessFailedError(
            f"{name} could not be started: {error.strerror}"
        ) from error
    except ValueError as error:  # a NUL in an argument or in the environment
        raise ProcessFailedError(f"{name} could not be started: {error}") from error


def _communicate(
    child: subprocess.Popen[bytes],
    name: str,
    watchdog: Watchdog,
    stdin: bytes,
    max_output: int,
) -> CompletedProcess:
    """Write the input and read both outputs until the child has closed them and exited."""
    assert child.stdin
    assert child.stdout
    assert child.stderr
    stdout, stderr = bytearray(), bytearray()
    outputs = {child.stdout.fileno(): stdout, child.stderr.fileno(): stderr}
    unwritten = memoryview(stdin)
    with selectors.DefaultSelector() as selector:
        for fd in outputs:
            selector.register(fd, selectors.EVENT_READ)
        if unwritten:
            os.set_blocking(child.stdin.fileno(), False)
            selector.register(child.stdin, selectors.EVENT_WRITE)
        else:
            child.stdin.close()
        while selector.get_map():
            _check_limits(watchdog, name)
            for key, _ in selector.select(watchdog.pause()):
                if key.fileobj is child.stdin:
                    unwritten = _write_input(child, unwritten, selector)
                    continue
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fd)
                outputs[key.fd] += chunk
                if len(stdout) + len(stderr) > max_output:
                    raise ProcessFailedError(
                        f"{name} printed more than {max_output:,} bytes"
                    )
    code, cpu_seconds = _wait(child, name, watchdog)
    return CompletedProcess(code, bytes(stdout), bytes(stderr), cpu_seconds)


def _wait(
    child: subprocess.Popen[bytes], name: str, watchdog: Watchdog
) -> tuple[int, float]:
    """Wait for a child that has closed its outputs; return its exit code and CPU seconds."""
    pause = _FIRST_PAUSE
    while True:
        try:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        except ChildProcessError:  # the gate was started with SIGCHLD ignored
            return child.wait(), math.inf
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, usage.ru_utime + usage.ru_stime
        _check_limits(watchdog, name)
        time.sleep(min(pause, watchdog.pause()))
        pause = min(2 * pause, _LONGEST_PAUSE)


def _check_limits(watchdog: Watchdog, name: str) -> None:
    exceeded = watchdog.exceeded()
    if exceeded:
        raise TimeLimitError(name, exceeded)


def _write_input(
    child: subprocess.Popen[bytes],
    unwritten: memoryview,
    selector: selectors.BaseSelector,
) -> memoryview:
    """Write a part of the input and return the rest; close the pipe after the last part."""
    assert child.stdin
    try:
        written = os.write(child.stdin.fileno(), unwritten[:_CHUNK])
        unwritten = unwritten[written:]
    except BrokenPipeError:
        unwritten = unwritten[:0]
    if not unwritten:
        selector.unregister(child.stdin)
        child.stdin.close()
    return unwritten

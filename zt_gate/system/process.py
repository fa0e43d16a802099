"""Child processes: no shell, a scrubbed environment, limits on time and on output."""

from __future__ import annotations

import math
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.system.time_limits import Watchdog, cpu_of_process, exceeded_cpu, limit_cpu

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# What a child needs to find its libraries, its language and a folder for
# temporary files.  Everything else (tokens, SEMGREP_*, PIP_*, GIT_CONFIG_*,
# PYTHONPATH, LD_PRELOAD) stays behind.
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "SYSTEMROOT",
         "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")  # fmt: skip
# Relative values of these would mean a place in the folder that is scanned.
_PLACES = frozenset(("TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"))


# Seconds between two looks whether a child has ended that has closed its outputs.
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.05


class ProcessFailedError(OSError):
    """A child could not be started, exceeded a limit of time, or printed too much."""


class TimeLimitError(ProcessFailedError):
    """A child was ended because it exceeded a limit of time; ``exceeded`` says which."""

    def __init__(self, name: str, exceeded: str) -> None:
        super().__init__(f"{name} {exceeded}")
        self.exceeded = exceeded


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """What a child left: exit code (negative for a signal) and both outputs.

    ``cpu_seconds`` is the CPU time of the child and of its own children, infinite
    where that is not known.
    """

    returncode: int
    stdout: bytes
    stderr: bytes
    cpu_seconds: float = field(default=math.inf, compare=False)


def scrubbed_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the part of ``environ`` that children get."""
    kept = {
        name: environ[name]
        for name in _KEPT
        if name in environ and (name not in _PLACES or os.path.isabs(environ[name]))
    }
    kept["PATH"] = safe_search_path(kept.get("PATH", os.defpath))
    return kept


def safe_search_path(path: str) -> str:
    """Drop empty and relative entries from a PATH: they mean the scanned folder.

    Where nothing stays, the system's own default: an empty PATH means the
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
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    max_output: int = 64 * 1024 * 1024,
) -> ProcessResult:
    """Run ``argv`` and wait for it; ``deadline`` is a ``time.monotonic()`` value.

    ``argv[0]`` is an absolute path.  ``cpu_seconds`` limits the CPU time of the
    child and of its own children that have ended; where the system does not say
    what another process uses (macOS), the caller's own limit holds for the child.
    Raises ProcessFailedError, TimeLimitError where one of both limits ended the child.
    """
    name = os.path.basename(argv[0])
    if not os.path.isabs(argv[0]):
        raise ProcessFailedError(
            f"{name}: refusing to start a program by a relative path"
        )
    environment = scrubbed_environment(os.environ) | dict(env or {})
    try:
        child = subprocess.Popen(
            list(argv), cwd=cwd, env=environment, start_new_session=False, close_fds=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    except OSError as error:
        raise ProcessFailedError(
            f"{name} could not be started: {error.strerror}"
        ) from error
    except ValueError as error:  # a NUL in a word or in the environment
        raise ProcessFailedError(f"{name} could not be started: {error}") from error
    if math.isfinite(cpu_seconds):
        limit_cpu(cpu_seconds, child.pid)
    wall = deadline - time.monotonic()
    watchdog = Watchdog(lambda: cpu_of_process(child.pid), cpu_seconds, wall)
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


def _communicate(
    child: subprocess.Popen[bytes],
    name: str,
    watchdog: Watchdog,
    stdin: bytes,
    max_output: int,
) -> ProcessResult:
    assert child.stdin
    assert child.stdout
    assert child.stderr
    outputs = {child.stdout.fileno(): bytearray(), child.stderr.fileno(): bytearray()}
    out, err = outputs.values()
    with selectors.DefaultSelector() as selector:
        for fd in outputs:
            selector.register(fd, selectors.EVENT_READ)
        view = memoryview(stdin)
        if view:
            os.set_blocking(child.stdin.fileno(), False)
            selector.register(child.stdin, selectors.EVENT_WRITE)
        else:
            child.stdin.close()
        while selector.get_map():
            _check(watchdog, name)
            for key, _ in selector.select(watchdog.pause()):
                if key.fileobj is child.stdin:
                    view = _feed(child, view, selector)
                    continue
                chunk = os.read(key.fd, 1 << 16)
                if not chunk:
                    selector.unregister(key.fd)
                outputs[key.fd] += chunk
                if len(out) + len(err) > max_output:
                    raise ProcessFailedError(
                        f"{name} printed more than {max_output:,} bytes"
                    )
    code, cpu_seconds = _wait(child, name, watchdog)
    return ProcessResult(code, bytes(out), bytes(err), cpu_seconds)


def _wait(
    child: subprocess.Popen[bytes], name: str, watchdog: Watchdog
) -> tuple[int, float]:
    """Wait for a child that has closed its outputs; returns its exit code and CPU seconds."""
    pause = _FIRST_PAUSE
    while True:
        try:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        except ChildProcessError:  # the gate was started with SIGCHLD ignored
            return child.wait(), math.inf
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, usage.ru_utime + usage.ru_stime
        _check(watchdog, name)
        time.sleep(min(pause, watchdog.pause()))
        pause = min(2 * pause, _LONGEST_PAUSE)


def _check(watchdog: Watchdog, name: str) -> None:
    exceeded = watchdog.exceeded()
    if exceeded:
        raise TimeLimitError(name, exceeded)


def _feed(
    child: subprocess.Popen[bytes], view: memoryview, selector: selectors.BaseSelector
) -> memoryview:
    assert child.stdin
    try:
        view = view[os.write(child.stdin.fileno(), view[: 1 << 16]) :]
    except BrokenPipeError:
        view = view[:0]
    if not view:
        selector.unregister(child.stdin)
        child.stdin.close()
    return view

"""Runs the scanners in parallel, each in a process that can be killed.

A thread inside a regular expression cannot be stopped, so time limits are enforced
from outside: the gate forks one worker per scanner, waits for their results, and
kills the process group (a scanner's own children included) of one that exceeds its
limit.  The limit counts the CPU time of the group, which other load on the machine
does not change; a much longer wall limit ends a worker that only waits.
Every failure in a worker becomes ``ScannerRun(status="error")``: only this module
catches ``Exception``.
"""

from __future__ import annotations

import fcntl
import gc
import os
import resource
import selectors
import signal
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from zt_gate.model.report import ScannerRun
from zt_gate.model.scanner import MEMORY, ScannerProgress
from zt_gate.record import dataclass, replace
from zt_gate.review import serialization
from zt_gate.scanners import scanner_in
from zt_gate.system.temporary import TERMINATION_SIGNALS, uninterrupted
from zt_gate.system.time_limits import Watchdog, cpu_of_group, exceeded_cpu, limit_cpu

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zt_gate.model.change import ChangeSet
    from zt_gate.review.progress import ProgressCounter
    from zt_gate.scanners.base import Context

#: Seconds of CPU time and of wall time that a worker gets beyond its scanner's
#: limits, to return what it has.
GRACE = 1.5
#: The largest result of a worker, in bytes; a larger one is an error.
MAX_RESULT = 64 * 1024 * 1024
#: Seconds between two calls of ``progress``.
_PROGRESS_INTERVAL = 0.1
_READ_SIZE = 1 << 20
#: The longest exception message in a reason, in characters.
_MAX_MESSAGE = 500

#: What every scanner imports.
_SHARED_MODULES = (
    "zt_gate.scanners.base",
    "zt_gate.syntax.path_table",
    "zt_gate.syntax.text",
)


@dataclass(frozen=True, slots=True)
class ScannerJob:
    """One scanner to run.

    ``module`` has an object ``SCANNER``.  ``context`` is called in the worker, so that
    the rules are read there.  ``cpu_seconds`` limits the CPU time of the worker and its
    children, ``wall_seconds`` the wall time.
    """

    name: str
    module: str
    context: Callable[[], Context]
    cpu_seconds: float
    wall_seconds: float
    #: Bytes of address space of the worker and its children.
    memory: int = MEMORY
    #: The part of the change that the scanner gets; None for all of it.
    change: ChangeSet | None = None


@dataclass(slots=True)
class _Worker:
    job: ScannerJob
    pid: int
    started: float
    result: bytearray
    watchdog: Watchdog
    counter: ProgressCounter | None = None

    def progress(self) -> ScannerProgress:
        """Return how far the scanner is."""
        done, total = self.counter.read() if self.counter else (0, 0)
        return ScannerProgress(self.job.name, done, total)


def run(
    change: ChangeSet,
    jobs: Sequence[ScannerJob],
    *,
    progress: Callable[[Sequence[ScannerProgress]], None] | None = None,
    debug: bool = False,
) -> tuple[ScannerRun, ...]:
    """Run all jobs in parallel; return one ScannerRun per job, in the order of the jobs.

    ``progress`` is called with how far the scanners are that still run, about
    ten times a second.  With ``debug`` the workers write to the gate's stderr.
    No process outlives the call, even if it is interrupted.
    """
    _import_shared_modules()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()
    workers: dict[int, _Worker] = {}
    runs: dict[str, ScannerRun] = {}
    try:
        for job in jobs:
            try:
                with uninterrupted():
                    counter = _counter() if progress else None
                    fd, worker = _start(
                        job, change, tuple(workers), counter, debug=debug
                    )
                    workers[fd] = worker
            except OSError as error:
                reason = f"could not be started: {error.strerror}"
                runs[job.name] = _failed(job, reason, 0.0)
        _collect(workers, runs, progress)
    finally:
        with uninterrupted():
            for fd, worker in workers.items():
                _kill(worker)
                os.close(fd)
        gc.unfreeze()
    return tuple(runs[job.name] for job in jobs)


def _import_shared_modules() -> None:
    """Import what every scanner imports, so that the workers inherit it from here."""
    for name in _SHARED_MODULES:
        import_module(name)


def _collect(
    workers: dict[int, _Worker],
    runs: dict[str, ScannerRun],
    progress: Callable[[Sequence[ScannerProgress]], None] | None,
) -> None:
    """Read the workers' results into ``runs`` until no worker is left."""
    with selectors.DefaultSelector() as selector:
        for fd in workers:
            selector.register(fd, selectors.EVENT_READ)
        while workers:
            timeout = min(worker.watchdog.pause() for worker in workers.values())
            if progress:
                timeout = min(timeout, _PROGRESS_INTERVAL)
            for key, _ in selector.select(timeout):
                worker = workers[key.fd]
                chunk = os.read(key.fd, _READ_SIZE)
                worker.result += chunk
                if not chunk or len(worker.result) > MAX_RESULT:
                    selector.unregister(key.fd)
                    _finish(key.fd, workers, runs)
            for fd, worker in tuple(workers.items()):
                exceeded = worker.watchdog.exceeded()
                if exceeded:
                    selector.unregister(fd)
                    _finish(fd, workers, runs, exceeded=exceeded)
            if progress:
                progress([worker.progress() for worker in workers.values()])


def _finish(
    fd: int,
    workers: dict[int, _Worker],
    runs: dict[str, ScannerRun],
    *,
    exceeded: str = "",
) -> None:
    """End a worker and put its run into ``runs``; ``exceeded`` is the limit it exceeded."""
    with uninterrupted():
        worker = workers.pop(fd)
        status, cpu_seconds = _kill(worker)
        os.close(fd)
    name = worker.job.name
    seconds = time.monotonic() - worker.started
    ended = (
        _failed(worker.job, exceeded, seconds)
        if exceeded
        else _run_of(worker, status, seconds)
    )
    runs[name] = replace(ended, cpu_seconds=cpu_seconds)


def _run_of(worker: _Worker, status: int, seconds: float) -> ScannerRun:
    """Return the run that an ended worker sent, or an error; ``status`` is its wait status."""
    job = worker.job
    if len(worker.result) > MAX_RESULT:
        reason = f"returned a result that is too large (over {MAX_RESULT:,} bytes)"
        return _failed(job, reason, seconds)
    try:
        run = serialization.load(bytes(worker.result), seconds=seconds)
    except serialization.SerializationError:
        return _failed(job, _exit_reason(job, status), seconds)
    names = {run.scanner, *(finding.scanner for finding in run.findings)}
    if names != {job.name}:
        return _failed(job, "returned a result for another scanner", seconds)
    if run.status == "skipped":
        # Only the caller of the gate may skip a scanner.
        return _failed(job, f"skipped itself: {run.reason}", seconds)
    return run


def _exit_reason(job: ScannerJob, status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return exceeded_cpu(job.cpu_seconds)
        return f"was killed by signal {number} ({signal.strsignal(number)})"
    return f"exited without a result (exit code {os.waitstatus_to_exitcode(status)})"


def _failed(job: ScannerJob, reason: str, seconds: float) -> ScannerRun:
    return ScannerRun(job.name, "error", f"{job.name} {reason}", seconds)


def _counter() -> ProgressCounter:
    from zt_gate.review.progress import ProgressCounter

    return ProgressCounter()


def _start(
    job: ScannerJob,
    change: ChangeSet,
    others: Sequence[int],
    counter: ProgressCounter | None,
    *,
    debug: bool,
) -> tuple[int, _Worker]:
    read_end, write_end = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(read_end)
        os.close(write_end)
        raise
    if pid == 0:
        _work(job, change, write_end, (read_end, *others), counter, debug=debug)
    os.close(write_end)
    with suppress(OSError):  # the worker does the same; either may be first
        os.setpgid(pid, pid)
    started = time.monotonic()
    watchdog = Watchdog(
        lambda: cpu_of_group(pid), job.cpu_seconds, job.wall_seconds, grace=GRACE
    )
    return read_end, _Worker(job, pid, started, bytearray(), watchdog, counter)


def _kill(worker: _Worker) -> tuple[int, float]:
    """Kill the worker and its children; return its wait status and its CPU seconds.

    A worker that has already exited keeps its own status.
    """
    try:
        os.killpg(worker.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
    _, status, usage = os.wait4(worker.pid, 0)
    return status, usage.ru_utime + usage.ru_stime


def _work(
    job: ScannerJob,
    change: ChangeSet,
    result_fd: int,
    parent_fds: Sequence[int],
    counter: ProgressCounter | None,
    *,
    debug: bool,
) -> NoReturn:
    """Scan in the forked child, write the result, and exit without the parent's clean-up.

    ``parent_fds`` are descriptors that only the parent uses.
    """
    code = 1
    try:
        for fd in parent_fds:
            os.close(fd)
        _set_up_process(job, result_fd, debug=debug)
        data = serialization.dump(_scan(job, change, counter))
        _disable_async_signal(result_fd)
        while data:
            data = data[os.write(result_fd, data) :]
        code = 0
    finally:
        os._exit(code)


def _set_up_process(job: ScannerJob, result_fd: int, *, debug: bool) -> None:
    """Set the worker's process group, signals, standard streams and resource limits."""
    with suppress(OSError):
        os.setpgid(0, 0)
    for number in (*TERMINATION_SIGNALS, signal.SIGALRM, signal.SIGIO, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, TERMINATION_SIGNALS)
    # If the gate itself is killed, no other process ends this one: the alarm does,
    # and on Linux, where the kernel signals a pipe that has lost its reader, SIGIO
    # ends it and its children at once.
    signal.setitimer(signal.ITIMER_REAL, job.wall_seconds + 2 * GRACE)
    with suppress(OSError):
        fcntl.fcntl(result_fd, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(result_fd, fcntl.F_SETFL, os.O_WRONLY | os.O_ASYNC)
    null_fd = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1) if debug else (0, 1, 2):
        os.dup2(null_fd, fd)
    with suppress(ValueError, OSError):  # macOS refuses some of these
        resource.setrlimit(resource.RLIMIT_AS, (job.memory, job.memory))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit_cpu(job.cpu_seconds + GRACE)


def _disable_async_signal(result_fd: int) -> None:
    """Stop SIGIO for the result pipe: the parent's reads would raise it, too."""
    with suppress(OSError):
        fcntl.fcntl(result_fd, fcntl.F_SETFL, os.O_WRONLY)


def _scan(
    job: ScannerJob, change: ChangeSet, counter: ProgressCounter | None
) -> ScannerRun:
    try:
        context = job.context()
        if counter is not None:
            context = replace(context, count=counter.write)
        result: object = scanner_in(job.module).scan(job.change or change, context)
    except MemoryError:
        return _failed(job, "ran out of memory", 0.0)
    except Exception as error:  # noqa: BLE001 - a crash of a scanner is a result of the run
        message = _shortened(str(error))
        return _failed(job, f"crashed: {type(error).__name__}: {message}", 0.0)
    if not isinstance(result, ScannerRun):
        return _failed(job, "returned no ScannerRun", 0.0)
    return result


def _shortened(text: str) -> str:
    """Cut a long text between words: masking would not recognise half a secret."""
    if len(text) <= _MAX_MESSAGE:
        return text
    return f"{text[: _MAX_MESSAGE + 1].rpartition(' ')[0]} …"

"""The scanners, side by side, each in a process that can be killed.

A thread inside a regular expression cannot be stopped, so limits of time are kept
from outside: the gate forks one worker per scanner, waits for their answers, and
kills whole process groups (a scanner's own children with it) that exceed one.
What counts is the CPU time of the group, which a busy machine does not change;
a wall limit far behind ends what only waits.
Whatever goes wrong in a worker becomes ``ScannerRun(status="error")``: this is
the only module that catches ``Exception``.
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
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from zt_gate.model.report import ScannerRun
from zt_gate.model.scanner import MEMORY
from zt_gate.review import serialization
from zt_gate.scanners import scanner_in
from zt_gate.system.temporary import TERMINATION_SIGNALS, uninterrupted
from zt_gate.system.time_limits import Watchdog, cpu_of_group, exceeded_cpu, limit_cpu

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zt_gate.model.change import ChangeSet
    from zt_gate.scanners.base import Context

#: Seconds, of each kind, that a worker gets past its scanner's limits, to say what it has.
GRACE = 1.5
#: Bytes of one worker's answer; more is an error.
MAX_ANSWER = 64 * 1024 * 1024
_TICK = 0.1

#: Characters of what is said of a crash.
_REASON = 500

#: What ends the gate; held back while workers are started or ended.


@dataclass(frozen=True, slots=True)
class ScannerJob:
    """One scanner to run: its module holds an object called ``SCANNER``.

    ``context`` is called in the worker, so that rules are read there.  ``cpu_seconds``
    limit the CPU time of the worker with its children, ``wall_seconds`` the wall time.
    """

    name: str
    module: str
    context: Callable[[], Context]
    cpu_seconds: float
    wall_seconds: float
    #: Bytes of address space of the worker and its children.
    memory: int = MEMORY


@dataclass(slots=True)
class _Worker:
    job: ScannerJob
    pid: int
    started: float
    answer: bytearray
    watchdog: Watchdog


def run(
    change: ChangeSet,
    jobs: Sequence[ScannerJob],
    *,
    progress: Callable[[Sequence[str]], None] | None = None,
    debug: bool = False,
) -> tuple[ScannerRun, ...]:
    """Run all jobs at once; one ScannerRun per job, in the order of the jobs.

    ``progress`` is called with the names of the scanners that still run, some
    ten times a second.  With ``debug`` the workers keep the gate's stderr.
    Leaves no process behind, also when interrupted.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()
    workers: dict[int, _Worker] = {}
    done: dict[str, ScannerRun] = {}
    try:
        for job in jobs:
            try:
                with uninterrupted():
                    fd, worker = _start(job, change, tuple(workers), debug=debug)
                    workers[fd] = worker
            except OSError as error:
                done[job.name] = _failed(
                    job, f"could not be started: {error.strerror}", 0.0
                )
        _collect(workers, done, progress)
    finally:
        with uninterrupted():
            for fd, worker in workers.items():
                _end(worker)
                os.close(fd)
        gc.unfreeze()
    return tuple(done[job.name] for job in jobs)


def _collect(
    workers: dict[int, _Worker],
    done: dict[str, ScannerRun],
    progress: Callable[[Sequence[str]], None] | None,
) -> None:
    with selectors.DefaultSelector() as selector:
        for fd in workers:
            selector.register(fd, selectors.EVENT_READ)
        while workers:
            pause = min(worker.watchdog.pause() for worker in workers.values())
            wait = min(pause, _TICK) if progress else pause
            for key, _ in selector.select(wait):
                worker = workers[key.fd]
                chunk = os.read(key.fd, 1 << 20)
                worker.answer += chunk
                if not chunk or len(worker.answer) > MAX_ANSWER:
                    selector.unregister(key.fd)
                    _finish(key.fd, workers, done)
            for fd, worker in tuple(workers.items()):
                exceeded = worker.watchdog.exceeded()
                if exceeded:
                    selector.unregister(fd)
                    _finish(fd, workers, done, exceeded=exceeded)
            if progress:
                progress([worker.job.name for worker in workers.values()])


def _finish(
    fd: int,
    workers: dict[int, _Worker],
    done: dict[str, ScannerRun],
    *,
    exceeded: str = "",
) -> None:
    with uninterrupted():
        worker = workers.pop(fd)
        status = _end(worker)
        os.close(fd)
    job = worker.job
    seconds = time.monotonic() - worker.started
    if exceeded:
        done[job.name] = _failed(job, exceeded, seconds)
        return
    if len(worker.answer) > MAX_ANSWER:
        done[job.name] = _failed(job, "its answer was too large", seconds)
        return
    try:
        result = serialization.load(bytes(worker.answer), seconds=seconds)
    except serialization.SerializationError:
        done[job.name] = _failed(job, _cause_of_death(job, status), seconds)
        return
    if result.scanner != job.name or any(
        f.scanner != job.name for f in result.findings
    ):
        result = _failed(job, "answered in another scanner's name", seconds)
    elif result.status == "skipped":
        # Only who starts the gate may leave a scanner out.
        result = _failed(job, f"left itself out: {result.reason}", seconds)
    done[job.name] = result


def _cause_of_death(job: ScannerJob, status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return exceeded_cpu(job.cpu_seconds)
        return f"was killed by signal {number} ({signal.strsignal(number)})"
    return f"ended without an answer (exit code {os.waitstatus_to_exitcode(status)})"


def _failed(job: ScannerJob, reason: str, seconds: float) -> ScannerRun:
    return ScannerRun(job.name, "error", f"{job.name} {reason}", seconds)


def _start(
    job: ScannerJob, change: ChangeSet, others: Sequence[int], *, debug: bool
) -> tuple[int, _Worker]:
    read_end, write_end = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(read_end)
        os.close(write_end)
        raise
    if pid == 0:
        _work(job, change, write_end, (read_end, *others), debug=debug)
    os.close(write_end)
    with suppress(OSError):  # the worker does the same; whoever is first
        os.setpgid(pid, pid)
    started = time.monotonic()
    watchdog = Watchdog(
        lambda: cpu_of_group(pid), job.cpu_seconds, job.wall_seconds, grace=GRACE
    )
    return read_end, _Worker(job, pid, started, bytearray(), watchdog)


def _end(worker: _Worker) -> int:
    """Kill the worker and its children, and return its wait status.

    A worker that has ended by itself keeps the status that it ended with.
    """
    try:
        os.killpg(worker.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
    return os.waitpid(worker.pid, 0)[1]


def _work(
    job: ScannerJob,
    change: ChangeSet,
    answer: int,
    parents: Sequence[int],
    *,
    debug: bool,
) -> NoReturn:
    """Be the worker: scan, write the answer, and leave without any clean-up of the parent's.

    ``parents`` are descriptors that are the parent's alone.
    """
    code = 1
    try:
        for fd in parents:
            os.close(fd)
        _settle(job, answer, debug=debug)
        data = serialization.dump(_scan(job, change))
        _answering(answer)
        while data:
            data = data[os.write(answer, data) :]
        code = 0
    finally:
        os._exit(code)


def _settle(job: ScannerJob, answer: int, *, debug: bool) -> None:
    with suppress(OSError):
        os.setpgid(0, 0)
    for number in (*TERMINATION_SIGNALS, signal.SIGALRM, signal.SIGIO, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, TERMINATION_SIGNALS)
    # If the gate itself is killed, nobody else would end this process: at the
    # latest the alarm does, and where the kernel tells of a pipe whose reader
    # is gone (Linux), SIGIO ends it and its children at once.
    signal.setitimer(signal.ITIMER_REAL, job.wall_seconds + 2 * GRACE)
    with suppress(OSError):
        fcntl.fcntl(answer, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(answer, fcntl.F_SETFL, os.O_WRONLY | os.O_ASYNC)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1) if debug else (0, 1, 2):
        os.dup2(nowhere, fd)
    with suppress(ValueError, OSError):  # macOS refuses some of these
        resource.setrlimit(resource.RLIMIT_AS, (job.memory, job.memory))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit_cpu(job.cpu_seconds + GRACE)


def _answering(answer: int) -> None:
    """Let the parent read without that being a signal to end."""
    with suppress(OSError):
        fcntl.fcntl(answer, fcntl.F_SETFL, os.O_WRONLY)


def _scan(job: ScannerJob, change: ChangeSet) -> ScannerRun:
    try:
        context = job.context()
        result: object = scanner_in(job.module).scan(change, context)
    except MemoryError:
        return _failed(job, "ran out of memory", 0.0)
    except Exception as error:  # noqa: BLE001 - a crash is a result here, and this is its one home
        return _failed(
            job, f"crashed: {type(error).__name__}: {_short(str(error))}", 0.0
        )
    if not isinstance(result, ScannerRun):
        return _failed(job, "returned no run", 0.0)
    return result


def _short(text: str) -> str:
    """Cut a long text between words: the half of a secret would not be known for one."""
    if len(text) <= _REASON:
        return text
    return f"{text[: _REASON + 1].rpartition(' ')[0]} …"

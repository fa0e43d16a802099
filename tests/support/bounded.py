"""Work that must not take quadratic or exponential time, without reading a clock.

The work runs in a child process with a limit of CPU time. The limit is far above
what linear work needs and far below what quadratic work would need, so that only
the latter reaches it, also on a slow or busy machine. At the limit the child ends.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Case = TypeVar("Case")


def finishes(
    cases: Iterable[Case], work: Callable[[Case], object], *, cpu_seconds: int = 30
) -> None:
    """Run ``work`` on every case, all in one child, each with ``cpu_seconds`` of its own.

    Raises AssertionError that names the case whose work raised or was ended.
    """
    waiting = list(cases)
    assert waiting, "there is no case to run"
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # a worker of xdist has threads
        child = os.fork()
    if child == 0:
        os.close(reader)
        _run(waiting, work, cpu_seconds, writer)
    os.close(writer)
    with open(reader, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        return
    begun, _, trace = said.rpartition("\0")
    case = ascii(waiting[begun.count("\0")])[:200]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in {
        signal.SIGXCPU,
        signal.SIGKILL,
    }:
        raise AssertionError(f"more than {cpu_seconds} seconds of CPU time on {case}")
    raise AssertionError(f"status {status} on {case}\n{trace}")


def _run(
    cases: list[Case], work: Callable[[Case], object], cpu_seconds: int, writer: int
) -> NoReturn:
    """Run the cases in the child: a NUL for each that begins, a trace of one that raises."""
    code = 1
    try:
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for case in cases:
            os.write(writer, b"\0")
            used = resource.getrusage(resource.RUSAGE_SELF)
            limit = int(used.ru_utime + used.ru_stime) + 1 + cpu_seconds
            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
            work(case)
        code = 0
    except BaseException:  # noqa: BLE001 - told through the pipe; a child must not run on
        os.write(
            writer, traceback.format_exc().replace("\0", "").encode("utf-8", "replace")
        )
    finally:
        os._exit(code)


def calls_of(work: Callable[[], object]) -> int:
    """Return how many functions, of Python and of C, are called while ``work`` runs.

    The number is the same on every machine, so a bound on what work costs can be
    held without a clock.
    """
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls

"""Limits in seconds of CPU time, with a limit in wall time far behind.

A machine that is busy with other work takes wall time from a process, not CPU
time.  So what works is limited by the CPU time that it uses, and what only waits
(for a stopped child, a full pipe, a disk) by wall time.
"""

from __future__ import annotations

import math
import os
import resource
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
#: Seconds between two looks at a process that is close to its limit.
_SHORTEST_PAUSE = 0.05
#: Seconds from the kernel's first signal (SIGXCPU) to SIGKILL.
_KERNEL_GRACE = 5
# Fields of /proc/PID/stat, counted after the program's name.
_GROUP = 2
_TIMES = slice(11, 15)  # utime, stime, and both of the children that were waited for


def cpu_used() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def cpu_of_process(pid: int) -> float | None:
    """Return the CPU seconds of a process and of its children that have ended.

    None where the system does not say: it has no /proc, or the process is gone.
    """
    fields = _stat(pid)
    return None if fields is None else _seconds(fields)


def cpu_of_group(group: int) -> float | None:
    """Return the CPU seconds of all processes of a group, and of their ended children.

    None where the system does not say.
    """
    try:
        names = os.listdir("/proc")
    except OSError:
        return None
    members = [
        fields
        for name in names
        if name.isdecimal()
        and (fields := _stat(int(name))) is not None
        and int(fields[_GROUP]) == group
    ]
    return sum(_seconds(fields) for fields in members) if members else None


def limit_cpu(seconds: float, pid: int = 0) -> None:
    """Let the kernel end a process that uses more CPU time, as far as the system can.

    The limit is rounded up to a whole second, holds for each process by itself and
    is inherited.  ``pid`` 0 is this process; others can be limited on Linux alone.
    """
    soft = math.ceil(seconds) + 1
    with suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        hard = soft + _KERNEL_GRACE
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        if not pid:
            resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
        elif sys.platform == "linux":
            resource.prlimit(pid, resource.RLIMIT_CPU, (soft, hard))


class Watchdog:
    """Watches one process, or one group, against both limits.

    ``used`` returns its CPU seconds so far, or None where they are not known;
    ``before`` of them do not count.  ``wall`` are seconds from now.  ``grace`` are
    seconds that each limit may be exceeded by.
    """

    def __init__(
        self,
        used: Callable[[], float | None],
        cpu: float,
        wall: float,
        *,
        before: float = 0.0,
        grace: float = 0.0,
    ) -> None:
        now = time.monotonic()
        self._used = used
        self._cpu = cpu
        self._wall = wall
        self._most = before + cpu + grace
        self._deadline = now + wall + grace
        self._next_look = now + _shortest_time(cpu + grace)

    def exceeded(self) -> str:
        """Return which limit was exceeded, as the end of a sentence; "" for neither."""
        now = time.monotonic()
        if now >= self._deadline:
            return exceeded_wall(self._wall)
        if now < self._next_look:
            return ""
        used = self._used()
        left = math.inf if used is None else self._most - used
        if left < 0:
            return exceeded_cpu(self._cpu)
        self._next_look = now + _shortest_time(left)
        return ""

    def pause(self) -> float:
        """Return the wall seconds in which neither limit can be exceeded, at least 0."""
        return max(0.0, min(self._next_look, self._deadline) - time.monotonic())


def _shortest_time(cpu: float) -> float:
    """Return the wall seconds in which all processors together use this CPU time."""
    return max(_SHORTEST_PAUSE, cpu / (os.cpu_count() or 1))


def exceeded_cpu(seconds: float) -> str:
    """Return what is said of a process that used too much CPU time."""
    return f"used more than {_rounded(seconds)} s of CPU time"


def exceeded_wall(seconds: float) -> str:
    """Return what is said of a process that did not end in this wall time."""
    return f"did not finish within {_rounded(max(0.0, seconds))} s"


def _rounded(seconds: float) -> str:
    return f"{round(seconds, 1):g}" if seconds >= 1 else f"{seconds:.2g}"


def _stat(pid: int) -> list[bytes] | None:
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            text = file.read(4096)
    except OSError:
        return None
    # The name before the last ")" is the process's own choice.
    fields = text.rpartition(b")")[2].split()
    return fields if len(fields) >= _TIMES.stop else None


def _seconds(fields: list[bytes]) -> float:
    return sum(int(field) for field in fields[_TIMES]) / _TICKS_A_SECOND

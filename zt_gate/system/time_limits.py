"""Time limits: CPU time for a process that works, a longer wall time for one that waits.

On a machine that is busy with other work a process needs more wall time, but not more
CPU time.  So the CPU limit ends a process that works too long, and the wall limit one
that only waits (for a stopped child, a full pipe, a disk).
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
#: Seconds between two checks of a process that is close to its limit.
_SHORTEST_PAUSE = 0.05
#: Seconds from the kernel's first signal (SIGXCPU) to SIGKILL.
_KERNEL_GRACE = 5
#: Seconds between two looks whether a process waits, and its state in /proc for a wait
#: that is none for a disk.
_SAMPLE = 1.0
_WAITS = b"S"
# Fields of /proc/PID/stat, counted after the program's name.
_STATE = 0
_GROUP = 2
_TIMES = slice(11, 15)  # utime, stime, and both of its children that have exited


def cpu_used() -> float:
    """Return the CPU seconds of this process and of its children that have exited."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def cpu_of_process(pid: int) -> float | None:
    """Return the CPU seconds of a process and of its children that have exited.

    None if unknown: the system has no /proc, or the process is gone.
    """
    fields = _stat(pid)
    return None if fields is None else _seconds(fields)


def is_waiting(pid: int) -> bool:
    """Whether a process waits for something other than a disk; False if unknown."""
    fields = _stat(pid)
    return fields is not None and fields[_STATE] == _WAITS


def cpu_of_group(group: int) -> float | None:
    """Return the CPU seconds of all processes of a group and of their exited children.

    None if unknown.
    """
    try:
        names = os.listdir("/proc")
    except OSError:
        return None
    seconds_of_members = []
    for name in names:
        fields = _stat(int(name)) if name.isdecimal() else None
        if fields is not None and int(fields[_GROUP]) == group:
            seconds_of_members.append(_seconds(fields))
    return sum(seconds_of_members) if seconds_of_members else None


def limit_cpu(seconds: float, pid: int = 0) -> None:
    """Let the kernel end a process that uses more CPU time, if the system supports it.

    The limit is rounded up to a whole second, applies to each process separately and
    is inherited.  ``pid`` 0 is this process; only Linux can limit another one.
    """
    soft = math.ceil(seconds) + 1
    with suppress(OSError, ValueError):
        _, highest = resource.getrlimit(resource.RLIMIT_CPU)
        hard = soft + _KERNEL_GRACE
        if highest != resource.RLIM_INFINITY:
            soft = min(soft, highest)
            hard = min(hard, highest)
        if not pid:
            resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
        elif sys.platform == "linux":
            resource.prlimit(pid, resource.RLIMIT_CPU, (soft, hard))


class Watchdog:
    """Checks the CPU limit and the wall limit of one process or process group.

    ``used`` returns its CPU seconds so far, or None if unknown; ``before`` of them do
    not count.  ``cpu`` and ``wall`` are the limits, ``wall`` in seconds from now;
    ``grace`` is added to both.  ``stall`` limits the seconds in which the process uses
    no CPU time while ``waits`` is true, as one that opens a named pipe does.
    """

    def __init__(
        self,
        used: Callable[[], float | None],
        cpu: float,
        wall: float,
        *,
        before: float = 0.0,
        grace: float = 0.0,
        waits: Callable[[], bool] = lambda: False,
        stall: float = math.inf,
    ) -> None:
        now = time.monotonic()
        self._used = used
        self._cpu = cpu
        self._wall = wall
        self._cpu_end = before + cpu + grace
        self._deadline = now + wall + grace
        self._next_check = now + _shortest_time(cpu + grace)
        self._waits = waits
        self._stall = stall
        self.restart()

    def restart(self) -> None:
        """Count a wait of the process from now on, because it could not work before."""
        self._idle_since = time.monotonic()
        self._next_sample = math.inf
        if math.isfinite(self._stall):
            self._next_sample = self._idle_since + _SAMPLE
        self._last_used: float | None = None

    def exceeded(self) -> str:
        """Return the exceeded limit as the end of a sentence, "" if none was exceeded."""
        now = time.monotonic()
        if now >= self._deadline:
            return exceeded_wall(self._wall)
        if now >= self._next_sample and self._has_stalled(now):
            return (
                f"did nothing for {_rounded(self._stall)} s: a file that it opened may be a "
                "named pipe"
            )
        if now < self._next_check:
            return ""
        used = self._used()
        remaining = math.inf if used is None else self._cpu_end - used
        if remaining < 0:
            return exceeded_cpu(self._cpu)
        self._next_check = now + _shortest_time(remaining)
        return ""

    def pause(self) -> float:
        """Return the wall seconds, at least 0, until a limit can be exceeded."""
        soonest = min(self._next_check, self._deadline, self._next_sample)
        return max(0.0, soonest - time.monotonic())

    def _has_stalled(self, now: float) -> bool:
        used = self._used()
        if used is None or used != self._last_used or not self._waits():
            self._idle_since = now
            self._last_used = used
        self._next_sample = now + _SAMPLE
        return now - self._idle_since >= self._stall


def _shortest_time(cpu: float) -> float:
    """Return the wall seconds in which all processors together can use this CPU time."""
    return max(_SHORTEST_PAUSE, cpu / (os.cpu_count() or 1))


def exceeded_cpu(seconds: float) -> str:
    """Return the message for a process that exceeded its CPU limit."""
    return f"used more than {_rounded(seconds)} s of CPU time"


def exceeded_wall(seconds: float) -> str:
    """Return the message for a process that exceeded its wall limit."""
    return f"did not finish within {_rounded(max(0.0, seconds))} s"


def _rounded(seconds: float) -> str:
    return f"{round(seconds, 1):g}" if seconds >= 1 else f"{seconds:.2g}"


def _stat(pid: int) -> list[bytes] | None:
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            text = file.read(4096)
    except OSError:
        return None
    # The process chooses its own name, which ends at the last ")".
    fields = text.rpartition(b")")[2].split()
    return fields if len(fields) >= _TIMES.stop else None


def _seconds(fields: list[bytes]) -> float:
    return sum(int(field) for field in fields[_TIMES]) / _TICKS_A_SECOND

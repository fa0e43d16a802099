"""Whether other processes of a user can reach into a hook, or into the client above it.

What reaches into a client can make it start no hook, whatever the hook is.  So a broker
believes no hook that is traced, and its answers are enforced only where the kernel keeps
the user's processes apart.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

#: The kernel's setting: from 1 on, only what started a process can attach to it.
ATTACH_SETTING = "/proc/sys/kernel/yama/ptrace_scope"


def traced(processes: Sequence[int]) -> str:
    """Return which process is traced by another one, "" if none is.

    A process that cannot be read counts as traced.
    """
    for number in processes:
        tracer = _tracer(number)
        if tracer:
            return f"process {number} is traced by process {tracer}"
    return ""


def attachable(processes: Sequence[int], *, setting: str = ATTACH_SETTING) -> str:
    """Return to which process others of the user can attach, "" to none.

    That is allowed where ``kernel.yama.ptrace_scope`` is 0 or missing, except for a
    process that the kernel keeps closed: one whose program users cannot read, or that
    has more rights.  Its files in /proc belong to root then.
    """
    if restricted(setting):
        return ""
    for number in processes:
        try:
            is_open = os.stat(f"/proc/{number}/status").st_uid != 0
        except OSError:
            is_open = True
        if is_open:
            return (
                f"other processes of the user can attach to process {number}"
                " (kernel.yama.ptrace_scope is 0 or missing)"
            )
    return ""


def restricted(setting: str = ATTACH_SETTING) -> bool:
    """Whether the kernel lets a process attach only to what it started itself."""
    try:
        with open(setting, encoding="ascii") as file:
            return int(file.read(8)) >= 1
    except (OSError, ValueError):
        return False


def _tracer(number: int) -> str:
    try:
        with open(f"/proc/{number}/status", "rb") as file:
            lines = file.read(8192).splitlines()
    except OSError:
        return "another one, or has ended"
    for line in lines:
        if line.startswith(b"TracerPid:"):
            value = line.partition(b":")[2].strip().decode("ascii", "replace")
            return "" if value == "0" else value
    return "another one, or cannot be read"

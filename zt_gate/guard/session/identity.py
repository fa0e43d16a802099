"""Says which client process an event comes from, and which ones are above it.

A session's own id is only a label: a client can be started with another one.  What
started what is the system's to say.  A process that detaches itself has lost its
ancestors; for that the repository counts as well (``zt_gate.guard.session.records``).
"""

from __future__ import annotations

import os
import sys

from zt_gate.system import ancestors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.system.ancestors import Ancestor

#: Programs between a client and the hook that it starts.
_WRAPPERS = frozenset(
    ("sh", "bash", "dash", "zsh", "ksh", "busybox", "env", "timeout", "nice", "zt-gate")
)


def process_keys(chain: Sequence[Ancestor] | None = None) -> tuple[str, ...]:
    """Return what names the client's process and those above it, the client first.

    ``chain`` are the hook's ancestors, the parent first; None reads them.
    """
    if chain is None:
        chain = ancestors.ancestors()
    # Process 1 and the kernel's own are above everything of the machine.
    return tuple(
        key_of(process)
        for process in chain[_place_of_client(chain) :]
        if process.pid > 1
    )


def key_of(process: Ancestor) -> str:
    """Return the key of one process."""
    return f"{_machine()}:{process.pid}:{process.started}"


def up_to_client(chain: Sequence[Ancestor]) -> tuple[int, ...]:
    """Return the processes between a hook and its client, and the client's."""
    return tuple(process.pid for process in chain[: _place_of_client(chain) + 1])


def _place_of_client(chain: Sequence[Ancestor]) -> int:
    place = 0
    while place < len(chain) - 1 and _is_wrapper(chain[place]):
        place += 1
    return place


def own_key() -> str:
    """Return the key of this process."""
    return f"{_machine()}:{os.getpid()}:{_start_of(os.getpid())}"


def pid_of(key: str) -> int:
    """Return the process of a key, 0 if it ended or is not one of this machine's."""
    machine, _, rest = key.partition(":")
    number, _, started = rest.partition(":")
    if machine != _machine() or not number.isdigit() or not started.isdigit():
        return 0
    return int(number) if _start_of(int(number)) == int(started) else 0


def is_here(key: str) -> bool:
    """Whether the process of a key runs on this machine."""
    return pid_of(key) > 0


def _start_of(number: int) -> int:
    """Return when a process started, in ticks since the machine's start; -1 for none.

    One that ended, and that nobody has waited for yet, is none.
    """
    if sys.platform != "linux":
        found = ancestors.ancestors(number)[:1]
        return found[0].started if found else -1
    try:
        with open(f"/proc/{number}/stat", "rb") as file:
            fields = file.read(4096).rpartition(b")")[2].split()
    except OSError:
        return -1
    return int(fields[19]) if len(fields) > 19 and fields[0] not in b"ZX" else -1


def _is_wrapper(process: Ancestor) -> bool:
    name = os.path.basename(process.words[0]) if process.words else process.name
    if name.lstrip("-") in _WRAPPERS or process.name in _WRAPPERS:
        return True
    return name.startswith("python") and any(
        word.endswith(("zt-gate", "zt_gate")) for word in process.words[:6]
    )


def _machine() -> str:
    """Return what names this start of the machine, and the table of its processes."""
    boot = ""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read(64).strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except (OSError, ValueError):
        return boot
    return f"{boot}/{namespace.strip('pid:[]')}"

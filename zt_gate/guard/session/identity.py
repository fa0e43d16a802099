"""Says which client process an event comes from, and which ones are above it.

A session's own id is only a label: a client can be started with another one.  What
started what is the system's to say.  A process that detaches itself has lost its
ancestors; for that the repository counts as well (``zt_gate.guard.session.records``).
"""

from __future__ import annotations

import os

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
    machine = _machine()
    place = 0
    while place < len(chain) - 1 and _is_wrapper(chain[place]):
        place += 1
    # Process 1 and the kernel's own are above everything of the machine.
    return tuple(
        f"{machine}:{process.pid}:{process.started}"
        for process in chain[place:]
        if process.pid > 1
    )


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

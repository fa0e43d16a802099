"""The clients whose events the guard reads: one file each.

Their names are in ``zt_gate.syntax.guard_hook``; a client's file has its name with
underscores, and ``CLIENT``.
"""

from __future__ import annotations

from importlib import import_module

from zt_gate.syntax.guard_hook import CLIENT_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.clients.base import AgentClient


def names() -> tuple[str, ...]:
    """Return the names of all clients."""
    return CLIENT_NAMES


def client(name: str) -> AgentClient:
    """Return a client; raises KeyError for an unknown name."""
    if name not in CLIENT_NAMES:
        raise KeyError(name)
    module = import_module(f"zt_gate.guard.clients.{name.replace('-', '_')}")
    found: AgentClient = module.CLIENT
    return found

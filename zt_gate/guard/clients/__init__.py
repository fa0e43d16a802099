"""The clients whose events the guard reads: one file each, and one line in ``CLIENTS``."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.clients.base import AgentClient

#: Name on the command line, module with ``CLIENT``.
CLIENTS = (
    ("claude-code", "zt_gate.guard.clients.claude_code"),
    ("codex", "zt_gate.guard.clients.codex"),
)


def names() -> tuple[str, ...]:
    """Return the names of all clients."""
    return tuple(name for name, _ in CLIENTS)


def client(name: str) -> AgentClient:
    """Return a client; raises KeyError for an unknown name."""
    module = import_module(dict(CLIENTS)[name])
    found: AgentClient = module.CLIENT
    return found

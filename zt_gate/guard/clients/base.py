"""What the guard needs of a client: its events in, its answers out."""

from __future__ import annotations

from zt_gate.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from zt_gate.guard.action import AgentEvent
    from zt_gate.guard.decision import GuardDecision
else:
    Protocol = object  # a hook call must not pay for importing typing


class AgentEventError(Exception):
    """An event cannot be read; the text says why and quotes no value of it."""


@record
class Rendered:
    """The answer as the client reads it: exit code, standard output, standard error."""

    exit_code: int = 0
    stdout: bytes = b""
    stderr: bytes = b""


class AgentClient(Protocol):
    """One client; a module of this folder has it as ``CLIENT``."""

    #: The name on the command line, such as ``claude-code``.
    name: str
    #: Names that the client's process has, or that a word of its command line ends with.
    process_names: tuple[str, ...]
    #: Files and folders with settings of the client: below ``~/``, ``./`` (the project)
    #: or absolute.  Nothing that a session runs may change them.
    own_paths: tuple[str, ...]
    #: Files that define MCP servers, in the form of ``own_paths``, with the keys that lead
    #: to the table of servers.
    mcp_files: tuple[tuple[str, tuple[str, ...]], ...]

    def parse(self, data: bytes) -> AgentEvent:
        """Return an event; raises AgentEventError for what is no event of this client.

        An event, tool or field that the reader does not know is an UnknownEvent in
        ``actions``, not an error.
        """

    def render(
        self, event: AgentEvent, decision: GuardDecision, replaced: Any = None
    ) -> Rendered:
        """Return the answer to an event.

        ``decision`` never allows.  A concern whose answer is silent stops nothing: its
        reason is told to the agent where the client can.  ``replaced`` is the output
        that the model gets instead of the tool's, in the tool's own shape; None keeps it.
        """

    def refuse(self, reason: str) -> Rendered:
        """Return the answer that stops whatever the event was, with a reason."""

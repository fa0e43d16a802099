"""What an agent is about to do, or has received, in one form for all clients."""

from __future__ import annotations

from zt_gate.record import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


@record(frozen=True, slots=True)
class RunCommand:
    """A text for a shell that starts in ``cwd``."""

    text: str
    cwd: str
    dialect: str = "bash"
    is_background: bool = False


@record(frozen=True, slots=True)
class ReadFile:
    """A file or folder whose content the agent would see; ``path`` as the tool has it."""

    path: str
    cwd: str


@record(frozen=True, slots=True)
class WriteFile:
    """What a tool would make of a file: its whole new content.

    ``content`` is None where the tool removes the file.  ``fragment`` is the new text
    alone where the whole is not known (an edit of a file that cannot be read).
    """

    path: str
    cwd: str
    content: bytes | None
    fragment: bytes = b""


@record(frozen=True, slots=True)
class FetchAddress:
    """A request to the network by a tool of the client itself."""

    url: str


@record(frozen=True, slots=True)
class CallTool:
    """Any other tool, such as an MCP server's."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@record(frozen=True, slots=True)
class TypeInput:
    """Text that is typed into a program which runs already."""

    text: str
    cwd: str


@record(frozen=True, slots=True)
class Prompt:
    """What the person asks for."""

    text: str


@record(frozen=True, slots=True)
class ToolOutput:
    """What a tool gave back; ``output`` has the tool's own shape."""

    tool: str
    output: Any


@record(frozen=True, slots=True)
class Notice:
    """An event that only informs: a session or subagent begins or ends."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


@record(frozen=True, slots=True)
class UnknownEvent:
    """An event, tool or field that no reader knows; ``acts`` if something would happen."""

    what: str
    acts: bool


Action = (
    RunCommand
    | ReadFile
    | WriteFile
    | FetchAddress
    | CallTool
    | TypeInput
    | Prompt
    | ToolOutput
    | Notice
    | UnknownEvent
)


@record(frozen=True, slots=True)
class AgentEvent:
    """One event of a client.

    ``actions`` are all that the one tool call would do.  ``asks`` tells whether the
    client asks the person about what the guard leaves open; ``ask_holds`` whether an "ask"
    of the guard is proved to stop the call until somebody has said yes.  ``agent`` is not
    "" for a subagent; ``agent_kind`` is the name of what it was made from.
    ``transcript`` is the file in which the client keeps the session, "" if it names none.
    """

    client: str
    name: str
    session: str
    cwd: str
    actions: tuple[Action, ...]
    agent: str = ""
    tool: str = ""
    asks: bool = True
    agent_kind: str = ""
    ask_holds: bool = False
    transcript: str = ""

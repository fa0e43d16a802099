"""Judges calls of an MCP server's tools by the server's pin."""

from __future__ import annotations

from zt_gate.guard import clients
from zt_gate.guard.decision import Answer, Concern
from zt_gate.guard.mcp.compare import ServerProject, problem_of
from zt_gate.guard.mcp.definitions import definitions, of_call
from zt_gate.guard.private_file import GuardStateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.guard.action import CallTool
    from zt_gate.guard.context import GuardContext
    from zt_gate.guard.places import GuardPlaces


def judge_server(  # noqa: PLR0917
    action: CallTool,
    client: str,
    context: GuardContext,
    repository: str,
    places: GuardPlaces,
    proof: str,
) -> Iterator[Concern]:
    """Yield what speaks against a call: a server that nobody reviewed, or that changed.

    ``proof`` is what the policy asks of the person who reviews.
    """
    project = ServerProject(context.root, repository, context.environ.get("PATH", ""))
    try:
        known = definitions([clients.client(client)], context.root, context.home)
        fitting, name = of_call(action.name, action.arguments, known)
        if not name:
            return
        if not fitting:
            yield _not_reviewed(name, "no settings file that the guard reads has it")
            return
        problem, is_known = problem_of(fitting, project, places, proof)
    except GuardStateError as error:
        yield _changed("", str(error))
        return
    if problem and is_known:
        yield _changed(name, problem)
    elif problem:
        yield _not_reviewed(name, problem)


def _not_reviewed(name: str, problem: str) -> Concern:
    return Concern(
        "mcp/not-reviewed",
        Answer.ASK,
        f"The MCP server {name!a} is not pinned: {problem}.",
        _next_step(name),
    )


def _changed(name: str, problem: str) -> Concern:
    about = f"The MCP server {name!a}" if name else "An MCP server"
    return Concern(
        "mcp/changed",
        Answer.DENY,
        f"{about} is not used: {problem}.",
        _next_step(name),
    )


def _next_step(name: str) -> str:
    import shlex

    return (
        f"A person looks at it: zt-gate guard mcp review {shlex.quote(name or 'NAME')}"
    )

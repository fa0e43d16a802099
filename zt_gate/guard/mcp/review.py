"""Shows a person what a server is, and pins what the person has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.guard import clients
from zt_gate.guard.mcp import artifacts, compare, pins, tools
from zt_gate.guard.mcp.definitions import definitions
from zt_gate.record import asdict, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zt_gate.guard.mcp.definitions import ServerDefinition
    from zt_gate.guard.mcp.start import ServerTools
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.guard.scan import ContentScanner

#: Days that a review holds, as an approval does.
REVIEW_DAYS = 90
_LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Seen:
    """What a review shows of one server; ``remarks`` speak against pinning it."""

    server: ServerDefinition
    pin: pins.ServerPin
    told: ServerTools | None
    remarks: tuple[str, ...]
    before: pins.ServerPin | None


def all_definitions(root: str, home: str) -> list[ServerDefinition]:
    """Return the servers in the settings of all clients; raises GuardStateError."""
    known = [clients.client(name) for name in clients.names()]
    return definitions(known, root, home)


def listed(
    project: compare.ServerProject, places: GuardPlaces, policy: GuardPolicy
) -> Iterator[tuple[ServerDefinition, str, str]]:
    """Yield each server with its state (pinned, new, disabled) and a reason."""
    known = pins.read_pins(places)
    for server in all_definitions(project.root, places.home):
        pin = known.find(server.name, server.scope)
        if pin is None:
            yield server, "new", "no person has reviewed it"
            continue
        problem = compare.problem_of_pin(server, pin, known, project, policy.proof)
        yield (
            server,
            "disabled" if problem else "pinned",
            problem or _about(server, pin),
        )


def _about(server: ServerDefinition, pin: pins.ServerPin) -> str:
    if pin.tools is None:
        return "its tools were not read"
    if artifacts.relayed(server.words) is None:
        return "a change of its tools is seen only at a review: start it with guard mcp run"
    number = sum(1 for name in pin.tools if tools.is_tool(name))
    others = sum(1 for name in pin.tools if name) - number
    more = f", {others} prompts and resources" if others else ""
    return f"{number} tool{'s' if number != 1 else ''}{more}, checked at each start"


def seen(
    server: ServerDefinition,
    told: ServerTools | None,
    project: compare.ServerProject,
    places: GuardPlaces,
    scanner: ContentScanner,
) -> Seen:
    """Return what a person is shown; raises UsageError if it cannot be pinned."""
    with pins.opened(places) as known:
        known.changed = True  # the salt of the digests stays the same from now on
    remarks = list(artifacts.problems_of(server))
    if told is not None:
        remarks += [
            f"hidden instructions in {name}: {text}"
            for name, text in tools.hidden_instructions(told.texts, scanner)
        ]
    try:
        files = artifacts.artifacts_of(server, project.root, project.search_path)
    except artifacts.UnpinnableError as error:
        raise UsageError(f"{server.name} cannot be pinned: {error}") from error
    if server.words and not files:
        remarks.append(f"{server.words[0]} is not found in PATH")
    new = pins.ServerPin(
        server.name,
        server.scope,
        known.parts_of(server),
        files,
        told.digests if told is not None else None,
    )
    before = known.find(server.name, server.scope)
    return Seen(server, new, told, tuple(remarks), before)


def shown(
    found: Seen, places: GuardPlaces, project: compare.ServerProject
) -> Iterator[str]:
    """Yield what a review says, a line each; texts of the server are not escaped here."""
    server = found.server
    yield f"{server.name}, in {server.file}"
    yield f"  starts: {' '.join(server.words) or server.address}"
    for path in found.pin.artifacts:
        yield f"  runs:   {path}"
    if found.before is not None:
        yield from _changes(found, found.before, places, project)
    for text in found.told.texts if found.told is not None else ():
        if text.name or text.text:
            yield f"  {text.title} says:"
            lines = text.text[:_LONGEST_TEXT].splitlines()
            yield from (f"      {line}" for line in lines)
    if found.told is None:
        yield "  its tools were not read"
    for remark in found.remarks:
        yield f"  remark: {remark}"


def _changes(
    found: Seen,
    before: pins.ServerPin,
    places: GuardPlaces,
    project: compare.ServerProject,
) -> Iterator[str]:
    known = pins.read_pins(places)
    for text in compare.differences(found.server, before, known, project):
        yield f"  changed since {before.approval.get('since', 'the last review')}: {text}"
    if found.told is not None and before.tools is not None:
        for tool in tools.changed(found.told.texts, before.tools):
            how = "changed" if tool.name in before.tools else "new"
            yield f"  {how}: {tool.title}"


def pin(  # noqa: PLR0917
    found: Seen,
    project: compare.ServerProject,
    places: GuardPlaces,
    policy: GuardPolicy,
    environ: Mapping[str, str],
    by: str,
    reason: str,
    key: str,
    ask: Callable[[str], str],
) -> None:
    """Pin what a person has seen; raises UsageError, ApprovalError or GuardStateError."""
    from zt_gate.guard import log, person
    from zt_gate.record import replace

    name = found.server.name
    if ask(f"type {name} to let agents use this server: ") != name:
        raise UsageError("nothing was pinned: the name does not match")
    request = person.request(
        pins.RULE, found.pin.change, project.repository, by, reason, days=REVIEW_DAYS
    )
    proven = person.proven(request, policy.proof, environ, key, ask, "pinned")
    with pins.opened(places) as known:
        log.append(
            places,
            policy,
            {"event": "mcp-reviewed", "server": name, "by": by, "reason": reason,
             "root": project.root, "remarks": list(found.remarks)},
        )  # fmt: skip
        known.put(replace(found.pin, approval=asdict(proven)))


def disable(
    found: list[tools.ToolText],
    server: ServerDefinition,
    root: str,
    places: GuardPlaces,
    policy: GuardPolicy,
) -> str:
    """Disable a pinned server whose tools differ; returns the reason."""
    from zt_gate.guard import log
    from zt_gate.record import replace

    names = [tool.title for tool in found]
    text = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if names[5:] else "")
    reason = f"what the server says of itself has changed: {text}"
    with pins.opened(places) as known:
        pinned = known.find(server.name, server.scope)
        if pinned is not None:
            known.put(replace(pinned, disabled=reason))
        log.append(
            places,
            policy,
            {"event": "mcp-changed", "server": server.name, "root": root,
             "changed": names[:50]},
        )  # fmt: skip
    return f"{reason}. A person looks at it: zt-gate guard mcp review {server.name}"

"""Compares a server with its pin: what has changed since a person has seen it."""

from __future__ import annotations

from zt_gate.guard.mcp.artifacts import UnpinnableError, artifacts_of
from zt_gate.guard.mcp.pins import RULE, read_pins
from zt_gate.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.guard.mcp.artifacts import Artifact
    from zt_gate.guard.mcp.definitions import ServerDefinition
    from zt_gate.guard.mcp.pins import Pins, ServerPin
    from zt_gate.guard.places import GuardPlaces

_MOST_NAMED = 4


def differences(
    server: ServerDefinition, pin: ServerPin, pins: Pins, project: ServerProject
) -> list[str]:
    """Return what differs from the pin: parts of the settings, files that run."""
    found = []
    parts = _changed(pin.parts, pins.parts_of(server))
    if parts:
        found.append(f"its settings in {server.file} ({_named(parts)})")
    try:
        now = artifacts_of(server, project.root, project.search_path, pin.artifacts)
    except UnpinnableError as error:
        return [*found, f"what runs ({error})"]
    files = _changed(_digests(pin.artifacts), _digests(now))
    if files:
        found.append(f"what runs ({_named(files)})")
    return found


@record
class ServerProject:
    """Where servers are used: the project, and the folders in which programs are found."""

    root: str
    repository: str
    search_path: str


def problem_of(
    servers: Sequence[ServerDefinition],
    project: ServerProject,
    places: GuardPlaces,
    proof: str,
) -> tuple[str, bool]:
    """Return why the definitions of a server may not be used, ("", …) if each may.

    The second value tells that a person has seen the server, and it changed since.
    ``proof`` is what the policy asks of a person.  Raises GuardStateError.
    """
    pins = read_pins(places)
    for server in servers:
        pin = pins.find(server.name, server.scope)
        if pin is None:
            return f"no person has reviewed what {server.file} says", False
        problem = problem_of_pin(server, pin, pins, project, proof)
        if problem:
            return problem, True
    return "", False


def problem_of_pin(
    server: ServerDefinition,
    pin: ServerPin,
    pins: Pins,
    project: ServerProject,
    proof: str,
) -> str:
    """Return why a server is not what its pin says, "" if it is."""
    if pin.disabled:
        return pin.disabled
    changed = differences(server, pin, pins, project)
    if changed:
        return f"since a person has reviewed it, {' and '.join(changed)} changed"
    outdated = decision_problem(pin, proof, project.repository)
    return f"its review does not count: {outdated}" if outdated else ""


def decision_problem(pin: ServerPin, proof: str, repository: str) -> str:
    """Return why the decision that a pin has does not hold, "" if it does."""
    from zt_gate.guard.person import problem_of_record

    return problem_of_record(pin.approval, RULE, pin.change, proof, repository)


def _digests(artifacts: Mapping[str, Artifact]) -> dict[str, str]:
    return {path: one.digest for path, one in artifacts.items()}


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    names = sorted(before.keys() | now.keys())
    return [name for name in names if before.get(name) != now.get(name)]


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more

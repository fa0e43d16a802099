"""What a person has seen of MCP servers, in one private file of the guard's state.

Of a definition there are salted digests of its parts, since some are credentials.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager

from zt_gate.guard.mcp.artifacts import Artifact
from zt_gate.guard.mcp.definitions import leaves
from zt_gate.guard.private_file import (
    GuardStateError,
    locked,
    read_private,
    write_private,
)
from zt_gate.record import field, record
from zt_gate.system.digests import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from zt_gate.guard.mcp.definitions import ServerDefinition
    from zt_gate.guard.places import GuardPlaces

RULE = "guard/mcp-server"
_FILE = "mcp.json"
_VERSION = 1


@record
class ServerPin:
    """One server as a person has seen it.

    ``scope`` is where its definition stands.
    ``parts`` are salted digests of its definition.  ``tools`` are digests of its tools by
    name, and of its instructions under ""; None if they were not read.  ``approval`` is
    the person's decision.  ``disabled`` says what has changed since, "" for nothing.
    """

    name: str
    scope: str
    parts: Mapping[str, str]
    artifacts: Mapping[str, Artifact]
    tools: Mapping[str, str] | None = None
    approval: Mapping[str, Any] = field(default_factory=dict)
    disabled: str = ""

    @property
    def change(self) -> str:
        """What the decision is about: everything that was seen."""
        seen = {
            "scope": self.scope,
            "parts": dict(self.parts),
            "artifacts": {path: one.digest for path, one in self.artifacts.items()},
            "tools": None if self.tools is None else dict(self.tools),
        }
        text = json.dumps(seen, sort_keys=True, separators=(",", ":"))
        return f"mcp server {self.name} {sha256(text.encode())}"


@record(frozen=False, slots=True)
class Pins:
    """All pins; ``changed`` has them written at the end of ``opened``."""

    salt: str
    known: list[ServerPin]
    changed: bool = False

    def find(self, name: str, scope: str) -> ServerPin | None:
        """Return the pin of a server, None if nobody has seen it."""
        found = (one for one in self.known if (one.name, one.scope) == (name, scope))
        return next(found, None)

    def put(self, pin: ServerPin) -> None:
        """Add a pin, or replace that of the same server."""
        self.remove(pin.name, pin.scope)
        self.known.append(pin)
        self.changed = True

    def remove(self, name: str, scope: str) -> bool:
        """Forget a server; returns whether it was known."""
        kept = [one for one in self.known if (one.name, one.scope) != (name, scope)]
        was_known = len(kept) < len(self.known)
        self.known = kept
        self.changed = self.changed or was_known
        return was_known

    def parts_of(self, server: ServerDefinition) -> dict[str, str]:
        """Return the salted digests of the parts of a definition."""
        return {
            path: sha256(f"{self.salt}\0{path}\0{value!r}".encode())[:32]
            for path, value in leaves(server.table)
        }


def read_pins(places: GuardPlaces) -> Pins:
    """Return the pins; raises GuardStateError."""
    path = os.path.join(places.state, _FILE)
    data = read_private(path)
    if data is None:
        return Pins(os.urandom(16).hex(), [])
    try:
        table = json.loads(data)
        if table["version"] != _VERSION:
            raise ValueError("version")
        return Pins(str(table["salt"]), [_pin(row) for row in table["servers"]])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise GuardStateError(
            f"{path} is damaged; a person removes it and reviews the servers again"
        ) from error


@contextmanager
def opened(places: GuardPlaces) -> Iterator[Pins]:
    """Let one process at a time change the pins; raises GuardStateError."""
    with locked(os.path.join(places.state, "mcp")):
        pins = read_pins(places)
        yield pins
        if pins.changed:
            rows = [_row(one) for one in pins.known]
            table = {"version": _VERSION, "salt": pins.salt, "servers": rows}
            data = json.dumps(table, indent=1).encode("ascii") + b"\n"
            write_private(os.path.join(places.state, _FILE), data)


def _row(pin: ServerPin) -> dict[str, Any]:
    return {
        "name": pin.name,
        "scope": pin.scope,
        "parts": dict(pin.parts),
        "artifacts": {
            path: [one.digest, one.identity] for path, one in pin.artifacts.items()
        },
        "tools": None if pin.tools is None else dict(pin.tools),
        "approval": dict(pin.approval),
        "disabled": pin.disabled,
    }


def _pin(row: Mapping[str, Any]) -> ServerPin:
    tools = row["tools"]
    return ServerPin(
        str(row["name"]),
        str(row["scope"]),
        dict(row["parts"]),
        {path: Artifact(*one) for path, one in row["artifacts"].items()},
        None if tools is None else dict(tools),
        dict(row["approval"]),
        str(row["disabled"]),
    )

"""Reads which MCP servers a client's settings define."""

from __future__ import annotations

import json
import os

from zt_gate.guard.private_file import GuardStateError
from zt_gate.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from zt_gate.guard.clients.base import AgentClient

_MAX_BYTES = 16 << 20
#: In the place of a settings file's key: the project's path.
ROOT = "@root"
#: Tools of clients that read from a server, with the argument that names it.
_READERS = frozenset(
    ("ReadMcpResource", "ReadMcpResourceTool", "ReadMcpResourceDir", "ListMcpResources",
     "ListMcpResourcesTool", "RefreshMcpTools", "read_mcp_resource",
     "list_mcp_resources", "list_mcp_resource_templates")
)  # fmt: skip
_SERVER_KEYS = ("server", "server_name", "serverName")


@record
class ServerDefinition:
    """One server as a settings file defines it.

    ``scope`` names where it stands: the file, and the project for which it is there.
    """

    name: str
    file: str
    scope: str
    table: Mapping[str, Any]

    @property
    def words(self) -> tuple[str, ...]:
        """The command that starts the server, () for a remote one."""
        program = self.table.get("command")
        words = self.table.get("args")
        first = program if isinstance(program, list) else [program]
        rest = words if isinstance(words, list) else []
        return tuple(str(word) for word in (*first, *rest) if word is not None)

    @property
    def address(self) -> str:
        """The URL of a remote server, "" for a local one."""
        for key in ("url", "serverUrl", "httpUrl", "server_url"):
            if isinstance(self.table.get(key), str):
                return str(self.table[key])
        return ""


def definitions(
    clients: Iterable[AgentClient], root: str, home: str
) -> list[ServerDefinition]:
    """Return the servers that the settings of clients define for a project.

    Raises GuardStateError for a file that cannot be read: a server in it is not known.
    """
    found = []
    for client in clients:
        for place, keys in client.mcp_files:
            is_own = place.startswith("./")
            path = place
            if not os.path.isabs(place):
                path = os.path.join(root if is_own else home, place[2:])
            table = _table(path)
            for key in keys:
                name = root if key == ROOT else key
                inner = table.get(name)
                table = inner if isinstance(inner, dict) else {}
            scope = f"{path} for {root}" if ROOT in keys else path
            found += [
                ServerDefinition(str(name), path, scope, server)
                for name, server in table.items()
                if isinstance(server, dict)
            ]
    return found


def of_call(
    name: str, arguments: Mapping[str, Any], known: Iterable[ServerDefinition]
) -> tuple[list[ServerDefinition], str]:
    """Return the definitions that a call of a tool may mean, and the server's name.

    The name is "" for a tool that is of no server.  All definitions of a name count:
    which one the client has started is not known.
    """
    if name in _READERS:
        given = next((arguments[key] for key in _SERVER_KEYS if key in arguments), "")
        server = str(given)
        return [one for one in known if one.name == server], server
    if not name.startswith("mcp__"):
        return [], ""
    rest = name.removeprefix("mcp__")
    fitting = [one for one in known if rest.startswith(f"{_normalized(one.name)}__")]
    if fitting:
        return fitting, fitting[0].name
    return [], rest.partition("__")[0]


def _normalized(name: str) -> str:
    """Return a server's name as the names of its tools have it."""
    return "".join(
        char if (char.isascii() and char.isalnum()) or char in "-_" else "_"
        for char in name
    )


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each part of a definition with its path, such as ``env.TOKEN``."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from leaves(item, f"{path}[{number}]")
        yield f"{path}[]", len(value)
    else:
        yield path, value


def _table(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise GuardStateError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise GuardStateError(f"{path} is larger than {_MAX_BYTES >> 20} MB")
    try:
        table = _toml(data) if path.endswith(".toml") else json.loads(data or b"{}")
    except (ValueError, RecursionError) as error:
        raise GuardStateError(f"{path} cannot be read as settings") from error
    return table if isinstance(table, dict) else {}


def _toml(data: bytes) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(data.decode())

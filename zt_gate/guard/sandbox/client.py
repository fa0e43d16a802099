"""The clients that ``guard exec`` knows: how they reach their model, and where they are."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODULES = "node_modules"


@dataclass(frozen=True, slots=True)
class SandboxedClient:
    """How an agent's client reaches its model: variables, hosts, and its login files.

    ``name`` is the guard's name of it; ``program`` is where it was found.
    """

    name: str
    variables: frozenset[str]
    hosts: tuple[str, ...]
    address: str
    login: tuple[str, ...]
    program: str = ""


_CLIENTS = {
    "claude": SandboxedClient(
        "claude-code",
        frozenset(
            ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL",
             "ANTHROPIC_MODEL", "CLAUDE_CODE_OAUTH_TOKEN")
        ),
        ("api.anthropic.com",),
        "ANTHROPIC_BASE_URL",
        (".claude/.credentials.json",),
    ),
    "codex": SandboxedClient(
        "codex",
        frozenset(("OPENAI_API_KEY", "OPENAI_BASE_URL", "CODEX_API_KEY")),
        ("api.openai.com", "chatgpt.com"),
        "OPENAI_BASE_URL",
        (".codex/auth.json", ".codex/config.toml"),
    ),
}  # fmt: skip


def client_of(
    program: str, root: str, environ: Mapping[str, str]
) -> SandboxedClient | None:
    """Return the client that a program is; a file of the project is none.

    A client gets its login and the way to its model: a script of that name must not.
    """
    found = shutil.which(program, path=environ.get("PATH", os.defpath))
    if found is None or os.path.realpath(found).startswith(root + os.sep):
        return None
    if os.path.abspath(found).startswith(root + os.sep):
        return None
    client = _CLIENTS.get(os.path.basename(program))
    return client and replace(client, program=os.path.abspath(found))


def folders_of(client: SandboxedClient) -> tuple[str, ...]:
    """Return the folders that a client's program needs: its own, or npm's around it."""
    real = os.path.realpath(client.program)
    parts = real.split(os.sep)
    if _MODULES in parts:
        return (os.sep.join(parts[: parts.index(_MODULES) + 1]),)
    return tuple(
        dict.fromkeys((os.path.dirname(client.program), os.path.dirname(real)))
    )


def model_hosts(client: SandboxedClient, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hosts of the client's model; raises UsageError for a wrong address."""
    address = environ.get(client.address, "")
    return (_host_of(address),) if address else client.hosts


def login_files(
    client: SandboxedClient, home: str, inside: str
) -> tuple[tuple[str, str], ...]:
    """Return the login files that exist, with their places in the home ``inside``."""
    files = (
        (os.path.join(home, name), os.path.join(inside, name)) for name in client.login
    )
    return tuple((source, place) for source, place in files if os.path.isfile(source))


def _host_of(address: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{address!a} is not an address") from error
    return f"{parts.hostname}:{port}" if port else parts.hostname or ""

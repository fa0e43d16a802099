"""``zt-gate guard exec``: a command in the sandbox of a task of this project."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.guard.policy import pinned_policy
from zt_gate.guard.record import replace as replaced
from zt_gate.guard.repository import surroundings
from zt_gate.guard.sandbox import run
from zt_gate.guard.sandbox.environment import (
    DEFAULT_PREFIX,
    CredentialPassesError,
    scrubbed,
)
from zt_gate.guard.sandbox.rights import (
    TooManyHiddenPathsError,
    rights_of,
    unenforced,
)
from zt_gate.guard.task import built_in
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.sandbox.rights import Rights
    from zt_gate.guard.task import Task

#: Files of the user's home that no sandboxed command may read: the probe tries them.
_CREDENTIALS = (
    ".ssh", ".aws", ".gnupg", ".netrc", ".git-credentials", ".config/gh", ".kube",
    ".docker", ".npmrc", ".pypirc", ".bash_history", ".zsh_history",
)  # fmt: skip


_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True)
class _Client:
    """How an agent's client reaches its model: variables, hosts, and its login file."""

    variables: frozenset[str]
    hosts: tuple[str, ...]
    address: str
    login: tuple[str, ...]


_CLIENTS = {
    "claude": _Client(
        frozenset(
            ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL",
             "ANTHROPIC_MODEL", "CLAUDE_CODE_OAUTH_TOKEN")
        ),
        ("api.anthropic.com",),
        "ANTHROPIC_BASE_URL",
        (".claude/.credentials.json",),
    ),
    "codex": _Client(
        frozenset(("OPENAI_API_KEY", "OPENAI_BASE_URL", "CODEX_API_KEY")),
        ("api.openai.com", "chatgpt.com"),
        "OPENAI_BASE_URL",
        (".codex/auth.json", ".codex/config.toml"),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExecOptions:
    """What a person asked for: see ``zt-gate guard exec --help``."""

    task: str = ""
    prefix: str = DEFAULT_PREFIX
    strip_prefix: bool = False


def start(  # noqa: PLR0917
    command: Sequence[str],
    folder: str,
    environ: Mapping[str, str],
    places: GuardPlaces,
    options: ExecOptions,
    say: Callable[[str], None],
) -> int:
    """Run a command and return its exit code.

    ``say`` hears what a mount cannot hold.  Raises UsageError, PinnedPolicyError and
    SandboxError; nothing was started then.
    """
    place = surroundings(folder)
    policy = pinned_policy(places, place.key)
    name = options.task or policy.task
    if not name:
        raise UsageError(
            "no task is pinned here: give one, as in zt-gate guard exec --task develop -- make"
        )
    task = policy.task_named(name, built_in)
    client = _client_of(command[0], place.root, environ)
    named = [host for host in task.network if host.startswith("@")]
    if named:
        say(
            f"the sandbox does not reach {', '.join(named)}: name hosts in the task's network"
        )
    task = _with_client(_with_plain_hosts(task), client, environ)
    for pattern in unenforced(task):
        say(f"allowed path {pattern!a} is no folder: the sandbox leaves it read-only")
    rights = _rights(
        task, place.root, folder, _passed(environ, client, options), places
    )
    if client is not None:
        rights = replace(rights, home_files=_login_files(client, places.home))
    unreadable = [
        path
        for path in (os.path.join(places.home, item) for item in _CREDENTIALS)
        if os.path.lexists(path)
    ]
    return run.run(
        rights,
        command,
        unreadable=[*unreadable, places.state],
        unwritable=_unwritable(places, place.root),
    )


def _client_of(program: str, root: str, environ: Mapping[str, str]) -> _Client | None:
    """Return the client that a program is; a file of the project is none.

    A client gets its login and the way to its model: a script of that name must not.
    """
    found = shutil.which(program, path=environ.get("PATH", os.defpath))
    if found is None or os.path.realpath(found).startswith(root + os.sep):
        return None
    if os.path.abspath(found).startswith(root + os.sep):
        return None
    return _CLIENTS.get(os.path.basename(program))


def _with_plain_hosts(task: Task) -> Task:
    """Keep the hosts that a proxy can compare.

    The sandbox has a loopback of its own.  ``@registries`` and the like are names that
    the judge of commands looks up.
    """
    hosts = tuple(
        host
        for host in task.network
        if host not in _LOOPBACK and not host.startswith("@")
    )
    return replaced(task, network=hosts)


def _with_client(
    task: Task, client: _Client | None, environ: Mapping[str, str]
) -> Task:
    """Add the client's own model to the hosts: without it the client does nothing."""
    if client is None:
        return task
    address = environ.get(client.address, "")
    hosts = (_host_of(address),) if address else client.hosts
    return replaced(task, network=tuple(dict.fromkeys((*task.network, *hosts))))


def _host_of(address: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{address!a} is not an address") from error
    return f"{parts.hostname}:{port}" if port else parts.hostname or ""


def _rights(
    task: Task,
    root: str,
    folder: str,
    environment: Mapping[str, str],
    places: GuardPlaces,
) -> Rights:
    try:
        return rights_of(task, root, os.path.realpath(folder), environment, places.home)
    except TooManyHiddenPathsError as error:
        raise UsageError(str(error)) from error


def _passed(
    environ: Mapping[str, str], client: _Client | None, options: ExecOptions
) -> dict[str, str]:
    from zt_gate import rulebook
    from zt_gate.scanners.secrets.single_text import scan_formats

    rules = rulebook.load("secrets")

    def is_credential(value: str) -> bool:
        data = value.encode("utf-8", "surrogateescape")
        return bool(data) and bool(scan_formats(data, b"environment.txt", rules))

    try:
        passed = scrubbed(
            environ,
            client_variables=client.variables if client else frozenset(),
            is_credential=is_credential,
            prefix=options.prefix,
            strip_prefix=options.strip_prefix,
        ).passed
    except CredentialPassesError as error:
        raise UsageError(str(error)) from error
    return {**passed, "PATH": environ.get("PATH", os.defpath)}


def _login_files(client: _Client, home: str) -> tuple[tuple[str, str], ...]:
    files = ((os.path.join(home, name), f"{run.HOME}/{name}") for name in client.login)
    return tuple((source, place) for source, place in files if os.path.isfile(source))


def _unwritable(places: GuardPlaces, root: str) -> list[str]:
    """Return folders that this user can write and the command must not."""
    folders = [places.home, os.path.dirname(root), "/usr", "/etc", "/var/tmp"]  # noqa: S108
    return [
        folder
        for folder in dict.fromkeys(folders)
        if os.path.isdir(folder)
        and os.access(folder, os.W_OK)
        and not folder.startswith(root + os.sep)
        and folder != root
    ]

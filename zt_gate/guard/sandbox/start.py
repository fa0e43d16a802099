"""``zt-gate guard exec``: a command in the sandbox of a task of this project."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.guard.keepers import broker_of
from zt_gate.guard.policy import pinned_policy
from zt_gate.guard.repository import surroundings
from zt_gate.guard.sandbox import layers, run
from zt_gate.guard.sandbox.broker_start import BrokerStart
from zt_gate.guard.sandbox.client import (
    client_of,
    folders_of,
    login_files,
    model_hosts,
)
from zt_gate.guard.sandbox.client_start import ClientStart
from zt_gate.guard.sandbox.environment import (
    DEFAULT_PREFIX,
    CredentialPassesError,
    scrubbed,
)
from zt_gate.guard.sandbox.granted import granted
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
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.guard.sandbox.client import SandboxedClient
    from zt_gate.guard.sandbox.granted import Granted
    from zt_gate.guard.sandbox.rights import Rights
    from zt_gate.guard.task import Task
    from zt_gate.model.rule import Rule

#: Files of the user's home that no sandboxed command may read: the probe tries them.
_CREDENTIALS = (
    ".ssh", ".aws", ".gnupg", ".netrc", ".git-credentials", ".config/gh", ".kube",
    ".docker", ".npmrc", ".pypirc", ".bash_history", ".zsh_history", ".vault-token",
)  # fmt: skip


#: No format of a credential is shorter; a password in an address can be.
_SHORTEST_CREDENTIAL = 16
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True)
class ExecOptions:
    """What a person asked for: see ``zt-gate guard exec --help``."""

    task: str = ""
    prefix: str = DEFAULT_PREFIX
    strip_prefix: bool = False
    #: The issuer of a token, "" for none, and its minutes, 0 for the usual ones.
    token: str = ""
    minutes: int = 0
    layer: str = ""


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
    issuer = options.token or task.token
    if task.token and issuer != task.token:
        raise UsageError(
            f"the task {name!a} asks for a token of {task.token}, not of {issuer}"
        )
    minutes = options.minutes or task.ttl
    keeper = broker_of(places)
    with granted(
        places, place, policy, name, issuer, minutes, environ, say, keeper
    ) as more:
        broker = (
            BrokerStart(keeper.owner, keeper.socket, name, policy) if keeper else None
        )
        return _start(
            command, folder, environ, places, options, say, task, policy, more, broker
        )


def _start(  # noqa: PLR0917
    command: Sequence[str],
    folder: str,
    environ: Mapping[str, str],
    places: GuardPlaces,
    options: ExecOptions,
    say: Callable[[str], None],
    task: Task,
    policy: GuardPolicy,
    more: Granted,
    broker: BrokerStart | None,
) -> int:
    root = surroundings(folder).root
    client = client_of(command[0], root, environ)
    named = [host for host in task.network if host.startswith("@")]
    if named:
        say(
            f"the sandbox does not reach {', '.join(named)}: name hosts in the task's network"
        )
    task = _with_client(_with_plain_hosts(task), client, environ)
    task = replace(task, network=tuple(dict.fromkeys((*task.network, *more.hosts))))
    for pattern in unenforced(task):
        say(f"allowed path {pattern!a} is no folder: the sandbox leaves it read-only")
    passed = {**_passed(environ, client, options), **more.variables}
    rights = _rights(task, root, folder, passed, places)
    if client is not None:
        rights = replace(
            rights,
            home_files=login_files(client, places.home, layers.HOME),
            read_only=(*rights.read_only, *folders_of(client)),
        )
    unreadable = [
        path
        for path in (os.path.join(places.home, item) for item in _CREDENTIALS)
        if os.path.lexists(path)
    ]
    return run.run(
        rights,
        command,
        unreadable=[*unreadable, places.state, *more.secret_files],
        unwritable=_unwritable(places, root),
        layer=options.layer,
        say=say,
        client=_client_start(client, places, policy, say, broker),
        broker=broker,
    )


def _client_start(
    client: SandboxedClient | None,
    places: GuardPlaces,
    policy: GuardPolicy,
    say: Callable[[str], None],
    broker: BrokerStart | None,
) -> ClientStart | None:
    if client is None:
        return None
    return ClientStart(client, places, policy, say, has_broker=broker is not None)


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
    return replace(task, network=hosts)


def _with_client(
    task: Task, client: SandboxedClient | None, environ: Mapping[str, str]
) -> Task:
    """Add the client's own model to the hosts: without it the client does nothing."""
    if client is None:
        return task
    hosts = (*task.network, *model_hosts(client, environ))
    return replace(task, network=tuple(dict.fromkeys(hosts)))


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
    environ: Mapping[str, str], client: SandboxedClient | None, options: ExecOptions
) -> dict[str, str]:
    @cache
    def rules() -> Mapping[str, Rule]:
        from zt_gate import rulebook

        return rulebook.load("secrets")

    def is_credential(value: str) -> bool:
        # The rules take longer to read than everything else here.
        if len(value) < _SHORTEST_CREDENTIAL and "@" not in value:
            return False
        from zt_gate.scanners.secrets.single_text import scan_formats

        data = value.encode("utf-8", "surrogateescape")
        return bool(scan_formats(data, b"environment.txt", rules()))

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

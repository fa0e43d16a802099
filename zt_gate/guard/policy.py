"""The guard's own policy, pinned outside the repository when the guard is installed.

A pin is one JSON file in the user's state folder for each repository, and one for all
others; on a managed machine it is one file that only root can write, and nothing else
counts.  What is committed, checked out or named on a command line later is not read, so
none of it can widen the policy.  JSON, because a hook call has no time to read TOML.
"""

from __future__ import annotations

import json
import os

from zt_gate.errors import GateError
from zt_gate.guard.decision import Mode
from zt_gate.guard.name_globs import fits_glob
from zt_gate.guard.private_file import read_private, write_private
from zt_gate.guard.task import NARROWEST, Task, task_of
from zt_gate.record import field, record, replace
from zt_gate.system.digests import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.policy.schema import AgentRights, Policy

VERSION = 1
#: The pin for repositories without one of their own, and the file of a managed machine.
FOR_ALL = "all"
MANAGED_FILE = "policy.json"


class PinnedPolicyError(GateError):
    """The pinned policy cannot be used; the text names the file, the line and the fix."""


@record
class GuardPolicy:
    """A pinned policy.

    ``file`` is the pin, "" if there is none; ``source`` is where it was read from, and
    ``digest`` identifies its content.  ``task`` is the task of new sessions; ``rights``
    and ``skills`` are what the policy says about tasks, by name.  The keys of ``modes``
    are globs for the ids of controls.  ``scan_policy`` is the gate's policy for what is
    written, as TOML.
    """

    file: str = ""
    source: str = ""
    digest: str = ""
    task: str = ""
    modes: Mapping[str, str] = field(default_factory=dict)
    rights: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    skills: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    log_days: int = 30
    log_megabytes: int = 16
    keep_days: int = 365
    proof: str = "none"
    scan_policy: str = ""
    is_managed: bool = False

    def mode_of(self, control: str) -> Mode:
        """Return the mode of a control: that of the longest glob which fits its id."""
        fitting = [glob for glob in self.modes if fits_glob(glob, control)]
        if not fitting:
            return Mode.ENFORCE
        return Mode(self.modes[max(fitting, key=len)])

    def task_named(
        self, name: str, built_in: Callable[[str, tuple[str, ...]], Task | None]
    ) -> Task:
        """Return a task; raises PinnedPolicyError for a name that nothing defines.

        ``built_in`` returns the task of a name that the guard brings, for some paths.
        """
        if not name:
            return NARROWEST
        rights = self.rights.get(name)
        base = built_in(name, tuple((rights or {}).get("allowed", ())))
        if rights is None:
            if base is None:
                raise PinnedPolicyError(
                    f"{self.file or 'no pinned policy'} has no task {name!a}; "
                    "run: zt-gate guard install --task NAME"
                )
            return base
        return _with_rights(base or built_in("develop", ()) or NARROWEST, name, rights)

    def skill_named(self, name: str, of: Task) -> Task | None:
        """Return what the policy lets a skill or subagent use, None if it says nothing.

        It is judged in addition to the session's task ``of``, so it can only narrow.
        """
        rights = self.skills.get(name)
        return None if rights is None else _with_rights(of, name, rights)


def pinned_policy(places: GuardPlaces, repository: str) -> GuardPolicy:
    """Return the policy that holds for a repository (``ProjectPlace.key``).

    Without a pin it is the empty one, with the narrowest task.  Raises PinnedPolicyError.
    """
    managed = os.path.join(places.managed, MANAGED_FILE)
    data = managed_pin(places)
    if data is not None:
        return replace(_parsed(managed, data), is_managed=True)
    for name in (pin_name(repository), FOR_ALL):
        file = os.path.join(places.pins, f"{name}.json")
        try:
            data = read_private(file)
        except GateError as error:
            raise PinnedPolicyError(str(error)) from error
        if data is not None:
            return _parsed(file, data)
    return GuardPolicy()


def managed_pin(places: GuardPlaces) -> bytes | None:
    """Return the pin of a managed machine, None if it has none.

    Raises PinnedPolicyError for a file that is not root's.
    """
    path = os.path.join(places.managed, MANAGED_FILE)
    return _root_owned(path, places.user_id) if os.path.lexists(path) else None


def policy_of_broker(content: str) -> GuardPolicy:
    """Return the machine's policy as the broker read it; raises PinnedPolicyError."""
    return replace(_parsed("the broker's policy", content.encode()), is_managed=True)


def pin_name(repository: str) -> str:
    """Return the name of a repository's pin."""
    return sha256(os.fsencode(repository))[:32]


def pin_content(policy: Policy, toml: bytes, source: str, task: str) -> bytes:
    """Return the pin of a validated policy.

    ``toml`` is the policy's text and ``source`` where it was read from, both empty for
    the defaults; ``task`` is the task of new sessions, "" for the one in the policy.
    """
    settings = policy.guard
    table = {
        "version": VERSION,
        "source": {"name": source, "digest": sha256(toml)},
        "task": task or settings.task,
        "modes": dict(settings.modes),
        "tasks": {name: _as_table(item) for name, item in policy.task_rights.items()},
        "skills": {name: _as_table(item) for name, item in policy.skills.items()},
        "log": {
            "days": settings.log_days,
            "megabytes": settings.log_megabytes,
            "keep_days": settings.keep_days,
        },
        "proof": policy.approval_proof,
        "scan_policy": toml.decode("utf-8"),
    }
    table["digest"] = _digest_of(table)
    return json.dumps(table, indent=1, sort_keys=True).encode("ascii") + b"\n"


def policy_of_pin(content: bytes) -> GuardPolicy:
    """Return the policy of a pin that is not stored yet; raises PinnedPolicyError."""
    return _parsed("the new pin", content)


def pin(places: GuardPlaces, repository: str, content: bytes) -> str:
    """Store a pin for a repository, "" for all others, and return its path.

    Raises GuardStateError.
    """
    name = pin_name(repository) if repository else FOR_ALL
    path = os.path.join(places.pins, f"{name}.json")
    write_private(path, content)
    return path


def _as_table(rights: AgentRights) -> dict[str, Any]:
    values = {
        "tools": rights.tools,
        "commands": rights.commands,
        "network": rights.network,
        "limits": rights.limits,
        "ttl": rights.ttl,
        "token": rights.token,
        "allowed": rights.paths.allowed or None,
        "restricted": rights.paths.restricted or None,
    }
    return {key: value for key, value in values.items() if value is not None}


def _with_rights(base: Task, name: str, rights: Mapping[str, Any]) -> Task:
    tools = tuple(rights.get("tools", base.tools))
    names_commands = "commands" in rights
    may_write = base.may_write
    if "tools" in rights:
        may_write = not {"Edit", "Write"}.isdisjoint(tools) or not tools
    return replace(
        base,
        name=name,
        allowed=tuple(rights.get("allowed", base.allowed)),
        restricted=(*base.restricted, *rights.get("restricted", ())),
        tools=tools,
        commands=(task_of(name, rights).commands if names_commands else base.commands),
        network=tuple(rights.get("network", base.network)),
        limits=dict(rights.get("limits", base.limits)),
        ttl=int(rights.get("ttl", base.ttl)),
        token=str(rights.get("token", base.token)),
        is_narrow=names_commands or base.is_narrow,
        may_write=may_write,
    )


def _root_owned(path: str, user_id: int) -> bytes:
    from pathlib import Path

    from zt_gate.system.root_owned import NotRootOwnedError, read_root_owned

    try:
        # For root itself nothing is out of reach, but the file still must be root's.
        return read_root_owned(Path(path), user_id or -1) or b""
    except NotRootOwnedError as error:
        raise PinnedPolicyError(f"the guard's policy is not used: {error}") from error


def _parsed(file: str, data: bytes) -> GuardPolicy:
    try:
        table = json.loads(data)
    except json.JSONDecodeError as error:
        raise _invalid(file, error.lineno, error.msg) from error
    except (ValueError, RecursionError) as error:
        raise _invalid(file, 1, "it is not JSON") from error
    if not isinstance(table, dict) or table.get("version") != VERSION:
        raise _invalid(file, 1, f"its version is not {VERSION}")
    digest = table.pop("digest", "")
    if digest != _digest_of(table):
        raise _invalid(file, 1, "it was changed after it was pinned")
    try:
        return _policy(file, table, digest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _invalid(file, 1, f"a value is missing or wrong ({error!a})") from error


def _invalid(file: str, line: int, reason: str) -> PinnedPolicyError:
    return PinnedPolicyError(
        f"{file}:{line}: the pinned policy is not used: {reason}. "
        "A person runs: zt-gate guard install"
    )


def _policy(file: str, table: Mapping[str, Any], digest: str) -> GuardPolicy:
    modes = {str(glob): Mode(mode).value for glob, mode in table["modes"].items()}
    log = table["log"]
    return GuardPolicy(
        file=file,
        source=str(table["source"]["name"]),
        digest=digest,
        task=str(table["task"]),
        modes=modes,
        rights=_tables(table["tasks"]),
        skills=_tables(table["skills"]),
        log_days=int(log["days"]),
        log_megabytes=int(log["megabytes"]),
        keep_days=int(log["keep_days"]),
        proof=str(table["proof"]),
        scan_policy=str(table["scan_policy"]),
    )


def _tables(value: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    for rights in value.values():
        for key in ("allowed", "restricted", "tools", "commands", "network"):
            items = rights.get(key, [])
            if not isinstance(items, list) or not all(
                isinstance(item, str) for item in items
            ):
                raise ValueError(key)
    return dict(value)


def _digest_of(table: Mapping[str, Any]) -> str:
    text = json.dumps(table, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode())

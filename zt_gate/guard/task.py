"""The task of a session: what it may use, where, and what of the network."""

from __future__ import annotations

from zt_gate.record import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


@record(frozen=True, slots=True)
class Task:
    """One task.

    ``allowed`` and ``restricted`` are gitignore patterns below the root of the project;
    no ``allowed`` means the whole project.  ``tools`` are kinds of tools (Read, Edit,
    Write, Bash, Fetch, Mcp) or names; empty means all.  ``commands`` are programs with
    leading words, such as "git log"; "*" is any program that a table knows.
    ``network`` are hosts, with ``*`` for all and nothing for none.  ``limits`` are counts
    by name; ``ttl`` is in minutes, 0 without an end.  ``is_narrow`` means that a program
    which no table knows is denied instead of left to the client.  ``token`` is the issuer
    of a token that the task must have, "" for none.
    """

    name: str
    allowed: tuple[str, ...] = ()
    restricted: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    ttl: int = 0
    is_narrow: bool = True
    may_write: bool = False
    token: str = ""


#: What holds where no policy is pinned: nothing but reading in the project.
NARROWEST = Task(
    "none", tools=("Read",), commands=(), network=(), is_narrow=True, may_write=False
)


def _reading() -> list[str]:
    """Return the commands that only read."""
    from zt_gate.guard.data import load

    names = load("reading.json")
    programs = names["programs"].split()
    return [*programs, *(f"git {verb}" for verb in names["git"].split())]


def built_in(name: str, allowed: tuple[str, ...] = ()) -> Task | None:
    """Return a task that zt-gate ships, None for another name.

    ``allowed`` are its paths; a task for one module may write nowhere without them.
    """
    from zt_gate.guard.data import load

    data = load("tasks.json").get(name)
    if data is None:
        return None
    return task_of(name, data, allowed)


def names() -> tuple[str, ...]:
    """Return the names of the tasks that zt-gate ships."""
    from zt_gate.guard.data import load

    return tuple(load("tasks.json"))


def task_of(name: str, data: Mapping[str, Any], allowed: tuple[str, ...] = ()) -> Task:
    """Return a task from its table; "@reading" stands for all commands that only read."""
    commands: list[str] = []
    for command in data.get("commands", ()):
        if command == "@reading":
            commands += _reading()
        else:
            commands.append(command)
    paths = allowed or tuple(data.get("allowed", ()))
    may_write = bool(data.get("may_write"))
    if data.get("needs_allowed") and not paths:
        may_write = False
    return Task(
        name,
        allowed=paths,
        restricted=tuple(data.get("restricted", ())),
        tools=tuple(data.get("tools", ())),
        commands=tuple(commands),
        network=tuple(data.get("network", ())),
        limits=dict(data.get("limits", {})),
        ttl=int(data.get("ttl", 0)),
        is_narrow=bool(data.get("is_narrow", True)),
        may_write=may_write,
    )

"""Ends the processes of a session with everything that they started.

A client's processes are those that the session's records name.  What they started is
found by the process tree; what has left the tree, by the marks that an agent's programs
have in their environment, in the session's project.  All are stopped first, again and
again until there is no new one, and then killed: none can start another meanwhile.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from zt_gate.guard.session.identity import own_key, pid_of
from zt_gate.record import dataclass
from zt_gate.system import ancestors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from zt_gate.guard.session.records import Session

_ROUNDS = 100
#: Seconds in which killed processes have to disappear.
_SECONDS = 10.0
_PAUSE, _LONG_PAUSE = 0.02, 0.1
#: The shortest id of a client by which its processes are recognised.
_SHORTEST_ID = 16
_OFF = frozenset(("", "0", "false"))
#: A process of zt-gate that asks an issuer to revoke a token.
_REVOKING = "zt_gate.guard.tokens.worker"


@dataclass(frozen=True, slots=True)
class EndedProcesses:
    """How many processes were ended, and what still runs, with the reason for each."""

    ended: int = 0
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    started: int


def end_processes(
    session: Session,
    *,
    keepers: Collection[str],
    marks: Collection[str],
) -> EndedProcesses:
    """End all processes of a session, but not this one and those that started it.

    ``keepers`` are keys of zt-gate's own processes, which clean up and end by themselves
    when what they started is gone.  ``marks`` are variables of agents, ``NAME`` or
    ``NAME=VALUE``.
    """
    if sys.platform != "linux":
        return EndedProcesses(
            0, ("processes are not ended on this system: end the client yourself",)
        )
    own = {os.getpid(), *(one.pid for one in ancestors.ancestors())}
    spared = {pid for key in keepers if (pid := pid_of(key))}
    roots = {pid for key in session.processes if (pid := pid_of(key))}
    left = [
        f"process {pid} started this command: end it from another terminal"
        for pid in sorted(roots & own)
    ]
    search = _Search(session, roots - own, own, spared, marks)
    stopped = _stopped(search)
    ended = _killed(stopped)
    left += [f"process {one.pid} could not be ended" for one in stopped - ended]
    return EndedProcesses(len(ended), tuple(left))


def wait_for_keepers(keepers: Iterable[str], seconds: float) -> None:
    """Wait until zt-gate's own processes have ended; kill them after ``seconds``.

    What one of them still starts meanwhile is killed, apart from a revocation.
    """
    deadline = time.monotonic() + seconds
    running = {pid for key in keepers if (pid := pid_of(key)) and pid != os.getpid()}
    while running and time.monotonic() < deadline:
        table = _table()
        for one in _below(running, table):
            is_revoking = one.parent in running and _REVOKING in _words(one.pid)
            if not is_revoking:
                _signal(one, signal.SIGKILL)
        running = {pid for pid in running if pid in table and _is_alive(table[pid])}
        time.sleep(_LONG_PAUSE if running else 0)
    table = _table()
    for pid in running & table.keys():
        _signal(table[pid], signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class _Search:
    """What belongs to a session."""

    session: Session
    roots: set[int]
    own: set[int]
    spared: set[int]
    marks: Collection[str]

    def found(self, table: Mapping[int, _Process]) -> set[_Process]:
        """Return the processes to end, as they are now."""
        starts = set(self.roots)
        starts |= {one.pid for one in self._detached(table)}
        found = {table[pid] for pid in starts & table.keys()}
        found |= set(_below(starts, table))
        return {one for one in found if one.pid not in self.own | self.spared}

    def _detached(self, table: Mapping[int, _Process]) -> Iterator[_Process]:
        """Yield processes that have left the tree, by their environment and folder."""
        earliest = _earliest(self.session)
        if earliest is None:
            return
        labels = [label.partition(":")[2] for label in self.session.labels]
        ids = [label.encode() for label in labels if len(label) >= _SHORTEST_ID]
        for one in table.values():
            if one.started < earliest or one.pid in self.own:
                continue
            environ = _environ(one.pid)
            is_named = any(name in value for name in ids for value in environ.values())
            is_agents = is_named or _is_marked(environ, self.marks)
            if is_named or (is_agents and self._is_in_project(one, environ)):
                yield one

    def _is_in_project(self, one: _Process, environ: Mapping[str, bytes]) -> bool:
        folders = [os.fsdecode(environ.get("PWD", b""))]
        with suppress(OSError):
            folders.append(os.readlink(f"/proc/{one.pid}/cwd"))
        root = self.session.root
        return any(f"{folder}/".startswith(f"{root}/") for folder in folders)


def _stopped(search: _Search) -> set[_Process]:
    """Stop what belongs to a session until nothing new is found."""
    stopped: set[_Process] = set()
    for _ in range(_ROUNDS):
        new = search.found(_table()) - stopped
        if not new:
            break
        for one in new:
            _signal(one, signal.SIGSTOP)
        stopped |= new
    return stopped


def _killed(processes: set[_Process]) -> set[_Process]:
    """Kill processes and return those that are gone."""
    for one in processes:
        _signal(one, signal.SIGKILL)
    deadline = time.monotonic() + _SECONDS
    waiting = set(processes)
    while waiting and time.monotonic() < deadline:
        waiting = {one for one in waiting if _is_alive(one)}
        if waiting:
            time.sleep(_PAUSE)
    return processes - waiting


def _signal(process: _Process, number: signal.Signals) -> None:
    """Send a signal to a process, and to no other that got its number meanwhile."""
    with suppress(OSError):
        handle = os.pidfd_open(process.pid)
        try:
            if _is_alive(process):  # its parent may be another one by now
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)


def _is_alive(process: _Process) -> bool:
    now = _read(process.pid)
    return now is not None and now.started == process.started


def _table() -> dict[int, _Process]:
    numbers = (int(name) for name in os.listdir("/proc") if name.isdigit())
    found = (_read(number) for number in numbers if number > 1)
    return {one.pid: one for one in found if one is not None}


def _read(number: int) -> _Process | None:
    """Return a process that runs, None for a number of none and for a zombie."""
    try:
        with open(f"/proc/{number}/stat", "rb") as file:
            fields = file.read(4096).rpartition(b")")[2].split()
    except OSError:
        return None
    if len(fields) < 20 or fields[0] in {b"Z", b"X"}:
        return None
    return _Process(number, int(fields[1]), int(fields[19]))


def _below(starts: set[int], table: Mapping[int, _Process]) -> Iterator[_Process]:
    """Yield everything that processes started, and what that started."""
    children: dict[int, list[_Process]] = {}
    for one in table.values():
        children.setdefault(one.parent, []).append(one)
    waiting, seen = list(starts), set(starts)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.pid not in seen:
                seen.add(child.pid)
                waiting.append(child.pid)
                yield child


def _earliest(session: Session) -> int | None:
    """Return when the first process of a session's records started, in ticks."""
    ticks = [key.rpartition(":")[2] for key in session.processes]
    known = [int(tick) for tick in ticks if tick.isdigit() and int(tick)]
    is_this_start = any(_is_this_machine(key) for key in session.processes)
    return min(known) if known and is_this_start else None


def _is_this_machine(key: str) -> bool:
    return key.partition(":")[0] == own_key().partition(":")[0]


def _is_marked(environ: Mapping[str, bytes], marks: Collection[str]) -> bool:
    for mark in marks:
        name, _, value = mark.partition("=")
        actual = environ.get(name, b"").decode("utf-8", "replace")
        if actual.lower() not in _OFF and value in {"", actual}:
            return True
    return False


def _environ(number: int) -> dict[str, bytes]:
    try:
        with open(f"/proc/{number}/environ", "rb") as file:
            data = file.read(1 << 20)
    except OSError:
        return {}
    pairs = (item.partition(b"=") for item in data.split(b"\0") if item)
    return {os.fsdecode(name): value for name, _, value in pairs}


def _words(number: int) -> list[str]:
    try:
        with open(f"/proc/{number}/cmdline", "rb") as file:
            return file.read(1 << 16).decode("utf-8", "replace").split("\0")
    except OSError:
        return []

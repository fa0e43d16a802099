"""The records of sessions: who they are, their task, and what was denied to them.

An event belongs to the session of the outermost client process above it that is known,
so a client that an agent starts is part of the agent's own session, with its task; the
client's session id finds a session again after ``resume``.  A session of the same
repository whose client still runs, or has ended lately, gives what was denied as an
attack to a new one; a contained session contains its repository.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager

from zt_gate.guard.private_file import (
    GuardStateError,
    locked,
    read_private,
    write_private,
)
from zt_gate.guard.repository import git_identity
from zt_gate.guard.session import clock
from zt_gate.record import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.repository import ProjectPlace

FILE = "sessions.json"
_VERSION = 1
#: Attempts at an attack after which a session is contained.
CONTAINED_AT = 3
#: Seconds after its last event for which a session is kept, and for which what was denied
#: to it as an attack holds for new sessions of the repository.
_KEPT = 30 * 86_400
_INHERITED = 86_400
_MOST_DENIED = 500
_MOST_NAMES = 64
_FIRST_NAMES = 8
_MOST_SCRIPTS = 400


@record(frozen=False)
class Session:
    """One session.

    ``processes`` are keys of client processes, ``labels`` the clients' own ids.
    ``root`` and ``repository`` are those of its first event; ``task`` is fixed then.
    ``denied`` are the effects of denied attacks, ``attempts`` how many events tried one.
    ``contained`` is the time of containment, 0 if it is not; ``release`` is the approval
    that ended one.  ``counts`` are what ``limits`` count.
    """

    id: str
    root: str
    repository: str
    task: str
    started: float
    seen: float
    processes: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    attempts: int = 0
    contained: float = 0.0
    contained_for: str = ""
    release: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    identity: str = ""
    #: Digests of scripts with a clean verdict, by real path.
    scripts: dict[str, str] = field(default_factory=dict)
    #: Until when risky effects are asked about, and why.
    paused: float = 0.0
    paused_for: str = ""
    #: How many of its hooks ended before they had the broker's answer.
    vanished: int = 0

    def as_table(self) -> dict[str, Any]:
        """Return all values by name, as they are stored."""
        return {name: getattr(self, name) for name in self.__match_args__}

    def remember_denied(self, effects: list[str]) -> None:
        """Keep the effects of a denied attack and count the attempt."""
        for effect in effects:
            if effect and effect not in self.denied:
                self.denied.append(effect)
        del self.denied[:-_MOST_DENIED]
        self.attempts += 1

    def contain(self, reason: str) -> None:
        """Deny everything from now on, until a person releases the session."""
        if not self.contained or self.release:
            self.contained = time.time()
            self.contained_for = reason
            self.release = {}

    def count(self, name: str, more: int = 1) -> int:
        """Count ``more`` of a kind and return the number."""
        self.counts[name] = self.counts.get(name, 0) + more
        return self.counts[name]


@record(frozen=False)
class Sessions:
    """All sessions of a user, the newest last; they are written back if ``changed``."""

    known: list[Session]
    changed: bool = False
    #: Seconds by which the machine's clock was set since the last event, 0 if it was not.
    jumped: float = 0.0

    def by_id(self, name: str) -> Session | None:
        """Return a session by its id or the beginning of it, None if it is not one."""
        fitting = [one for one in self.known if one.id.startswith(name)] if name else []
        return fitting[0] if len(fitting) == 1 else None

    def update(self, judged: Session, before: Mapping[str, int]) -> Session:
        """Take over what one event changed, and return the session as it is now.

        ``judged`` was read before the event was judged, with the counts ``before``;
        other events of the session may have ended meanwhile.
        """
        session = self.by_id(judged.id)
        if session is None:
            session = judged
            self.known.append(session)
        else:
            for name, number in judged.counts.items():
                more = number - before.get(name, 0)
                session.counts[name] = session.counts.get(name, 0) + more
            session.scripts.update(judged.scripts)
            for oldest in list(session.scripts)[:-_MOST_SCRIPTS]:
                del session.scripts[oldest]
        session.seen = time.time()
        self.changed = True
        return session

    def of_event(
        self,
        client: str,
        client_session: str,
        keys: tuple[str, ...],
        place: ProjectPlace,
        home: str,
    ) -> Session:
        """Return the session of an event, a new one if none is known.

        ``client_session`` is the client's own id of it; ``keys`` are from
        ``process_keys``.  A new session has no task yet.
        """
        now = time.time()
        label = f"{client}:{client_session}" if client_session else ""
        session = self.by_process(keys) or self._by_label(label)
        if session is None:
            session = Session(
                os.urandom(8).hex(),
                place.root,
                place.key,
                "",
                now,
                now,
                identity=git_identity(place, home),
            )
            self._inherit(session, now)
            self.known.append(session)
            self.changed = True
        session.seen = now
        for names, name in ((session.processes, keys[:1]), (session.labels, (label,))):
            for one in name:
                if one and one not in names:
                    names.append(one)
                    # The first ones stay: many nested clients must not push them out.
                    del names[_FIRST_NAMES : len(names) - _MOST_NAMES + _FIRST_NAMES]
                    self.changed = True
        return session

    def containing(self, session: Session) -> list[Session]:
        """Return the contained ones among a session and the others of its repository."""
        return [
            other
            for other in self.known
            if other.contained
            and (other is session or other.repository == session.repository)
        ]

    def by_process(self, keys: tuple[str, ...]) -> Session | None:
        """Return the session of processes, None if none is known."""
        owners = {key: session for session in self.known for key in session.processes}
        # The outermost: a client that the agent started belongs to the agent's session.
        return next((owners[key] for key in reversed(keys) if key in owners), None)

    def _by_label(self, label: str) -> Session | None:
        if not label:
            return None
        return next((one for one in self.known if label in one.labels), None)

    def _inherit(self, session: Session, now: float) -> None:
        """Take over what was denied as an attack in the repository lately."""
        for other in self.known:
            if other.repository != session.repository or not other.denied:
                continue
            is_running = any(is_running_process(key) for key in other.processes)
            if is_running or now - other.seen < _INHERITED:
                session.denied += [
                    effect for effect in other.denied if effect not in session.denied
                ]
            if is_running:
                session.attempts = max(session.attempts, other.attempts)


@contextmanager
def opened(places: GuardPlaces) -> Iterator[Sessions]:
    """Read the sessions under a lock, and write them back at the end if they changed.

    They are not written after an exception.  If the machine's clock was set, all times
    are moved with it first.  Raises GuardStateError.
    """
    path = os.path.join(places.sessions, FILE)
    with locked(places.sessions):
        sessions = _read(path)
        if sessions.jumped:
            clock.move_activities(places.sessions, sessions.jumped)
        yield sessions
        if sessions.changed:
            oldest = time.time() - _KEPT
            rows = [
                session.as_table()
                for session in sessions.known
                if session.seen > oldest or session.contained
            ]
            table = {"version": _VERSION, "sessions": rows}
            clock.stamp(table)
            write_private(path, json.dumps(table).encode("ascii"))


def is_running_process(key: str) -> bool:
    """Whether the process of a key still runs on this machine."""
    _machine, _, rest = key.partition(":")
    number, _, started = rest.partition(":")
    try:
        with open(f"/proc/{int(number)}/stat", "rb") as file:
            fields = file.read(4096).rpartition(b")")[2].split()
    except (OSError, ValueError):
        return False
    return len(fields) > 19 and fields[19] == started.encode()


def _read(path: str) -> Sessions:
    data = read_private(path)
    if data is None:
        return Sessions([])
    try:
        table = json.loads(data)
        if table["version"] != _VERSION:
            raise ValueError("another version")
        jump = clock.jump_of(table)
        if jump:
            clock.move_sessions(table["sessions"], jump)
        known = [session_of_table(row) for row in table["sessions"]]
        return Sessions(known, bool(jump), jump)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise GuardStateError(
            f"{path} is damaged, so what was denied is not known. A person removes it"
        ) from error


def session_of_table(row: Mapping[str, Any]) -> Session:
    """Return a session from its values; raises TypeError for other ones."""
    session = Session(**row)
    lists = (session.processes, session.labels, session.denied)
    tables = (session.counts, session.scripts, session.release)
    if not all(isinstance(item, list) for item in lists):
        raise TypeError("not a list")
    if not all(isinstance(item, dict) for item in tables):
        raise TypeError("not a table")
    return session

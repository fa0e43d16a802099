"""Keeps sessions and log: in the user's own files, or with the broker of another account.

An event is kept in two steps.  ``begin`` says which session it belongs to and whether
that is contained; ``end`` takes what the judges found, decides about denials and
containment, and writes the log line.  In the broker's hands the process tree is the one
that the kernel shows for the caller, and what was denied cannot be taken back.
"""

from __future__ import annotations

import os

from zt_gate.errors import GateError
from zt_gate.guard import log, log_entry
from zt_gate.guard.session import clock, records
from zt_gate.guard.session.identity import process_keys
from zt_gate.guard.session.watch import watch
from zt_gate.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    from zt_gate.guard.decision import Concern
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.guard.repository import ProjectPlace
    from zt_gate.guard.session.records import Session
else:
    Protocol = object


@record
class Inside:
    """What holds for a hook in a sandbox of ``exec``: its folders there, and its task.

    ``temporary`` is the folder for temporary files.  ``task`` narrows the session's task,
    "" if it does not.
    """

    home: str
    state: str
    temporary: str
    task: str


@record
class Begun:
    """A session at the beginning of an event, and the reason if it is contained.

    ``within_reach`` says why the user's programs can change what a hook answers, "" if
    they cannot.  ``inside`` is None outside of a sandbox with a broker.  ``other_account``
    says why the client's session is another account's, "" if it is not.
    """

    session: Session
    contained: str = ""
    within_reach: str = ""
    inside: Inside | None = None
    other_account: str = ""


@record
class Ended:
    """What is to be kept of an event.

    ``attacks`` are the effects of attacks that were denied, ``control`` that of the first.
    ``before`` are the session's counts before the event was judged.
    """

    session: Session
    before: Mapping[str, int]
    attacks: Sequence[str]
    control: str
    entry: Mapping[str, Any]


class Keeper(Protocol):
    """Where sessions and log are kept."""

    def begin(
        self, client: str, label: str, place: ProjectPlace, policy_of: Any
    ) -> tuple[Begun, GuardPolicy]:
        """Return the session of an event, and its policy; raises GateError.

        ``policy_of`` returns the policy for a session's repository.
        """

    def end(self, ended: Ended, policy: GuardPolicy) -> Session:
        """Keep what one event did, and return the session as it is now.

        Raises GateError: then the caller must deny.
        """

    def snapshot(self, session: Session) -> str:
        """Keep what the session's files are; return the digest, "" if it is kept already.

        Raises GateError.
        """


class LocalKeeper:
    """Keeps everything in one user's files; ``keys`` name the client's processes."""

    def __init__(
        self, places: GuardPlaces, keys: tuple[str, ...] | None = None
    ) -> None:
        self._places = places
        self._keys = keys

    def begin(
        self,
        client: str,
        label: str,
        place: ProjectPlace,
        policy_of: Any,
        identity: str = "",
    ) -> tuple[Begun, GuardPolicy]:
        """Return the session of an event, and its policy; see ``Keeper``.

        ``identity`` is what the caller says of git's, for where its files are not readable.
        """
        keys = process_keys() if self._keys is None else self._keys
        with records.opened(self._places) as sessions:
            session = sessions.of_event(client, label, keys, place, self._places.home)
            session.identity = session.identity or identity[:200]
            policy = policy_of(session.repository)
            if not session.task and policy.task:
                session.task = policy.task
                sessions.changed = True
            contained = _containment(session, sessions, policy)
            begun = Begun(session, contained, "state and log are the user's own")
        if sessions.jumped:
            raise GateError(clock.reason(sessions.jumped))
        return begun, policy

    def session_of_caller(self, name: str) -> Session:
        """Return a session that has one of the caller's processes; raises GateError."""
        with records.opened(self._places) as sessions:
            session = sessions.by_id(name)
        keys = self._keys or ()
        if session is None or not set(keys) & set(session.processes):
            raise GateError("this is not a session of the caller")
        return session

    def end(self, ended: Ended, policy: GuardPolicy) -> Session:
        """Keep what one event did; see ``Keeper``."""
        with records.opened(self._places) as sessions:
            session = sessions.update(ended.session, ended.before)
            if ended.attacks:
                _count_attempt(session, ended)
            watched = watch(
                self._places,
                sessions,
                session,
                ended.entry,
                contained_before=ended.session.contained,
                policy=policy,
            )
        entry = {
            **log_entry.identity_fields(self._places),
            **log_entry.session_fields(session),
            **watched,
            "attempts": session.attempts,
        }
        log.append(self._places, policy, entry)
        return session

    def snapshot(self, session: Session) -> str:
        """Take the session's snapshot into the user's files; see ``Keeper``."""
        folder = os.path.join(self._places.state, "snapshots", session.id)
        if os.path.lexists(folder):
            return ""
        from zt_gate.guard.session.snapshot import take

        return take(self._places, session)


def _containment(
    session: Session, sessions: records.Sessions, policy: GuardPolicy
) -> str:
    """Return why everything is denied to a session, "" if it is not."""
    contained = sessions.containing(session)
    if not contained:
        return ""
    from zt_gate.guard.session.release import is_released

    by = next((one for one in contained if not is_released(one, policy)), None)
    if by is None:
        return ""
    return f"The session {by.id} is contained: {by.contained_for}."


def _count_attempt(session: Session, ended: Ended) -> None:
    """Remember a denied attack; the third attempt contains the session."""
    session.remember_denied(list(ended.attacks))
    if session.attempts >= records.CONTAINED_AT:
        session.contain(
            f"{session.attempts} attempts at what no session may do, the last one "
            f"{ended.control}"
        )


def attacks_in(concerns: Sequence[Concern]) -> tuple[str, ...]:
    """Return the effects of the denied attacks among the concerns of a decision."""
    return tuple(
        concern.effect
        for concern in concerns
        if concern.is_attack and concern.answer.value == "deny"
    )

"""The broker's side of ``guard exec``: its session, and the hooks in its sandbox.

``exec`` makes itself known before its command begins.  Later it connects for each question
of a hook inside, greets, and hands the connection over.  The kernel says who sends on it
then: only a process below that ``exec`` is heard, only about its own events, and within a
budget.
"""

from __future__ import annotations

import json
import threading

from zt_gate.errors import GateError
from zt_gate.guard.broker.budget import Budget
from zt_gate.guard.decision import Mode
from zt_gate.guard.policy import managed_pin, pinned_policy
from zt_gate.guard.session import own_session, records
from zt_gate.guard.session.identity import key_of, process_keys
from zt_gate.system.ancestors import ancestors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from zt_gate.guard.broker.peer import Peer, Through
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.repository import ProjectPlace

#: What a hook in a sandbox may ask for.
_FROM_INSIDE = frozenset(("begin", "end"))
#: Questions and bytes of one ``exec``: at once, and for each second.
_QUESTIONS, _QUESTIONS_A_SECOND = 400, 20
_BYTES, _BYTES_A_SECOND = 16 << 20, 256 << 10
_MOST_EXECS = 1000
#: The control whose mode says whether a containment ends processes.
PROCESSES = "session/processes"
_REACH = (
    "inside guard exec no program gets rights from its file, so the variables of the "
    "loader reach the hook"
)


class ExecSessions:
    """What the broker knows of running ``exec``; threads share it."""

    def __init__(self) -> None:
        self._budgets: dict[str, tuple[Budget, Budget]] = {}
        self._lock = threading.Lock()

    def begin(
        self,
        peer: Peer,
        places: GuardPlaces,
        place: ProjectPlace,
        task: str,
        identity: str,
    ) -> dict[str, Any]:
        """Return the session of an ``exec``, in which it is known now; raises GateError."""
        chain = ancestors(peer.pid)
        if not chain:
            raise GateError("the caller has ended")
        policy = pinned_policy(places, place.key)
        keys = (key_of(chain[0]), *process_keys(chain[1:]))
        session = own_session.begin(places, place, policy, task, keys)
        if identity and not session.identity:
            with records.opened(places) as sessions:
                known = sessions.by_id(session.id) or session
                known.identity = identity[:200]
                sessions.changed = True
        return {"session": session.as_table()}

    def contained(self, peer: Peer, places: GuardPlaces) -> dict[str, Any]:
        """Return why the command of an ``exec`` is to be ended, "" if it is not."""
        keys = tuple(key_of(one) for one in ancestors(peer.pid))
        with records.opened(places) as sessions:
            session = sessions.by_process(keys)
        if session is None or not session.contained or session.release:
            return {"contained": ""}
        policy = pinned_policy(places, session.repository)
        is_enforced = policy.mode_of(PROCESSES) is Mode.ENFORCE
        return {"contained": session.contained_for if is_enforced else ""}

    def check(
        self, message: Mapping[str, Any], peer: Peer, places: GuardPlaces
    ) -> None:
        """Check a message from a sandbox; raises GateError, and the hook denies."""
        through = peer.through
        assert through is not None
        if message.get("do") not in _FROM_INSIDE:
            raise GateError("this is not for a program in a sandbox")
        chain = ancestors(peer.pid)
        place = next((at for at, one in enumerate(chain) if one.pid == through.pid), 0)
        if not place or peer.uid != through.uid:
            raise GateError("the sender is not in the sandbox of this exec")
        above = tuple(key_of(one) for one in chain[place:])
        key = self._known_exec(above, process_keys(chain[1:]), message, places)
        self._spend(key, len(json.dumps(message)))

    def answer(self, peer: Peer, places: GuardPlaces) -> dict[str, Any]:
        """Return what a hook in a sandbox cannot read or know itself; {} for another one."""
        through: Through | None = peer.through
        if through is None:
            return {}
        pin = managed_pin(places)
        if pin is None:
            raise GateError("the machine has a broker and no managed policy")
        return {
            "policy": pin.decode("ascii"),
            "task": through.task,
            "home": through.home,
            "state": through.state,
            "temporary": through.temporary,
        }

    def within_reach(self, peer: Peer) -> str:
        """Return why programs reach a hook in a sandbox, "" for a hook outside."""
        return "" if peer.through is None else _REACH

    def _known_exec(
        self,
        above: tuple[str, ...],
        keys: tuple[str, ...],
        message: Mapping[str, Any],
        places: GuardPlaces,
    ) -> str:
        """Return the key of the ``exec``, which must belong to the sender's session."""
        with records.opened(places) as sessions:
            session = sessions.by_process(keys)
        if session is None:
            raise GateError("no exec is known to have begun this sandbox")
        known = own_session.keeper_of(session)
        key = next((one for one in above if one in known), "")
        if not key:
            raise GateError("no exec is known to have begun this sandbox")
        if message.get("do") == "end" and message.get("session") != session.id:
            raise GateError("this is not a session of the caller")
        return key

    def _spend(self, key: str, size: int) -> None:
        with self._lock:
            if key not in self._budgets:
                if len(self._budgets) >= _MOST_EXECS:
                    del self._budgets[next(iter(self._budgets))]
                self._budgets[key] = (
                    Budget(_QUESTIONS, _QUESTIONS_A_SECOND),
                    Budget(_BYTES, _BYTES_A_SECOND),
                )
            questions, sizes = self._budgets[key]
        if not questions.take(1) or not sizes.take(size):
            raise GateError(
                "the sandbox asks more than the broker answers in this time"
            )

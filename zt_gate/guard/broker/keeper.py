"""The hook's keeper where a broker holds sessions and log, and the broker's side of it.

The broker believes nothing of a message but what only its sender can be harmed by: who
the sender is comes from the kernel, the session from the process tree, and a message can
add to what is denied, but never take away.  So it keeps no verdicts on scripts: a program
of the session could claim one.
"""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.errors import GateError
from zt_gate.guard.broker import vanished
from zt_gate.guard.broker.client import SECONDS, BrokerError, ask
from zt_gate.guard.broker.exec_sessions import ExecSessions
from zt_gate.guard.broker.handed import ask_handed
from zt_gate.guard.broker.labels import LabelOwners
from zt_gate.guard.broker.process_reach import attachable, traced
from zt_gate.guard.broker.questions import answer_to
from zt_gate.guard.broker.snapshots import SnapshotKeeper
from zt_gate.guard.broker.vanished import BegunHooks
from zt_gate.guard.decision import Grade
from zt_gate.guard.keeper import Begun, Ended, Inside, LocalKeeper
from zt_gate.guard.places import GuardPlaces
from zt_gate.guard.policy import pinned_policy, policy_of_broker
from zt_gate.guard.repository import ProjectPlace, git_identity
from zt_gate.guard.session.identity import key_of, process_keys, up_to_client
from zt_gate.guard.session.own_session import KEEPER
from zt_gate.guard.session.records import Session, session_of_table
from zt_gate.system.ancestors import ancestors
from zt_gate.system.root_owned import NotRootOwnedError, read_root_owned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.guard.broker.peer import Peer
    from zt_gate.guard.policy import GuardPolicy

_MOST_TEXT = 4096
_MOST_EFFECTS = 50
#: A report reads the whole log.
_QUESTION_SECONDS = 120.0
#: Fields of a log line that the broker writes itself.
_OWN_FIELDS = frozenset(
    ("time", "user", "uid", "host", "session", "root", "task", "git", "attempts", "v", "seq",
     "prev", "hash", "policy", "grade", "pid")
)  # fmt: skip


def broker_settings(path: str, user_id: int) -> tuple[int, str]:
    """Return user id and socket of the broker; raises GateError.

    The file must be root's: a session could name a broker of its own.
    """
    try:
        data = read_root_owned(Path(path), user_id or -1) or b""
        table = json.loads(data)
        return int(table["owner"]), str(table["socket"])
    except NotRootOwnedError as error:
        raise GateError(f"the broker's settings are not used: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise GateError(f"{path} does not name a broker's owner and socket") from error


class BrokerKeeper:
    """Asks the broker; ``is_handed`` inside ``exec``, which hands over the connections."""

    def __init__(
        self, owner: int, socket: str, home: str, *, is_handed: bool = False
    ) -> None:
        self._home = home
        self.owner = owner
        self.socket = socket
        self._is_handed = is_handed
        self._has_snapshot = False

    def begin(
        self, client: str, label: str, place: ProjectPlace, policy_of: Any
    ) -> tuple[Begun, GuardPolicy]:
        """Return the session of an event, and its policy; see ``Keeper``."""
        answer = self._ask(
            {"do": "begin", "client": client, "label": label, **self._where(place)}
        )
        session = session_of_table(answer["session"])
        self._has_snapshot = answer.get("has_snapshot") is True
        inside, policy = None, None
        if self._is_handed:
            names = ("home", "state", "temporary", "task")
            inside = Inside(*(str(answer[name]) for name in names))
            policy = policy_of_broker(str(answer["policy"]))
        begun = Begun(
            session,
            str(answer["contained"]),
            str(answer["within_reach"]),
            inside,
            str(answer.get("other_account", "")),
        )
        return begun, policy or policy_of(session.repository)

    def begin_exec(self, place: ProjectPlace, task: str) -> Session:
        """Return the session of this process, an ``exec``; raises GateError."""
        answer = self._ask({"do": "exec", "task": task, **self._where(place)})
        return session_of_table(answer["session"])

    def _where(self, place: ProjectPlace) -> dict[str, str]:
        return {
            "root": place.root,
            "common": place.common,
            "git_folder": place.git_folder,
            "identity": git_identity(place, self._home),
        }

    def end(self, ended: Ended, policy: GuardPolicy) -> Session:
        """Keep what one event did; see ``Keeper``."""
        del policy  # the broker reads the managed one itself
        more = {
            name: number - ended.before.get(name, 0)
            for name, number in ended.session.counts.items()
        }
        answer = self._ask(
            {
                "do": "end",
                "session": ended.session.id,
                "counts": {name: number for name, number in more.items() if number},
                "attacks": list(ended.attacks),
                "control": ended.control,
                "entry": dict(ended.entry),
            }
        )
        return session_of_table(answer["session"])

    def snapshot(self, session: Session) -> str:
        """Send the session's snapshot to the broker; see ``Keeper``."""
        if self._has_snapshot:
            return ""
        from zt_gate.guard.broker.snapshot_sender import send_snapshot

        self._has_snapshot = True
        return send_snapshot(self._home, session, self._ask)

    def question(self, about: str, **more: object) -> dict[str, Any]:
        """Return what the broker says about the user's sessions; raises GateError.

        ``about`` is one of those in ``questions.answer_to``.
        """
        message = {"do": "question", "about": about, **more}
        return self._ask(message, _QUESTION_SECONDS)

    def _ask(self, message: dict[str, Any], seconds: float = SECONDS) -> dict[str, Any]:
        try:
            if self._is_handed:
                answer = ask_handed(message, seconds=seconds)
            else:
                answer = ask(message, self.owner, path=self.socket, seconds=seconds)
        except BrokerError as error:
            raise GateError(str(error)) from error
        if "error" in answer:
            raise GateError(f"the broker refused: {answer['error']}")
        return answer


class BrokerHandler:
    """The broker's side: keeps the sessions of each user in a folder of its own."""

    def __init__(self, state: str, managed: str) -> None:
        self._state = state
        self._managed = managed
        self._labels = LabelOwners(state)
        self._snapshots = SnapshotKeeper()
        self._hooks = BegunHooks()
        self._execs = ExecSessions()

    def __call__(self, message: dict[str, Any], peer: Peer) -> dict[str, Any]:
        """Return the answer to one message; raises GateError, which the hook denies for."""
        if peer.pid <= 0:
            raise GateError("the caller's process is not visible from here")
        places = self.places_of(peer.uid)
        if peer.through is not None:
            self._execs.check(message, peer, places)
        for pid, name in self._hooks.vanished(peer.uid):
            vanished.note(places, name, pid)
        if message.get("do") == "question":
            return answer_to(message, places)
        if message.get("do") == "exec":
            place, identity = _place(message)
            task = _text(message, "task")
            return self._execs.begin(peer, places, place, task, identity)
        if message.get("do") == "exec-contained":
            return self._execs.contained(peer, places)
        # The caller itself is a hook, which is another process for each event.
        caller, *above = ancestors(peer.pid)
        keeper = LocalKeeper(places, process_keys(above))
        hook_and_client = (peer.pid, *up_to_client(above))
        tracing = traced(hook_and_client)
        if tracing:
            raise GateError(f"{tracing}, which could answer in the guard's place")
        reach = "the client runs as root" if peer.uid == 0 else ""
        reach = reach or attachable(hook_and_client)
        reach = self._execs.within_reach(peer) or reach
        if message.get("do") == "begin":
            answer = self._begin(message, keeper, places)
            self._hooks.add(peer.uid, key_of(caller), answer["session"]["id"])
            more = self._execs.answer(peer, places)
            return {**answer, "within_reach": reach, **more}
        if message.get("do") == "end":
            self._hooks.remove(peer.uid, key_of(caller))
            grade = Grade.ADVISES if reach else Grade.ENFORCED
            own = {"grade": grade.value, "pid": peer.pid}
            return self._end(message, keeper, places, own)
        if message.get("do") == "snapshot":
            session = keeper.session_of_caller(_text(message, "session"))
            is_kept = self._snapshots.keep(message, places, session, peer.pid)
            return {"kept": is_kept}
        raise GateError("unknown message")

    def vanished(self, message: Mapping[str, Any], peer: Peer) -> None:
        """Note a hook that has not taken the answer to the end of its event."""
        session = message.get("session")
        if message.get("do") == "end" and isinstance(session, str):
            vanished.note(self.places_of(peer.uid), session, peer.pid)

    def places_of(self, user_id: int) -> GuardPlaces:
        """Return where the sessions of a user are kept."""
        try:
            home = pwd.getpwuid(user_id).pw_dir
        except KeyError:
            home = "/nonexistent"
        folder = os.path.join(self._state, str(user_id))
        return GuardPlaces(home, folder, user_id, self._managed)

    def _begin(
        self, message: Mapping[str, Any], keeper: LocalKeeper, places: GuardPlaces
    ) -> dict[str, Any]:
        client, label = _text(message, "client"), _text(message, "label")
        place, identity = _place(message)
        if client == KEEPER:  # the name of exec, which says so in another way
            raise GateError("this is not the name of a client")
        with self._labels.lock:
            owner = None
            if label:
                owner = self._labels.other_owner(f"{client}:{label}", places.user_id)
            begun, _ = keeper.begin(
                client,
                "" if owner is not None else label,
                place,
                lambda repository: pinned_policy(places, repository),
                identity,
            )
        answer = {
            "session": begun.session.as_table(),
            "contained": begun.contained,
            "has_snapshot": self._snapshots.has(places, begun.session),
        }
        if owner is not None:
            answer["other_account"] = f"it is known as a session of the account {owner}"
        return answer

    def _end(
        self,
        message: Mapping[str, Any],
        keeper: LocalKeeper,
        places: GuardPlaces,
        own: Mapping[str, Any],
    ) -> dict[str, Any]:
        session = keeper.session_of_caller(_text(message, "session"))
        before = dict(session.counts)
        for name, number in _table(message, "counts").items():
            if isinstance(number, int) and 0 < number < 1000:
                session.count(str(name)[:40], number)
        effects = message.get("attacks")
        if not isinstance(effects, list):
            raise GateError("attacks is not a list")
        policy = pinned_policy(places, session.repository)
        entry = {
            key: value
            for key, value in _table(message, "entry").items()
            if key not in _OWN_FIELDS
        }
        entry |= {"policy": policy.digest[:16], **own}
        attacks = [str(effect)[:_MOST_TEXT] for effect in effects[:_MOST_EFFECTS]]
        control = _text(message, "control")[:80]
        kept = keeper.end(Ended(session, before, attacks, control, entry), policy)
        return {"session": kept.as_table()}


def _place(message: Mapping[str, Any]) -> tuple[ProjectPlace, str]:
    """Return where a caller works, and its identity for git."""
    names = ("root", "common", "git_folder", "identity")
    root, common, git_folder, identity = (_text(message, name) for name in names)
    return ProjectPlace(root, common, git_folder), identity


def _text(message: Mapping[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str) or len(value) > _MOST_TEXT or "\0" in value:
        raise GateError(f"{key} is not a text")
    return value


def _table(message: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = message.get(key)
    if not isinstance(value, dict):
        raise GateError(f"{key} is not a table")
    return value

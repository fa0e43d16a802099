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
from zt_gate.guard.broker.client import SECONDS, BrokerError, ask
from zt_gate.guard.broker.process_reach import attachable, traced
from zt_gate.guard.decision import Grade
from zt_gate.guard.keeper import Begun, Ended, LocalKeeper
from zt_gate.guard.places import GuardPlaces
from zt_gate.guard.policy import pinned_policy
from zt_gate.guard.repository import ProjectPlace, git_identity
from zt_gate.guard.session.identity import process_keys, up_to_client
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
    """Asks the broker."""

    def __init__(self, owner: int, socket: str, home: str) -> None:
        self._home = home
        self._owner = owner
        self._socket = socket

    def begin(
        self, client: str, label: str, place: ProjectPlace, policy_of: Any
    ) -> tuple[Begun, GuardPolicy]:
        """Return the session of an event, and its policy; see ``Keeper``."""
        answer = self._ask(
            {
                "do": "begin",
                "client": client,
                "label": label,
                "root": place.root,
                "common": place.common,
                "git_folder": place.git_folder,
                "identity": git_identity(place, self._home),
            }
        )
        session = session_of_table(answer["session"])
        begun = Begun(session, str(answer["contained"]), str(answer["within_reach"]))
        return begun, policy_of(session.repository)

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

    def lines(self, about: str, session: str = "", **more: object) -> list[str]:
        """Return what the broker says about the user's sessions; raises GateError.

        ``about`` is "list", "show", "contain" or "report".
        """
        message = {"do": "lines", "about": about, "session": session, **more}
        answer = self._ask(message, seconds=_QUESTION_SECONDS)
        return [str(line) for line in answer["lines"]]

    def _ask(self, message: dict[str, Any], seconds: float = SECONDS) -> dict[str, Any]:
        try:
            answer = ask(message, self._owner, path=self._socket, seconds=seconds)
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

    def __call__(self, message: dict[str, Any], peer: Peer) -> dict[str, Any]:
        """Return the answer to one message; raises GateError, which the hook denies for."""
        if peer.pid <= 0:
            raise GateError("the caller's process is not visible from here")
        places = self.places_of(peer.uid)
        if message.get("do") == "lines":
            from zt_gate.guard.broker.questions import lines_for

            return {"lines": lines_for(message, places)}
        # The caller itself is a hook, which is another process for each event.
        above = ancestors(peer.pid)[1:]
        keeper = LocalKeeper(places, process_keys(above))
        hook_and_client = (peer.pid, *up_to_client(above))
        tracing = traced(hook_and_client)
        if tracing:
            raise GateError(f"{tracing}, which could answer in the guard's place")
        reach = "the client runs as root" if peer.uid == 0 else ""
        reach = reach or attachable(hook_and_client)
        if message.get("do") == "begin":
            return {**self._begin(message, keeper, places), "within_reach": reach}
        if message.get("do") == "end":
            grade = Grade.ADVISES if reach else Grade.ENFORCED
            own = {"grade": grade.value, "pid": peer.pid}
            return self._end(message, keeper, places, own)
        raise GateError("unknown message")

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
        names = ("client", "label", "root", "common", "git_folder", "identity")
        client, label, root, common, git_folder, identity = (
            _text(message, name) for name in names
        )
        place = ProjectPlace(root, common, git_folder)
        begun, _ = keeper.begin(
            client,
            label,
            place,
            lambda repository: pinned_policy(places, repository),
            identity,
        )
        return {"session": begun.session.as_table(), "contained": begun.contained}

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

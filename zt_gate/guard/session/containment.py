"""Containment in one action: the mark, the processes, the tokens, the line in the log.

A person runs it by ``zt-gate guard session contain``.  Where the guard itself contains a
session, the hook starts this module as a program: what it ends are the processes above it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from zt_gate.errors import GateError
from zt_gate.guard.history import find
from zt_gate.guard.keepers import history_of
from zt_gate.guard.places import GuardPlaces
from zt_gate.guard.session import own_session, records
from zt_gate.guard.session.processes import end_processes, wait_for_keepers
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.guard.session.records import Session

#: Seconds in which ``exec`` has to end and revoke by itself.
_KEEPER_SECONDS = 20.0
_PARENT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Containment:
    """What a containment did: how many processes it ended, and how many tokens.

    ``problems`` are what still runs or may still be valid.
    """

    processes: int
    tokens: int
    problems: tuple[str, ...] = ()


def contain(
    places: GuardPlaces, name: str, by: str, reason: str, environ: Mapping[str, str]
) -> tuple[Session, Containment]:
    """Contain a session: deny everything, end its processes, revoke its tokens.

    ``name`` is its id or the beginning of it.  The rest is done even where the mark or the
    log cannot be written; then GateError is raised at the end.  Raises UsageError for
    another name.
    """
    history = history_of(places)
    session = find(history, name)
    problem: GateError | None = None
    try:
        session = history.contain(session.id, reason)
    except GateError as error:
        problem = error
    done = enforce(places, session, by, reason, environ)
    if problem is not None:
        raise problem
    return session, done


def enforce(
    places: GuardPlaces,
    session: Session,
    by: str,
    reason: str,
    environ: Mapping[str, str],
) -> Containment:
    """End the processes of a contained session and revoke its tokens; raises GateError."""
    keepers = own_session.keeper_of(session)
    known = _tokens_of(places, session)
    ended = end_processes(session, keepers=keepers, marks=_marks())
    # What ran with a token revokes it as it ends; the rest is revoked here.
    wait_for_keepers(keepers, _KEEPER_SECONDS)
    revoked, left = _revoked(places, session, environ)
    done = Containment(ended.ended, len(known | revoked), (*ended.left, *left))
    entry = {
        "event": "contained",
        "by": by,
        "reason": reason,
        "processes": done.processes,
        "tokens": done.tokens,
        "problems": list(done.problems),
    }
    history_of(places).note(session, entry)
    return done


def enforce_apart(places: GuardPlaces, session: Session) -> None:
    """Start ``enforce`` in a process that outlives the caller, and do not wait for it.

    Nothing of the caller's environment is given to it: it would look like a process of
    the session.
    """
    order = {
        "places": [places.home, places.state, places.user_id, places.managed],
        "session": session.as_table(),
        "parent": os.getpid(),
    }
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "zt_gate.guard.session.containment"],
        cwd="/",
        env={"PATH": os.defpath, "HOME": places.home},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin is not None
    with process.stdin as file:
        file.write(json.dumps(order).encode("ascii"))
    # It is not waited for: it waits for the end of this process.
    process.returncode = 0


def main() -> None:
    """Carry out an order of ``enforce_apart``, after the process that gave it has ended."""
    order: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    deadline = time.monotonic() + _PARENT_SECONDS
    # By the order: this process may only begin when the one that gave it has ended.
    while os.getppid() == order["parent"] and time.monotonic() < deadline:
        time.sleep(0.01)
    places = GuardPlaces(*order["places"])
    session = records.session_of_table(order["session"])
    enforce(places, session, "zt-gate", session.contained_for, os.environ)


def _tokens_of(places: GuardPlaces, session: Session) -> set[str]:
    from zt_gate.guard.tokens.records import stored

    try:
        return {record.id for record in stored(places) if record.session == session.id}
    except GateError:
        return (
            set()
        )  # a damaged record is a problem that is told after the processes ended


def _revoked(
    places: GuardPlaces, session: Session, environ: Mapping[str, str]
) -> tuple[set[str], list[str]]:
    """Revoke the tokens of a session; return which, and what may still be valid."""
    from zt_gate.guard.tokens.session_tokens import revoke_of_session

    try:
        done = revoke_of_session(places, session.id, environ)
    except GateError as error:
        return set(), [str(error)]
    problems = []
    for one in done:
        if one.problem:
            end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one.record.ends))
            problems.append(
                f"a token of {one.record.issuer} for the task {one.record.task} may be valid "
                f"until {end}: {one.problem}"
            )
    return {one.record.id for one in done}, problems


def _marks() -> tuple[str, ...]:
    """Return the variables that agents set for what they start."""
    from zt_gate import rulebook
    from zt_gate.review.authorship import RULE

    agents = rulebook.load("gate")[RULE].data.get("agents", ())
    return tuple(mark for agent in agents for mark in agent.get("variables", ()))


if __name__ == "__main__":
    main()

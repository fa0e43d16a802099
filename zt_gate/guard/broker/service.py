"""The broker as a service: what ``zt-gate guard broker`` runs under its own account."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.guard.broker.client import SOCKET
from zt_gate.guard.broker.keeper import BrokerHandler
from zt_gate.guard.broker.server import BrokerServer
from zt_gate.guard.places import BROKER_STATE, MANAGED

if TYPE_CHECKING:
    from types import FrameType

STATE = BROKER_STATE


def serve(socket: str = SOCKET, state: str = STATE, managed: str = MANAGED) -> None:
    """Hear hooks until SIGTERM or SIGINT; raises UsageError for root, and OSError.

    As root the broker would open files of users with all rights, and it needs none.
    """
    if os.geteuid() == 0:
        raise UsageError(
            "the broker runs under an account of its own, not as root; "
            "see docs/guard-broker.md"
        )
    os.umask(0o077)
    handler = BrokerHandler(state, managed)
    server = BrokerServer(socket, handler, handler.vanished)

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.close()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server.serve()


def release(user: str, name: str, by: str, reason: str, state: str = STATE) -> str:
    """Release a contained session of a user and return its id.

    Who can run a program as the broker's account is its administrator: that is the proof.
    Raises UsageError or GuardStateError.
    """
    import pwd

    from zt_gate.guard import log
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.guard.session import records

    try:
        user_id = pwd.getpwnam(user).pw_uid
    except KeyError:
        raise UsageError(f"unknown user {user!a}") from None
    places = BrokerHandler(state, MANAGED).places_of(user_id)
    with records.opened(places) as sessions:
        session = sessions.by_id(name)
        if session is None or not session.contained:
            raise UsageError(f"no contained session {name!a} of {user}")
        entry = {"event": "released", "session": session.id, "by": by, "reason": reason}
        log.append(places, GuardPolicy(), entry)
        session.contained, session.contained_for, session.attempts = 0.0, "", 0
        sessions.changed = True
    return session.id

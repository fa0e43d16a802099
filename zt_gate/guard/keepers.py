"""Chooses where sessions and log are kept on this machine."""

from __future__ import annotations

import os

from zt_gate.guard.keeper import LocalKeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.broker.keeper import BrokerKeeper
    from zt_gate.guard.history import History
    from zt_gate.guard.keeper import Keeper
    from zt_gate.guard.places import GuardPlaces

#: In the managed folder: who runs the broker, and where it listens.
BROKER_FILE = "broker.json"


def keeper_for(places: GuardPlaces) -> Keeper:
    """Return the machine's keeper: the broker if a managed file names one.

    Raises GateError if that file is not root's: a session could have made it.
    """
    return broker_of(places) or LocalKeeper(places)


def history_of(places: GuardPlaces) -> History:
    """Return what is known of a user's sessions, wherever it is kept; raises GateError."""
    broker = broker_of(places)
    if broker is not None:
        from zt_gate.guard.broker.history import BrokerHistory

        return BrokerHistory(broker)
    from zt_gate.guard.history import LocalHistory

    return LocalHistory(places)


def broker_of(places: GuardPlaces) -> BrokerKeeper | None:
    """Return the machine's broker, None if a user's own files are used; raises GateError."""
    path = os.path.join(places.managed, BROKER_FILE)
    if not os.path.lexists(path):
        return None
    from zt_gate.guard.broker.handed import is_needed
    from zt_gate.guard.broker.keeper import BrokerKeeper, broker_settings

    if is_needed():
        # In the sandbox root's files may look like a stranger's, and nobody has to read
        # them: ``exec`` did, outside.
        return BrokerKeeper(-1, "", places.home, is_handed=True)
    owner, socket = broker_settings(path, places.user_id)
    return BrokerKeeper(owner, socket, places.home)

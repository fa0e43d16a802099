"""What one run of ``exec`` tells the broker of its sandbox, and gives the hooks inside."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.guard.private_file import make_private, write_private
from zt_gate.guard.sandbox.hand_over import BrokerPlace
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from zt_gate.guard.policy import GuardPolicy


@dataclass(frozen=True, slots=True)
class BrokerStart:
    """A broker for one run; ``task`` narrows what its hooks let pass."""

    owner: int
    socket: str
    task: str
    policy: GuardPolicy

    def prepared(
        self, folder: str, home: str, temporary: str
    ) -> tuple[BrokerPlace, str]:
        """Return what the hooks inside are given, and their state, a folder to read.

        ``folder`` is the run's; ``home`` and ``temporary`` are inside.  What hooks make of
        the policy otherwise is made here: inside, the agent could change it.
        """
        state = os.path.join(folder, "broker-state")
        pins = os.path.join(state, "pins")
        make_private(pins)
        if self.policy.scan_policy:
            name = f"{self.policy.digest[:32]}.toml"
            write_private(os.path.join(pins, name), self.policy.scan_policy.encode())
        place = BrokerPlace(self.owner, self.socket, self.task, home, state, temporary)
        return place, state

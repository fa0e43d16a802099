"""Where the guard keeps its policy, its log and what it knows of sessions.

No variable names these folders: what an agent starts can set variables, and another
HOME must not be another memory.  The user's home is the one of the passwd entry.
"""

from __future__ import annotations

import os

from zt_gate.record import record

#: The folder of a managed installation; only root can write it.
MANAGED = "/etc/zt-gate/guard"
#: Where the broker keeps the sessions and logs of all users.
BROKER_STATE = "/var/lib/zt-gate-guard"


@record
class GuardPlaces:
    """The folders of one user on this machine, as absolute paths."""

    home: str
    state: str
    user_id: int
    managed: str = MANAGED

    @property
    def pins(self) -> str:
        """The folder of the pinned policies."""
        return os.path.join(self.state, "pins")

    @property
    def sessions(self) -> str:
        """The folder of what is known of sessions."""
        return os.path.join(self.state, "sessions")

    @property
    def logs(self) -> str:
        """The folder of the log files."""
        return os.path.join(self.state, "log")


def guard_places() -> GuardPlaces:
    """Return the current user's places; raises OSError for a user without a home."""
    import pwd

    user_id = os.geteuid()
    try:
        home = pwd.getpwuid(user_id).pw_dir
    except KeyError:
        home = ""
    if not os.path.isabs(home) or home == "/nonexistent":
        raise OSError(
            f"user {user_id} has no home folder, where the guard keeps its state"
        )
    state = os.path.join(home, ".local", "state", "zt-gate", "guard")
    return GuardPlaces(os.path.realpath(home), state, user_id)

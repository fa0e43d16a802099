"""``detect_anomaly``: whether a session behaved unlike honest ones, by the guard's log."""

from __future__ import annotations

from zt_gate.errors import UsageError
from zt_gate.guard.session.anomaly import SessionAnomaly, detect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from zt_gate.guard.places import GuardPlaces


def detect_anomaly(
    session: str | Iterable[Mapping[str, Any]],
    *,
    limits: Mapping[str, int] | None = None,
    places: GuardPlaces | None = None,
) -> SessionAnomaly:
    """Return what was unusual about a session; false if nothing was.

    ``session`` is the id of a session of this user, or its beginning, or entries of a log
    (as JSON has them) in their order.  ``limits`` are those of a task, such as
    ``{"anomaly-files-read": 1000}``.  ``places`` are the guard's folders, by default the
    user's.  Raises UsageError for an id that fits no session or several, LogError for a
    log that was changed.
    """
    if not isinstance(session, str):
        return detect(session, limits)
    from zt_gate.guard.keepers import history_of
    from zt_gate.guard.places import guard_places

    found = [
        entry
        for entry in history_of(places or guard_places()).entries()
        if session and str(entry.get("session", "")).startswith(session)
    ]
    names = {str(entry["session"]) for entry in found}
    if len(names) != 1:
        many = "several sessions begin" if names else "no session of the log begins"
        raise UsageError(f"{many} with {session!a}; see: zt-gate guard session list")
    return detect(found, limits)

"""What a user may ask the broker about the user's own sessions, and contain.

Only lines of text go back, as the commands print them.  Nothing here takes away what was
denied: a release is the administrator's.
"""

from __future__ import annotations

from zt_gate.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from zt_gate.guard.places import GuardPlaces

_MOST_TEXT = 4096


def lines_for(message: Mapping[str, Any], places: GuardPlaces) -> list[str]:
    """Return the lines that answer a question; raises GateError."""
    about = message.get("about")
    name = message.get("session")
    if not isinstance(name, str) or len(name) > _MOST_TEXT:
        raise UsageError("session is not a text")
    if about == "list":
        from zt_gate.guard.session.listing import session_lines

        return session_lines(places)
    if about == "show":
        from zt_gate.guard.session.listing import shown_session

        return shown_session(places, name)
    if about == "contain":
        return [_contained(places, name, str(message.get("reason"))[:_MOST_TEXT])]
    if about == "report":
        return _report(places, name, message.get("days"))
    raise UsageError("unknown question")


def _contained(places: GuardPlaces, name: str, reason: str) -> str:
    from zt_gate.guard.session import records

    with records.opened(places) as sessions:
        session = sessions.by_id(name)
        if session is None:
            raise UsageError(f"no session {name!a}; see: zt-gate guard session list")
        session.contain(reason)
        sessions.changed = True
    return session.id


def _report(places: GuardPlaces, session: str, days: object) -> list[str]:
    from zt_gate.guard.log import read_log
    from zt_gate.guard.report import report_lines, report_on

    number = days if isinstance(days, int) else 0
    return list(report_lines(report_on(read_log(places), days=number, session=session)))

"""What ``zt-gate guard session`` shows."""

from __future__ import annotations

import time

from zt_gate.guard.history import find
from zt_gate.guard.keepers import history_of
from zt_gate.guard.report import report_lines, report_on
from zt_gate.guard.session import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.session.records import Session

_LAST = 20


def session_lines(places: GuardPlaces) -> list[str]:
    """Return one line for each session, the last seen first; raises GuardStateError."""
    known = sorted(history_of(places).sessions(), key=lambda session: -session.seen)
    return [_line(session) for session in known] or ["no sessions on this machine"]


def shown_session(places: GuardPlaces, name: str) -> list[str]:
    """Return what is known of a session, and its last events.

    ``name`` is its id or the beginning of it.  Raises UsageError, GuardStateError and
    LogError.
    """
    history = history_of(places)
    session = find(history, name)
    entries = list(history.entries(session.id))
    lines = [
        f"session    {session.id} ({_state(session)})",
        f"project    {session.root}",
        f"task       {session.task or 'none'}",
        f"started    {_time(session.started)}",
        f"last seen  {_time(session.seen)}",
        f"identity   {session.identity or 'unknown'}",
        f"clients    {', '.join(session.labels) or 'unknown'}",
        f"attempts   {session.attempts}",
    ]
    lines += [f"denied     {effect}" for effect in session.denied]
    lines += ["", *report_lines(report_on(entries)), "", "Last events:"]
    for entry in entries[-_LAST:]:
        controls = ", ".join(item["control"] for item in entry.get("concerns", ()))
        lines.append(
            f"  {entry['time']}  {entry.get('event', '')} {entry.get('tool', '')} "
            f"{entry.get('answer', '')} {controls}".rstrip()
        )
    return lines


def _line(session: Session) -> str:
    return (
        f"{session.id}  {_time(session.seen)}  {_state(session)}  {session.task or 'none'}  "
        f"{session.root}"
    )


def _state(session: Session) -> str:
    if session.contained and session.release:
        return "released"
    if session.contained:
        return f"contained: {session.contained_for}"
    running = any(records.is_running_process(key) for key in session.processes)
    return "running" if running else "ended"


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(seconds))

"""What the guard's log says: counts by control, and what enforcing would have stopped."""

from __future__ import annotations

import time
from collections import Counter

from zt_gate.guard.log_entry import NO_CALLS
from zt_gate.record import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_DAY = 86_400
_MOST_SHOWN = 50
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Stopped:
    """One call that was stopped, or that enforcing would have stopped."""

    time: str
    session: str
    tool: str
    control: str
    reason: str
    mode: str


@dataclass(slots=True)
class GuardReport:
    """Counts over a part of the log; the keys of ``controls`` are control and outcome."""

    calls: int = 0
    sessions: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    controls: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    stopped: list[Stopped] = field(default_factory=list)
    would_stop: list[Stopped] = field(default_factory=list)
    contained: list[str] = field(default_factory=list)

    def as_table(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        controls: dict[str, dict[str, int]] = {}
        for (control, outcome), number in sorted(self.controls.items()):
            controls.setdefault(control, {})[outcome] = number
        return {
            "calls": self.calls,
            "sessions": len(self.sessions),
            "answers": dict(sorted(self.answers.items())),
            "controls": controls,
            "unknown": dict(sorted(self.unknown.items())),
            "would_stop": [_row(item) for item in self.would_stop],
            "contained": self.contained,
        }


def report_on(
    entries: Iterable[Mapping[str, Any]], *, days: int = 0, session: str = ""
) -> GuardReport:
    """Return the report on log entries (``log.read_log``), of the last ``days`` if given.

    ``session`` is the id of one session, or its beginning.
    """
    report = GuardReport()
    oldest = (
        time.strftime(_TIME, time.gmtime(time.time() - days * _DAY)) if days else ""
    )
    for entry in entries:
        name = str(entry.get("session", ""))
        if str(entry.get("time", "")) < oldest or not name.startswith(session):
            continue
        if entry.get("event") in NO_CALLS:
            continue
        report.calls += 1
        report.sessions.add(name)
        report.answers[str(entry.get("answer", ""))] += 1
        _add_concerns(report, entry)
        for action in entry.get("actions", ()):
            if action.get("kind") == "UnknownEvent":
                report.unknown[str(action.get("what", ""))] += 1
    return report


def report_lines(report: GuardReport) -> list[str]:
    """Return the report as text."""
    counts = ", ".join(
        f"{number} {name}" for name, number in report.answers.most_common()
    )
    lines = [
        f"{report.calls} events in {len(report.sessions)} sessions: {counts or 'none'}"
    ]
    if report.controls:
        lines += ["", "By control:"]
        lines += [
            f"  {number:>5}  {control} ({outcome})"
            for (control, outcome), number in report.controls.most_common()
        ]
    if report.would_stop:
        lines += ["", f"Enforcing would have stopped {len(report.would_stop)}:"]
        lines += [_line(item) for item in report.would_stop[:_MOST_SHOWN]]
        if len(report.would_stop) > _MOST_SHOWN:
            lines.append(f"  and {len(report.would_stop) - _MOST_SHOWN} more")
    if report.unknown:
        lines += ["", "Unknown to the guard:"]
        lines += [
            f"  {number:>5}  {what}" for what, number in report.unknown.most_common()
        ]
    for name in report.contained:
        lines += ["", f"Session {name} was contained."]
    return lines


def _add_concerns(report: GuardReport, entry: Mapping[str, Any]) -> None:
    hidden: list[Stopped] = []
    for concern in entry.get("concerns", ()):
        answer, mode = concern.get("answer"), concern.get("mode")
        outcome = str(answer) if mode == "enforce" else f"{mode}, would {answer}"
        if answer == "silent":
            outcome = "told"
        report.controls[str(concern.get("control")), outcome] += 1
        stops = answer in {"deny", "ask"}
        item = Stopped(
            str(entry.get("time")),
            str(entry.get("session")),
            str(entry.get("tool")),
            str(concern.get("control")),
            str(concern.get("reason")),
            str(mode),
        )
        if stops and mode == "enforce":
            report.stopped.append(item)
        elif stops:
            hidden.append(item)
        if concern.get("control") == "session/contained":
            name = str(entry.get("session"))
            if name not in report.contained:
                report.contained.append(name)
    # A call that was stopped for another reason would not have been stopped again.
    if hidden and entry.get("answer") == "silent":
        report.would_stop.append(hidden[0])


def _line(item: Stopped) -> str:
    return (
        f"  {item.time}  {item.session[:8]}  {item.tool}  {item.control}: {item.reason}"
    )


def _row(item: Stopped) -> dict[str, str]:
    return {
        "time": item.time,
        "session": item.session,
        "tool": item.tool,
        "control": item.control,
        "reason": item.reason,
        "mode": item.mode,
    }

"""Which of four levels of protection a repository has, and what the next one needs.

1 configuration, 2 with a sandbox, 3 with static analysis, 4 the whole way with audit logs.
A review of permissions or a drill that is too old lowers the level by one each.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

from zt_gate.guard.private_file import GuardStateError, read_private, write_private
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.guard.places import GuardPlaces

_DAY = 86_400
REVIEW_DAYS = 90
DRILL_DAYS = 30
NAMES = (
    "nothing in force",
    "configuration",
    "configuration and sandbox",
    "configuration, sandbox and static analysis",
    "the whole way, with audit logs",
)
REVIEWS_FILE = "reviews.json"
_DRILLS_FILE = "drills.json"


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a level needs; ``missing`` is "" if it is there, else what to do."""

    level: int
    what: str
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Friction:
    """How much the guard stopped in the log of one repository, in ``days``."""

    days: int
    calls: int = 0
    sessions: int = 0
    denied: int = 0
    asked: int = 0
    would_stop: int = 0
    controls: Mapping[str, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """One line."""
        if not self.calls:
            return f"no calls in {self.days} days"
        return (
            f"{self.calls} calls in {self.sessions} sessions and {self.days} days: "
            f"{_percent(self.denied, self.calls)} denied, "
            f"{_percent(self.asked, self.calls)} asked about, "
            f"{_percent(self.would_stop, self.calls)} only observed"
        )


@dataclass(frozen=True, slots=True)
class Posture:
    """The level that holds now, the one without what is too old, and the needs."""

    level: int
    reached: int
    needs: tuple[Need, ...]
    lowered: tuple[str, ...]
    friction: Friction

    @property
    def next_steps(self) -> tuple[str, ...]:
        """What is missing for the next level, and what lowers this one."""
        following = self.reached + 1
        missing = [
            f"{need.what}: {need.missing}"
            for need in self.needs
            if need.level == following and need.missing
        ]
        return (*self.lowered, *missing)

    def as_table(self) -> dict[str, Any]:
        """Return the posture as JSON has it."""
        return {
            "level": self.level,
            "name": NAMES[self.level],
            "reached": self.reached,
            "lowered": list(self.lowered),
            "needs": [
                {"level": need.level, "what": need.what, "missing": need.missing}
                for need in self.needs
            ],
            "next": list(self.next_steps),
            "friction": {
                "days": self.friction.days,
                "calls": self.friction.calls,
                "sessions": self.friction.sessions,
                "denied": self.friction.denied,
                "asked": self.friction.asked,
                "would_stop": self.friction.would_stop,
                "controls": dict(self.friction.controls),
            },
        }


def posture_of(
    needs: Iterable[Need], friction: Friction, reviewed: str, drilled: str, today: str
) -> Posture:
    """Return the posture; the days are ``YYYY-MM-DD``, "" for never.

    A level is reached if nothing of it or of a lower one is missing.
    """
    found = tuple(needs)
    reached = 0
    for level in range(1, len(NAMES)):
        if any(need.missing for need in found if need.level == level):
            break
        reached = level
    lowered = []
    if _days_between(reviewed, today) > REVIEW_DAYS:
        when = f"reviewed on {reviewed}" if reviewed else "never reviewed"
        lowered.append(
            f"some permissions were {when}: run zt-gate guard permissions, "
            "then with --reviewed"
        )
    if _days_between(drilled, today) > DRILL_DAYS:
        lowered.append(f"the last drill that passed was {drilled or 'never'}: run "
                       "zt-gate drill --guard")  # fmt: skip
    level = max(0, reached - len(lowered))
    return Posture(level, reached, found, tuple(lowered), friction)


def posture_lines(posture: Posture) -> list[str]:
    """Return the posture as text."""
    lines = [f"level {posture.level} of 4: {NAMES[posture.level]}"]
    if posture.level < posture.reached:
        lines.append(f"(without what is too old: level {posture.reached})")
    lines.append("")
    for need in posture.needs:
        mark = "missing" if need.missing else "ok"
        lines.append(f"  {need.level}  {mark:<8}{need.what}")
    lines += ["", f"friction: {posture.friction.text}"]
    lines += [
        f"  {number:>5}  {name}" for name, number in posture.friction.controls.items()
    ]
    if posture.next_steps:
        lines += ["", "next:"]
        lines += [f"  - {step}" for step in posture.next_steps]
    return lines


def friction_of(
    entries: Iterable[Mapping[str, Any]], root: str, days: int, now: float
) -> Friction:
    """Return how much was stopped in one repository lately."""
    oldest = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - days * _DAY))
    answers: Counter[str] = Counter()
    controls: Counter[str] = Counter()
    sessions = set()
    would_stop = 0
    for entry in entries:
        if str(entry.get("time", "")) < oldest or entry.get("root") != root:
            continue
        kinds = {action.get("kind") for action in entry.get("actions", ())}
        if not kinds - {"ToolOutput", "Notice"} or "answer" not in entry:
            continue
        answers[str(entry["answer"])] += 1
        sessions.add(entry.get("session"))
        stops = [
            item
            for item in entry.get("concerns", ())
            if item.get("answer") in {"deny", "ask"}
        ]
        if entry["answer"] == "silent":
            would_stop += any(item.get("mode") == "observe" for item in stops)
        else:
            controls.update({str(item.get("control")) for item in stops})
    return Friction(
        days,
        answers.total(),
        len(sessions),
        answers["deny"],
        answers["ask"],
        would_stop,
        dict(controls.most_common(8)),
    )


def last_review(places: GuardPlaces, root: str, entries: Iterable[str]) -> str:
    """Return the day of the oldest review that a project's permissions have.

    ``entries`` are the keys of what is permitted now; without any it is the day on which
    a person looked at the project ``root``.  "" if something was never reviewed.
    """
    table = _table(os.path.join(places.state, REVIEWS_FILE))
    rows = [table.get(key) for key in (*entries, project_key(root))]
    days = [str(row.get("date", "")) if isinstance(row, dict) else "" for row in rows]
    return min(days)


def project_key(root: str) -> str:
    """Return the key under which the review of a whole project is recorded."""
    return f"project {root}"


def record_drill(places: GuardPlaces, day: str) -> None:
    """Remember that a drill passed; raises GuardStateError."""
    data = json.dumps({"passed": day}).encode() + b"\n"
    write_private(os.path.join(places.state, _DRILLS_FILE), data)


def last_drill(places: GuardPlaces) -> str:
    """Return the day of the last drill that passed, "" if there was none."""
    return str(_table(os.path.join(places.state, _DRILLS_FILE)).get("passed", ""))


def _table(path: str) -> dict[str, Any]:
    data = read_private(path)
    try:
        table = json.loads(data or b"{}")
    except (ValueError, RecursionError) as error:
        raise GuardStateError(f"{path} is damaged; remove it") from error
    if not isinstance(table, dict):
        raise GuardStateError(f"{path} is damaged; remove it")
    return table


def _days_between(day: str, today: str) -> float:
    """Return the days from one day to another; without end for none or one to come."""
    try:
        # By the calendar: a change to or from summer time is no part of a day.
        days = (date.fromisoformat(today) - date.fromisoformat(day)).days
    except ValueError:
        return float("inf")
    return days if days >= -1 else float("inf")


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"

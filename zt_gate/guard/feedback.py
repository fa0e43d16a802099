"""Turns denials that recur into proposals for AGENTS.md or the task; it writes nothing.

A proposal is text that a later session would read, so no word of it comes from a session:
it has the guard's own sentences, and names that are plain.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from zt_gate.guard.data import load
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DAY = 86_400
_TIME = "%Y-%m-%dT%H:%M:%SZ"
#: Denials from which on one recurs: in several sessions, or in one.
_IN_SESSIONS = 3
_IN_ONE = 5
_MOST = 20
#: Controls that a task decides, by the key of the task that would permit it.
_BY_TASK = {
    "command/not-in-task": "commands",
    "command/unknown-program": "commands",
    "network/other": "network",
    "task/tool": "tools",
    "task/path-not-allowed": "allowed",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """One recurring denial; ``place`` is "AGENTS.md" or "task", ``text`` what to add.

    ``number`` is how often it was denied in the days of the report, ``before`` how often
    in the days before those.
    """

    control: str
    number: int
    sessions: int
    before: int
    place: str
    text: str

    @property
    def line(self) -> str:
        """The proposal on one line, with whether it recurs."""
        trend = f"{self.before} before: it recurs" if self.before else "none before"
        return (
            f"{self.control}: denied {self.number} times in {self.sessions} sessions "
            f"({trend}). {self.place}: {self.text}"
        )


@dataclass(frozen=True, slots=True)
class EarlierProposal:
    """A denial that recurred in the days before those of the report; ``number`` is since."""

    control: str
    before: int
    number: int

    @property
    def line(self) -> str:
        """What became of it, on one line."""
        if not self.number:
            outcome = "it does not recur"
        elif self.number < self.before:
            outcome = "it recurs, less often"
        else:
            outcome = "it recurs"
        return (
            f"{self.control}: denied {self.before} times before, {self.number} times "
            f"since: {outcome}"
        )


def proposals(
    entries: Iterable[Mapping[str, Any]], *, days: int = 30, now: float = 0.0
) -> list[Proposal]:
    """Return proposals for denials of the last ``days``, the most frequent first."""
    before, last = _periods(entries, days, now)
    denials = load("denials.json")
    found = []
    for control, number in last.numbers.most_common():
        if not last.recurs(control):
            continue
        task = last.tasks[control].most_common(1)[0][0]
        place, text = _text(control, task, denials)
        if text:
            amount = len(last.sessions[control])
            earlier = before.numbers[control]
            found.append(Proposal(control, number, amount, earlier, place, text))
    return found[:_MOST]


def earlier_proposals(
    entries: Iterable[Mapping[str, Any]], *, days: int = 30, now: float = 0.0
) -> list[EarlierProposal]:
    """Return what became of the proposals that a report ``days`` ago had."""
    before, last = _periods(entries, days, now)
    denials = load("denials.json")
    found = [
        EarlierProposal(control, number, last.numbers[control])
        for control, number in before.numbers.most_common()
        if before.recurs(control) and _text(control, "", denials)[1]
    ]
    return found[:_MOST]


@dataclass(slots=True)
class _Period:
    """The denials of some days, by control."""

    numbers: Counter[str] = field(default_factory=Counter)
    sessions: defaultdict[str, set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )
    tasks: defaultdict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )

    def recurs(self, control: str) -> bool:
        number = self.numbers[control]
        is_in_several = number >= _IN_SESSIONS and len(self.sessions[control]) > 1
        return is_in_several or number >= _IN_ONE


def _periods(
    entries: Iterable[Mapping[str, Any]], days: int, now: float
) -> tuple[_Period, _Period]:
    """Return the denials of the last ``days``, and before them those of as many days."""
    now = now or time.time()
    middle = time.strftime(_TIME, time.gmtime(now - days * _DAY))
    oldest = time.strftime(_TIME, time.gmtime(now - 2 * days * _DAY))
    before, last = _Period(), _Period()
    for entry in entries:
        at = str(entry.get("time", ""))
        if at < oldest or entry.get("answer") != "deny":
            continue
        period = before if at < middle else last
        for control in _denied(entry):
            period.numbers[control] += 1
            period.sessions[control].add(str(entry.get("session")))
            period.tasks[control][str(entry.get("task", ""))] += 1
    return before, last


def _denied(entry: Mapping[str, Any]) -> set[str]:
    """Return the controls that denied an event."""
    return {
        str(item.get("control"))
        for item in entry.get("concerns", ())
        if item.get("answer") in {"deny", "ask"} and item.get("mode") == "enforce"
    }


def _text(control: str, task: str, denials: Mapping[str, Any]) -> tuple[str, str]:
    """Return where a proposal belongs and its text, "" for a control without one."""
    key = _BY_TASK.get(control)
    if key:
        name = task if task.replace("-", "").replace("_", "").isalnum() else "NAME"
        text = (
            f"if the work needs it, a person adds it to {key} of [tasks.{name}]; "
            "zt-gate guard report --json has the calls"
        )
        return "task", text
    denial = denials.get(control)
    if not denial:
        return "", ""
    reason = str(denial.get("reason", "")).replace("{}", "…")
    step = str(denial.get("next", ""))
    return "AGENTS.md", f'"{reason} {step}"'.replace(' "', '"')

"""Finds sessions that behave unlike honest ones, by thresholds that a task can change.

A weak sign pauses what has risky effects: the person is asked, and where a client would
not ask, it is denied.  A strong sign contains the session.  Thresholds and words are in
``rules/guard/anomalies.json``; ``limits`` of a task changes them by ``anomaly-NAME``.
"""

from __future__ import annotations

import time

from zt_gate.guard.data import load
from zt_gate.guard.decision import Answer, Concern
from zt_gate.guard.session.activity import deeds_of, is_risky
from zt_gate.record import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from zt_gate.guard.session.activity import Deeds
    from zt_gate.guard.session.records import Session

CONTROL = "session/anomaly"
#: What the name of a threshold begins with in a task's ``limits``.
LIMIT_PREFIX = "anomaly-"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_MOST_PATHS = 4000
_MOST_HOSTS = 500
_MOST_EFFECTS = 200
_NUMBERS = ("deletions", "encrypts", "denied", "sent", "risky")


@record
class Sign:
    """One threshold that was passed; a strong one contains the session."""

    name: str
    number: int
    is_strong: bool
    reason: str


@record
class SessionAnomaly:
    """What is unusual about a session; true if anything is."""

    signs: tuple[Sign, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.signs)

    @property
    def is_strong(self) -> bool:
        """Whether it contains the session."""
        return any(sign.is_strong for sign in self.signs)

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence for each sign, the strong ones first."""
        ordered = sorted(self.signs, key=lambda sign: not sign.is_strong)
        return tuple(sign.reason for sign in ordered)

    @property
    def text(self) -> str:
        """All reasons in one text."""
        return "; ".join(self.reasons)


@record(frozen=False)
class Activity:
    """What a session did in the last minutes, and what of it counts for longer.

    ``minutes`` has a row for each minute of the window: the minute, the files read and
    written (digests), and the numbers of ``_NUMBERS``.  ``secrets`` and
    ``outside`` are digests of what was touched; ``new_hosts`` are those that no session of
    the repository named before, with the time.  ``grave`` are digests of what honest work seldom
    needs, with the time.  ``cleared`` is the containment that was released when this began.
    """

    minutes: list[list[Any]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    hosts_after_secret: int = 0
    busiest: int = 0
    tainted: float = 0.0
    secret_at: float = 0.0
    new_hosts: list[list[Any]] = field(default_factory=list)
    cleared: float = 0.0
    grave: list[list[Any]] = field(default_factory=list)

    def as_table(self) -> dict[str, Any]:
        """Return all values by name, as they are stored."""
        return {name: getattr(self, name) for name in self.__match_args__}


def thresholds(limits: Mapping[str, int]) -> dict[str, Any]:
    """Return the table of thresholds, changed by the ``limits`` of a task."""
    table = load("anomalies.json")
    for name, values in table["signs"].items():
        own = limits.get(LIMIT_PREFIX + name)
        if own is not None:
            values["limit"] = own
    return table


def observe(
    activity: Activity,
    hosts: dict[str, int],
    entry: Mapping[str, Any],
    tables: Mapping[str, Any],
    now: float,
) -> SessionAnomaly:
    """Add one event to a session's activity, and return what is unusual now.

    ``hosts`` are the hosts that the repository's sessions have named, with the day.
    """
    deeds = deeds_of(entry, tables)
    _age(activity, tables, now)
    row = _row(activity, now)
    is_after_text = now - activity.tainted <= tables["taint_seconds"]
    is_after_secret = (
        bool(deeds.secrets) or now - activity.secret_at <= tables["window_seconds"]
    )
    new = [host for host in deeds.hosts if host not in hosts]
    for host in new:
        hosts[host] = int(now // 86_400)
        activity.new_hosts.append([int(now), host])
    while len(hosts) > _MOST_HOSTS:
        del hosts[next(iter(hosts))]
    risky = _risk(deeds, new) if is_after_text else 0
    _add(row, 1, deeds.reads)
    _add(row, 2, deeds.writes)
    sent = deeds.sends if is_after_secret else 0
    values = (
        deeds.deletions,
        deeds.encrypts,
        int(deeds.is_denied),
        sent,
        risky,
    )
    row[3:] = [old + more for old, more in zip(row[3:], values, strict=True)]
    if activity.secrets:
        activity.hosts_after_secret += len(new)
    if deeds.secrets:
        activity.secret_at = now
    _add_distinct(activity.secrets, deeds.secrets)
    _add_distinct(activity.outside, deeds.outside)
    activity.grave = _dated(activity.grave, deeds.grave, now)
    if deeds.is_untrusted:
        activity.tainted = now
    return SessionAnomaly(tuple(_signs(activity, deeds, tables)))


def escalation(
    entry: Mapping[str, Any], session: Session, contained_before: float, now: float
) -> Concern | None:
    """Return what an anomaly answers to the event that is being judged, None for nothing.

    ``contained_before`` is the time of containment when the event began.
    """
    if session.contained > contained_before and not session.release:
        return Concern(
            CONTROL,
            Answer.DENY,
            f"The session is contained now: {session.contained_for}.",
            "A person looks at it (zt-gate guard session show) and releases it.",
        )
    if session.paused <= now or not is_risky(entry):
        return None
    return Concern(
        CONTROL,
        Answer.ASK if entry.get("asks") else Answer.DENY,
        f"The session is paused, because it behaves unusually: {session.paused_for}.",
        "Tell the person what you are doing, and go on with reading until then.",
    )


def detect(
    entries: Iterable[Mapping[str, Any]], limits: Mapping[str, int] | None = None
) -> SessionAnomaly:
    """Return what was unusual about the session that log entries are of.

    A sign is reported with its highest number.
    """
    tables = thresholds(limits or {})
    activity = Activity()
    hosts: dict[str, int] = {}
    found: dict[str, Sign] = {}
    for entry in entries:
        seen = seconds_of(str(entry.get("time", "")))
        for sign in observe(activity, hosts, entry, tables, seen).signs:
            before = found.get(sign.name)
            if before is None or sign.number >= before.number:
                found[sign.name] = sign
    return SessionAnomaly(tuple(found.values()))


def seconds_of(text: str) -> float:
    """Return the time of a log entry in seconds, 0 if it has none."""
    import calendar

    try:
        return float(calendar.timegm(time.strptime(text, _TIME)))
    except ValueError:
        return 0.0


def _age(activity: Activity, tables: Mapping[str, Any], now: float) -> None:
    """Drop what is older than the window, and keep how busy the busiest minute was."""
    oldest = int(now - tables["window_seconds"])
    for row in activity.minutes:
        if row[0] * 60 + 60 <= now - 60:
            activity.busiest = max(activity.busiest, len(row[2]))
    activity.minutes = [
        row for row in activity.minutes if oldest <= row[0] * 60 + 60 <= now + 120
    ]
    activity.new_hosts = [row for row in activity.new_hosts if row[0] >= oldest][-50:]
    oldest = int(now - tables["grave_seconds"])
    activity.grave = [row for row in activity.grave if row[0] >= oldest][-50:]


def _row(activity: Activity, now: float) -> list[Any]:
    minute = int(now // 60)
    if not activity.minutes or activity.minutes[-1][0] != minute:
        activity.minutes.append([minute, [], [], *[0] * len(_NUMBERS)])
    return activity.minutes[-1]


def _add_distinct(known: list[str], more: Iterable[str]) -> None:
    known += [item for item in dict.fromkeys(more) if item not in known]
    del known[:-_MOST_EFFECTS]


def _dated(known: list[list[Any]], more: Iterable[str], now: float) -> list[list[Any]]:
    """Return rows of time and text; a text that is known has its last time."""
    latest = {text: [int(now), text] for text in more}
    return [*(row for row in known if row[1] not in latest), *latest.values()]


def _add(row: list[Any], place: int, paths: Iterable[str]) -> None:
    for path in paths:
        if path not in row[place] and len(row[place]) < _MOST_PATHS:
            row[place].append(path)


def _risk(deeds: Deeds, new: list[str]) -> int:
    """Return how many risky effects one event has after a text that addressed an agent."""
    if not deeds.acts and not deeds.secrets:
        return 0
    strong = deeds.sends + bool(deeds.secrets) + bool(deeds.outside)
    strong += 2 * bool(deeds.sensitive) + 2 * bool(deeds.attacks)
    return strong + bool(new) + bool(deeds.encrypts)


def _reached(activity: Activity) -> int:
    """Return how much a session that touched a secret has reached in all, 0 for others."""
    if not activity.secrets:
        return 0
    others = len(activity.outside) + activity.hosts_after_secret
    return len(activity.secrets) + others if others else 0


def _signs(activity: Activity, deeds: Deeds, tables: Mapping[str, Any]) -> list[Sign]:
    rows = activity.minutes
    sums = {
        name: sum(row[place] for row in rows) for place, name in enumerate(_NUMBERS, 3)
    }
    spike = 0
    last = len(rows[-1][2])
    least = tables["signs"]["write-spike"]["least"]
    if deeds.writes and last >= least and activity.busiest:
        spike = last // activity.busiest
    numbers = {
        "files-read": len({path for row in rows for path in row[1]}),
        "files-written": len({path for row in rows for path in row[2]}),
        "files-deleted": sums["deletions"],
        "write-spike": spike,
        "encrypted": sums["encrypts"],
        "outside": len(activity.outside),
        "secrets": len(activity.secrets),
        "denied": sums["denied"],
        "new-hosts": len(activity.new_hosts),
        "sent-after-secret": sums["sent"],
        "after-untrusted-text": sums["risky"],
        "reached": _reached(activity),
        "grave": len(activity.grave),
    }
    found = []
    for name, number in numbers.items():
        values = tables["signs"][name]
        if number <= values["limit"]:
            continue
        factor = values.get("strong")
        is_strong = bool(factor) and number >= factor * max(1, values["limit"])
        found.append(Sign(name, number, is_strong, values["reason"].format(number)))
    return found

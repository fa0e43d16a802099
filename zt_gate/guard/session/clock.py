"""Notices that the machine's clock was set, and keeps what is remembered in step with it.

The time since the machine's start cannot be set.  If the clock has moved against it, all
times of sessions are moved as well: a pause does not end early, what was denied is not
forgotten, a session does not live longer than its task says.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress

from zt_gate.guard.private_file import GuardStateError, read_private, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

#: Seconds by which a clock may drift, or be corrected, between two events.
_DRIFT = 120.0
_DAY = 86_400
_KEY = "clock"
_ACTIVITY = "activity-"


def jump_of(table: dict[str, Any]) -> float:
    """Return by how many seconds the clock was set since a table was stamped, or 0."""
    stamp = table.get(_KEY)
    boot, offset = _now()
    if not isinstance(stamp, list) or len(stamp) != 2 or stamp[0] != boot or not boot:
        return 0.0
    jump = offset - float(stamp[1])
    return jump if abs(jump) > _DRIFT else 0.0


def stamp(table: dict[str, Any]) -> None:
    """Write into a table how the clock is set."""
    boot, offset = _now()
    if boot:
        table[_KEY] = [boot, offset]


def reason(jump: float) -> str:
    """Return what is told to the client about a jump."""
    way = "forward" if jump > 0 else "back"
    return (
        f"the machine's clock was set {way} by {abs(jump):,.0f} seconds. What is remembered "
        "of sessions was moved with it; the next call is judged as usual"
    )


def move_sessions(rows: Iterable[dict[str, Any]], jump: float) -> None:
    """Move the times of sessions.

    The time of a containment stays: with it a release names what it releases.
    """
    for row in rows:
        for key in ("started", "seen", "paused"):
            if row.get(key):
                row[key] = float(row[key]) + jump


def move_activities(folder: str, jump: float) -> None:
    """Move the times in all files of what sessions did lately; raises GuardStateError."""
    names: list[str] = []
    with suppress(FileNotFoundError):
        names = [name for name in os.listdir(folder) if name.startswith(_ACTIVITY)]
    for name in names:
        path = os.path.join(folder, name)
        data = read_private(path)
        if data is None:
            continue
        try:
            table = json.loads(data)
            _move(table, jump)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise GuardStateError(f"{path} is damaged. A person removes it") from error
        write_private(path, json.dumps(table, separators=(",", ":")).encode("ascii"))


def _move(table: dict[str, Any], jump: float) -> None:
    days = round(jump / _DAY)
    table["hosts"] = {host: day + days for host, day in table["hosts"].items()}
    for row in table["sessions"].values():
        for minute in row["minutes"]:
            minute[0] += round(jump / 60)
        for dated in (*row["new_hosts"], *row.get("grave", ())):
            dated[0] += round(jump)
        for key in ("tainted", "secret_at"):
            if row[key] > 0:
                row[key] += jump


def _now() -> tuple[str, float]:
    """Return what names this start of the machine, and the clock against the time since."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read(64).strip()
        since = time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, AttributeError):
        return "", 0.0
    return boot, time.time() - since

"""The latest runs in the audit log, for the trend of the HTML report."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from zt_gate.reports.base import PastRun

#: Runs that the report shows.
MOST = 60
_VERDICTS = frozenset(("pass", "fail", "error"))


def latest() -> tuple[PastRun, ...]:
    """Return the latest runs, the newest last.

    Empty where there is no log, where it cannot be read, or where its chain is broken: the
    trend is no part of the verdict.  ``zt-gate log verify`` says what is wrong with a log.
    """
    from zt_gate.audit import chain
    from zt_gate.commands.log import path_in_policy

    runs: deque[PastRun] = deque(maxlen=MOST)
    try:
        with chain.open_to_read(path_in_policy()) as file:
            for entry, _ in chain.entries(file):
                run = _run_of(entry)
                if run is not None:
                    runs.append(run)
    except (GateError, OSError):
        return ()
    return tuple(runs)


def _run_of(entry: dict[str, Any]) -> PastRun | None:
    """Return a run; None for a shard's record, and for one of another program."""
    from zt_gate.reports.base import PastRun

    verdict, findings = entry.get("verdict"), entry.get("findings")
    if verdict not in _VERDICTS or not isinstance(findings, list) or "shard" in entry:
        return None
    levels = [
        item.get("level")
        for item in findings
        if isinstance(item, dict) and item.get("state") == "active"
    ]
    time = str(entry.get("time", ""))[:20]
    return PastRun(time, str(verdict), levels.count("block"), levels.count("warn"))

"""Symbolic links in the folders that agents and editors take orders from."""

from __future__ import annotations

import posixpath
import re

from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config.matched_values import short

_SECRET = re.compile(
    r"(?i)(?:^|/)(?:\.env(?:\.[\w-]+)?|\.git|\.ssh|\.aws|\.netrc|\.npmrc|id_\w+|secrets?|credentials?)(?:/|$)"
)


def judge(path: bytes, target: bytes) -> tuple[Level, str, str]:
    """Return level, message and the target as shown."""
    goal = target.decode("utf-8", "replace").replace("\\", "/")
    here = posixpath.dirname(path.decode("utf-8", "replace"))
    end = posixpath.normpath(posixpath.join(here, goal))
    shown = short(goal)
    if (
        goal.startswith(("/", "~"))
        or re.match(r"[A-Za-z]:", goal)
        or end.startswith("../")
        or end == ".."
    ):
        return (
            Level.BLOCK,
            f"the link leads out of the repository, to {shown}: rules on paths do not hold there",
            shown,
        )
    if _SECRET.search(end):
        return (
            Level.BLOCK,
            f"the link leads to {shown}: rules that deny that path do not hold for this one",
            shown,
        )
    return Level.INFO, f"the link leads to {shown}", shown

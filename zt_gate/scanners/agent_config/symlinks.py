"""Checks symbolic links in the folders that agents and editors read their settings from."""

from __future__ import annotations

import posixpath
import re

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config.matched_values import short

_SECRET_PATH = lazy_re.compile(
    r"(?i)(?:^|/)(?:\.env(?:\.[\w-]+)?|\.git|\.ssh|\.aws|\.netrc|\.npmrc|id_\w+|secrets?|credentials?)(?:/|$)"
)


def check(path: bytes, target: bytes) -> tuple[Level, str, str]:
    """Return the level of a link, a message, and the target as text for it."""
    target_text = target.decode("utf-8", "replace").replace("\\", "/")
    folder = posixpath.dirname(path.decode("utf-8", "replace"))
    resolved = posixpath.normpath(posixpath.join(folder, target_text))
    shown = short(target_text)
    if _is_absolute(target_text) or resolved == ".." or resolved.startswith("../"):
        message = (
            f"this link leads out of the repository, to {shown}:"
            " rules on paths do not apply there"
        )
        return Level.BLOCK, message, shown
    if _SECRET_PATH.search(resolved):
        message = (
            f"this link leads to {shown}: rules that deny that path"
            " do not apply to the link"
        )
        return Level.BLOCK, message, shown
    return Level.INFO, f"this link leads to {shown}", shown


def _is_absolute(target: str) -> bool:
    if target.startswith(("/", "~")):
        return True
    return re.match(r"[A-Za-z]:", target) is not None

"""Check whether a workflow pins an action to a full commit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named

if TYPE_CHECKING:
    from zt_gate.ecosystems.manifests.base import Dependency


def unpinned_message(entry: Dependency) -> str:
    """Return the message for an action that a tag or branch names, "" for a pinned one."""
    pin_pattern = ecosystem_named(entry.ecosystem).pin_pattern
    if not pin_pattern or re.match(pin_pattern, entry.constraint):
        return ""
    action = f"{entry.name}@{entry.constraint}" if entry.constraint else entry.name
    return (
        f"{ascii(action)[1:-1]} is not pinned to a full commit hash:"
        " its owner can change the code that runs"
    )

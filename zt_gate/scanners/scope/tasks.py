"""The tasks that every project has, without any policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.rule import Rule

#: The rule whose data are these tasks.
TASKS_IN = "scope/outside-allowed"


def built_in_tasks(rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """Return their names."""
    return tuple(rules[TASKS_IN].data["tasks"])

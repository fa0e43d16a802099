"""The built-in tasks, which exist without any policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.rule import Rule

#: The rule whose data contain the built-in tasks.
TASKS_RULE = "scope/outside-allowed"


def built_in_tasks(rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """Return the names of the built-in tasks."""
    return tuple(rules[TASKS_RULE].data["tasks"])

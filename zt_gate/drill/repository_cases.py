"""Registers the cases that need a repository in a certain state."""

from __future__ import annotations

from zt_gate.drill import (
    git_hiding,
    history_cases,
    hostile_environment,
    inspection_failures,
    malformed_objects,
    masking_cases,
    self_waivers,
)

REPOSITORY_CASES = (
    *git_hiding.CASES,
    *malformed_objects.CASES,
    *history_cases.CASES,
    *self_waivers.CASES,
    *hostile_environment.CASES,
    *inspection_failures.CASES,
    *masking_cases.CASES,
)

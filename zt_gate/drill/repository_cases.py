"""Registers the cases that need a repository in a certain state."""

from __future__ import annotations

from zt_gate.drill import (
    forge_answers,
    git_hiding,
    git_state,
    history_cases,
    hostile_environment,
    inspection_failures,
    malformed_objects,
    masking_cases,
    redirected_revisions,
    self_waivers,
    user_folders,
)

REPOSITORY_CASES = (
    *git_hiding.CASES,
    *malformed_objects.CASES,
    *history_cases.CASES,
    *redirected_revisions.CASES,
    *git_state.CASES,
    *forge_answers.CASES,
    *self_waivers.CASES,
    *hostile_environment.CASES,
    *user_folders.CASES,
    *inspection_failures.CASES,
    *masking_cases.CASES,
)

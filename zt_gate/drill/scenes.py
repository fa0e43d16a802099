"""The cases that need a repository in a certain state; the tuple is the registry."""

from __future__ import annotations

from zt_gate.drill import exceptions, failures, hiding, history, odd_objects, surroundings

SCENES = (
    *hiding.CASES,
    *odd_objects.CASES,
    *history.CASES,
    *exceptions.CASES,
    *surroundings.CASES,
    *failures.CASES,
)

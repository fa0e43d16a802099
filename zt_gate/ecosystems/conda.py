"""Conda packages: environment files and pixi."""

from __future__ import annotations

from zt_gate.ecosystems.base import Ecosystem

ECOSYSTEM = Ecosystem(
    name="conda",
    title="Conda packages",
    noun="conda package",
    name_pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z",
    normalise=str.lower,
)

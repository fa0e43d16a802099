"""The error of the rulebook."""

from __future__ import annotations

from zt_gate.errors import GateError


class RulebookError(GateError):
    """A rule file is invalid; the text says which, where and how to fix it."""

"""What may be wrong with the rules."""

from __future__ import annotations

from zt_gate.errors import GateError


class RulebookError(GateError):
    """A rule file is wrong; the text says which, where and how to fix it."""

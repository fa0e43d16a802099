"""What cannot be scanned because of what was asked for, not because of git."""

from __future__ import annotations

from zt_gate.errors import UsageError


class SourceError(UsageError):
    """What was named cannot be read as a change; the text is one clear line."""


class PatchError(SourceError):
    """Something is no patch, or not one that can be read safely."""

"""Errors in the user's choice of a source, as opposed to failures of git."""

from __future__ import annotations

from zt_gate.errors import UsageError


class SourceError(UsageError):
    """The given source cannot be read as a change; the text is one line for the user."""


class PatchError(SourceError):
    """The input is not a patch, or a patch that cannot be read safely."""

"""The errors that end a run without a report, each with its exit code.

Every message is one line that says what is wrong, where, and how to fix it.
"""

from __future__ import annotations


class GateError(Exception):
    """Base of the gate's errors: the gate could not make a report; exit code 3."""

    exit_code = 3


class UsageError(GateError):
    """Wrong options or a wrong configuration; exit code 2."""

    exit_code = 2

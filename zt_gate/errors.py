"""What ends a run before there is a report, each with its exit code.

Every message is one line that says what is wrong, where, and how to mend it.
"""

from __future__ import annotations


class GateError(Exception):
    """The base: the gate could not do its work; exit code 3."""

    exit_code = 3


class UsageError(GateError):
    """Wrong words or a wrong configuration; exit code 2."""

    exit_code = 2

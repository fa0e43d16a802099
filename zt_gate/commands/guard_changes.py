"""Shows the changes of settings that the guard's commands would make, and asks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.guard.install.settings_change import SettingsChange


def agreed(changes: Sequence[SettingsChange], *, yes: bool) -> bool:
    """Show the difference; return whether it is to be written.  Raises UsageError."""
    shown = [change.diff() for change in changes if change.is_change]
    for diff in shown:
        for line in diff.splitlines():
            print_line(line)
    if not shown:
        print_line("the settings are as they should be")
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("nothing was written: give --yes, or run it at a terminal")
    return input("Write these changes? [y/N] ").strip().lower() in {"y", "yes"}


def print_line(line: str) -> None:
    """Print a line, with what acts on a terminal escaped."""
    from zt_gate.reports.escape import visible

    print(visible(line))

"""``zt-gate guard import``: turn other permission files into tasks of the policy."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_MAX_BYTES = 1 << 20


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="settings.json, profiles, a skill's SKILL.md, claude-skills.yaml; "
        "- reads JSON from standard input",
    )


def main(options: Namespace) -> int:
    """Print TOML for the policy, and above it what became of each key; returns 0.

    Nothing is written.  Raises UsageError for a file of another kind.
    """
    from zt_gate.commands.listing import print_lines
    from zt_gate.guard.foreign_permissions import imported, summary
    from zt_gate.reports.escape import visible

    result = imported(options.file, _read(options.file))
    lines = [visible(line) for line in summary(result)]
    text = result.toml()
    if text:
        lines += ["", *text.splitlines()]
    return print_lines(lines)


def _read(name: str) -> bytes:
    try:
        if name == "-":
            data = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with open(name, "rb") as file:
                data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{name} is longer than 1 MB")
    return data

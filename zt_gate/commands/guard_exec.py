"""``zt-gate guard exec``: run a command in the sandbox of a task."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.guard.sandbox.environment import DEFAULT_PREFIX
from zt_gate.guard.sandbox.layers import NAMES

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.description = (
        "Run a command in a sandbox that holds what the task allows: files, network, "
        "environment, time. Nothing starts where the sandbox cannot be made or does not hold."
    )
    parser.add_argument(
        "--task", metavar="NAME", help="the task (default: the pinned one)"
    )
    parser.add_argument(
        "--env-prefix",
        default=DEFAULT_PREFIX,
        metavar="PREFIX",
        help="variables that pass begin with this (default: %(default)s)",
    )
    parser.add_argument(
        "--strip-prefix",
        action="store_true",
        help="pass them without the prefix",
    )
    parser.add_argument(
        "--token",
        metavar="ISSUER",
        help="issue a token with the task's policy, and revoke it at the end: vault, "
        "github-app or aws-sts, set up in config.toml",
    )
    parser.add_argument(
        "--token-minutes",
        type=int,
        default=0,
        metavar="N",
        help="lifetime of the token (default: the task's ttl, else 60)",
    )
    parser.add_argument(
        "--layer",
        choices=NAMES,
        help="what holds the command (default: bubblewrap, else Landlock)",
    )
    parser.add_argument(
        "command",
        nargs=argparse.REMAINDER,
        metavar="-- COMMAND",
        help="the command to run",
    )


def main(options: Namespace) -> int:
    """Run the command and return its exit code.  Raises GateError."""
    from zt_gate.guard.places import guard_places
    from zt_gate.guard.sandbox.start import ExecOptions, start

    command = options.command
    if command[:1] == ["--"]:
        command = command[1:]
    if not command:
        raise UsageError(
            "give a command, as in zt-gate guard exec --task develop -- make test"
        )
    try:
        places = guard_places()
    except OSError as error:
        raise UsageError(str(error)) from error
    return start(
        command,
        os.getcwd(),
        os.environ,
        places,
        ExecOptions(
            options.task or "",
            options.env_prefix,
            options.strip_prefix,
            options.token or "",
            options.token_minutes,
            options.layer or "",
        ),
        lambda text: print(f"zt-gate: {text}", file=sys.stderr),
    )

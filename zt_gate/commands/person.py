"""Decisions that only a person makes, at a terminal."""

from __future__ import annotations

import os
import sys

from zt_gate.errors import UsageError


def needs_person(verb: str, what: str) -> None:
    """Raise UsageError for ``zt-gate VERB WHAT`` without a terminal or under an agent."""
    from zt_gate.review.running_agent import refuse_agent

    refuse_agent(f"{verb} {what}", os.environ)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(f"{what} needs a person at a terminal")


def user_name() -> str:
    """Return the name of the user who runs this."""
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name

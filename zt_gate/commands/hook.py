"""``zt-gate hook pre-push``: what a git hook calls."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("hook", choices=["pre-push"], help="which hook calls")


def main(options: Namespace) -> int:
    """Judge what a push would publish; returns the gate's exit code.

    Under pre-commit the range stands in the environment.  A push of a branch
    that shares nothing with the remote has no lower end there: everything on
    it is judged.
    """
    del options
    from zt_gate.commands import scan

    code: int = scan.main(scan.options_for([f"--range={pushed_range(os.environ)}"]))
    sys.stdout.flush()
    return code


def pushed_range(environ: Mapping[str, str]) -> str:
    """Return the range that pre-commit says is pushed; raises UsageError if it says none."""
    start = environ.get("PRE_COMMIT_FROM_REF", "")
    end = environ.get("PRE_COMMIT_TO_REF", "")
    if start and end:
        return f"{start}..{end}"
    branch = environ.get("PRE_COMMIT_LOCAL_BRANCH", "")
    if branch:
        return f"{_empty_tree(environ)}..{branch}"
    raise UsageError(
        "hook pre-push is called by pre-commit, which says what is pushed in PRE_COMMIT_FROM_REF "
        "and PRE_COMMIT_TO_REF; for anything else use zt-gate scan --range A..B"
    )


def _empty_tree(environ: Mapping[str, str]) -> str:
    """Return the id of the tree without entries: another one in a SHA-256 repository."""
    from pathlib import Path

    from zt_gate.git.run import Git

    return Git.open(Path.cwd(), environ).empty_tree

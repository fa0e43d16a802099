"""``zt-gate ci github``: judge what a workflow's event is about, and tell it there."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the options; a workflow's inputs arrive as variables (docs/ci.md)."""
    parser.add_argument("forge", choices=["github"], help="whose event it is")
    parser.add_argument(
        "--debug", action="store_true", help="show where the gate itself fails"
    )


def main(options: Namespace) -> int:
    """Return the exit code of the verdict."""
    del options
    from zt_gate.errors import GateError
    from zt_gate.forge import github_action

    github_action.forget(os.environ)
    try:
        return github_action.run(os.environ, _say)
    except GateError as error:
        _say(_annotation(str(error)))
        raise


def _annotation(text: str) -> bytes:
    from zt_gate.reports.escape import visible, workflow_data

    return f"::error title=zt-gate::{workflow_data(visible(text))}\n".encode()


def _say(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()

"""``zt-gate ci github``: scan the change of a workflow's event and report it there."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the options; a workflow's inputs arrive as variables (docs/ci.md)."""
    parser.add_argument("forge", choices=["github"], help="the CI system")
    parser.add_argument(
        "--debug", action="store_true", help="show a traceback if zt-gate itself fails"
    )


def main(options: Namespace) -> int:
    """Return the exit code of the verdict; raises GateError after annotating the error."""
    del options
    from zt_gate.errors import GateError
    from zt_gate.forge import github_action

    github_action.forget(os.environ)
    try:
        return github_action.run(os.environ, _write_stdout)
    except GateError as error:
        _write_stdout(_annotation(str(error)))
        raise


def _annotation(text: str) -> bytes:
    from zt_gate.reports.escape import visible, workflow_data

    return f"::error title=zt-gate::{workflow_data(visible(text))}\n".encode()


def _write_stdout(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()

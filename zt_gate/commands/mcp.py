"""``zt-gate mcp``: serve checks to an agent over the Model Context Protocol."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

#: Seconds that one check may take, by default and at most.
_SECONDS = 300
_MAX_SECONDS = 3600


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--folder",
        metavar="FOLDER",
        help="folder to serve, with the repository around it (default: the current one)",
    )
    parser.add_argument(
        "--offline", action="store_true", help="do not query registries"
    )
    parser.add_argument(
        "--timeout",
        type=int,
        default=_SECONDS,
        metavar="SECONDS",
        help=f"limit of one check (default: {_SECONDS})",
    )


def main(options: Namespace) -> int:
    """Serve until the client closes standard input; raises UsageError."""
    from zt_gate.errors import UsageError
    from zt_gate.servers import extras

    if not 1 <= options.timeout <= _MAX_SECONDS:
        raise UsageError(f"--timeout takes 1 to {_MAX_SECONDS} seconds")
    folder = Path(options.folder or ".").absolute()
    if not folder.is_dir():
        raise UsageError(f"--folder {str(folder)!a} is no folder")
    try:
        from zt_gate.servers import mcp_server
    except ModuleNotFoundError as error:
        raise extras.missing("mcp") from error
    from zt_gate.git.errors import NotARepositoryError
    from zt_gate.git.run import Git
    from zt_gate.servers.agent_tools import Toolbox
    from zt_gate.servers.gate_process import GateProcess

    try:
        top = Git.open(folder, os.environ).root
    except NotARepositoryError:
        top = folder  # texts and packages can be checked all the same
    gate = GateProcess(os.environ, options.timeout)
    mcp_server.serve(Toolbox(gate, folder, top, offline=options.offline))
    return 0

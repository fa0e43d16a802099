"""``zt-gate lsp``: serve findings to an editor over the language server protocol."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

#: Seconds that the check of one buffer may take.
_SECONDS = 300


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--offline", action="store_true", help="do not query registries"
    )
    # Editors add it to every language server's command.
    parser.add_argument(
        "--stdio", action="store_true", help="use standard input and output (always)"
    )


def main(options: Namespace) -> int:
    """Serve until the editor ends the connection; raises UsageError."""
    from zt_gate.servers import extras

    try:
        from zt_gate.servers import language_server
    except ModuleNotFoundError as error:
        raise extras.missing("lsp") from error
    from zt_gate.servers.gate_process import GateProcess

    language_server.serve(GateProcess(os.environ, _SECONDS), offline=options.offline)
    return 0

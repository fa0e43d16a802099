"""``zt-gate guard capabilities``: how far each control holds, by client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    from zt_gate.guard import clients

    parser.add_argument(
        "--agent", choices=clients.names(), metavar="NAME", help="one client alone"
    )
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    parser.add_argument(
        "--page", action="store_true", help="print the page of the documentation"
    )
    parser.add_argument(
        "--layers",
        action="store_true",
        help="print the page about hooks, sandbox and account instead",
    )


def main(options: Namespace) -> int:
    """Print the table that was made with real clients; returns 0."""
    from zt_gate.commands.listing import print_lines
    from zt_gate.guard.capabilities import as_page, capability_lines
    from zt_gate.guard.data import load

    if options.layers:
        from zt_gate.guard import layer_table

        print(layer_table.as_page(load(layer_table.TABLE)), end="")
        return 0
    table = load("capabilities.json")
    if options.json:
        print(json.dumps(table, indent=1))
        return 0
    if options.page:
        print(as_page(table), end="")
        return 0
    return print_lines(capability_lines(table, options.agent or ""))

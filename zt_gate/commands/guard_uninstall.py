"""``zt-gate guard uninstall``: take the guard out of a client's settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    from zt_gate.guard import clients

    parser.add_argument(
        "--agent",
        action="append",
        required=True,
        choices=clients.names(),
        metavar="NAME",
        help=f"client: {', '.join(clients.names())} (repeatable)",
    )
    parser.add_argument(
        "--managed",
        action="store_true",
        help="as root: take it out of the settings of the machine",
    )
    parser.add_argument(
        "--program",
        metavar="DIR",
        help="with --managed: where the guard's own program is (default: /opt/zt-gate)",
    )
    parser.add_argument(
        "--yes", action="store_true", help="write without asking at the terminal"
    )


def main(options: Namespace) -> int:
    """Take out what was installed; pins, log and sessions stay.

    Raises GateError, UsageError also where a known agent has started it.
    """
    from zt_gate.commands.guard_changes import agreed
    from zt_gate.commands.guard_install import setup_of
    from zt_gate.guard.install.record import read_record, remove_record
    from zt_gate.guard.install.setup import installer
    from zt_gate.guard.places import guard_places
    from zt_gate.guard.task import NARROWEST
    from zt_gate.reports.escape import visible
    from zt_gate.review.running_agent import refuse_agent

    refuse_agent("guard uninstall", os.environ)
    places = guard_places()
    setup = setup_of(places, NARROWEST)
    if options.managed:
        from zt_gate.commands import guard_managed

        return guard_managed.uninstall(options, setup)
    names = list(dict.fromkeys(options.agent))
    plans = [
        installer(name).uninstall(setup, read_record(places, name) or {})
        for name in names
    ]
    changes = [change for plan in plans for change in plan.changes]
    if not any(change.is_change for change in changes):
        print(f"not installed: {', '.join(names)}")
        return 0
    if not agreed(changes, yes=options.yes):
        return 1
    for change in changes:
        if change.is_change:
            change.write()
    for name in names:
        remove_record(places, name)
    print(
        f"removed: {', '.join(names)}. Unguarded from the next start of the client on."
    )
    print(visible(f"Kept: pinned policies, sessions and log below {places.state}"))
    return 0

"""``zt-gate guard report``: what the guard's log says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from zt_gate.record import asdict

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--days", type=int, default=0, metavar="N", help="only the last N days"
    )
    parser.add_argument(
        "--session", default=None, metavar="ID", help="only one session"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(options: Namespace) -> int:
    """Print counts by control, what enforcing would have stopped, and proposals.

    Raises LogError for a log that was changed.
    """
    from zt_gate.commands.listing import print_lines
    from zt_gate.guard.feedback import earlier_proposals, proposals
    from zt_gate.guard.keepers import history_of
    from zt_gate.guard.places import guard_places
    from zt_gate.guard.report import report_lines, report_on
    from zt_gate.reports.escape import visible

    places = guard_places()
    entries = list(history_of(places).entries())
    report = report_on(entries, days=options.days, session=options.session or "")
    days = options.days or 30
    proposed = [] if options.session else proposals(entries, days=days)
    earlier = [] if options.session else earlier_proposals(entries, days=days)
    if options.json:
        rows = [asdict(item) for item in proposed]
        table = {**report.as_table(), "proposals": rows}
        table["earlier_proposals"] = [asdict(item) for item in earlier]
        print(json.dumps(table, indent=2))
        return 0
    lines = report_lines(report)
    if proposed:
        lines += ["", "Denials that recur; proposals to be reviewed by a person:"]
        lines += [f"  {item.line}" for item in proposed]
    if earlier:
        lines += ["", f"What became of the proposals of {days} days ago:"]
        lines += [f"  {item.line}" for item in earlier]
    return print_lines(visible(line) for line in lines)

"""``zt-gate merge``: join the reports of all shards of a scan."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.commands import report_output

if TYPE_CHECKING:
    import argparse

    from zt_gate.model.report import Report


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "reports",
        nargs="+",
        metavar="REPORT",
        help="JSON report of one shard (scan --shard I/N --output json=REPORT)",
    )
    report_output.output_arguments(parser)


def main(options: argparse.Namespace) -> int:
    """Write the joined report and return the exit code of its verdict.

    Raises GateError: exit code 2 for reports that are none or do not belong together,
    3 for a missing shard.
    """
    from zt_gate.review.merge import merged

    outputs, stdout_format = report_output.parse_destinations(options)
    report = merged([(name, _read(name)) for name in options.reports])
    render_options = report_output.terminal_options(
        options, is_terminal=sys.stdout.isatty()
    )
    return report_output.publish(report, stdout_format, outputs, render_options)


def _read(name: str) -> Report:
    from zt_gate.errors import UsageError
    from zt_gate.reports.json_reader import MAX_SIZE, InvalidReportError, load

    try:
        with Path(name).open("rb") as file:
            data = file.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise UsageError(f"the report {name!a} cannot be read: {reason}") from error
    try:
        return load(data)
    except InvalidReportError as error:
        raise UsageError(f"the report {name!a} {error}") from error

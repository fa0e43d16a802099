"""``zt-gate doctor``: is the gate enforced, and is it well?  Each fault with what mends it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

    from zt_gate.doctor.check import Check

_MARKS = {"ok": "ok     ", "fault": "FAULT  ", "unknown": "unknown"}


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--area", action="append", choices=("hooks", "ci", "health"),
                        help="look at this alone; repeatable")  # fmt: skip
    parser.add_argument(
        "--offline", action="store_true", help="ask neither forge nor registries"
    )
    parser.add_argument(
        "--repository", metavar="OWNER/NAME", help="the repository on GitHub"
    )
    parser.add_argument("--format", choices=("terminal", "json"), default="terminal")


def main(options: Namespace) -> int:
    """Print all checks; return 0, 1 with a fault, 3 where something that matters is unknown."""
    from zt_gate import doctor
    from zt_gate.doctor.check import exit_code

    found = []
    for check in doctor.examine(
        Path.cwd(),
        os.environ,
        areas=options.area or doctor.AREAS,
        offline=options.offline,
        repository=options.repository or "",
    ):
        found.append(check)
        if options.format == "terminal":
            _print(check)
    code = exit_code(found)
    if options.format == "json":
        sys.stdout.buffer.write(document(found, code))
    else:
        faults = sum(check.status == "fault" for check in found)
        unknown = sum(check.status == "unknown" for check in found)
        print(f"{len(found)} checks, {faults} faults, {unknown} unknown")
    return code


def document(checks: Iterable[Check], code: int) -> bytes:
    """Return the checks as JSON, in ASCII."""
    from zt_gate.reports.escape import json_document, valid_unicode

    rows = [
        {
            "area": check.area,
            "name": check.name,
            "status": check.status,
            "says": valid_unicode(check.says),
            "mend": valid_unicode(check.mend),
            "matters": check.matters,
        }
        for check in checks
    ]
    return json_document({"schema_version": "1.0", "exit_code": code, "checks": rows})


def _print(check: Check) -> None:
    from zt_gate.reports.escape import visible

    print(f"{_MARKS[check.status]}  {check.area}: {check.name}: {visible(check.says)}")
    if check.mend and check.status != "ok":
        print(f"         mend: {visible(check.mend)}")
    sys.stdout.flush()

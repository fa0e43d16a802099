"""``zt-gate doctor``: check installation and enforcement; name a fix for each fault."""

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
    parser.add_argument(
        "--area",
        action="append",
        choices=("hooks", "ci", "health"),
        help="run only the checks of this area; repeatable",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="do not query the forge or registries",
    )
    parser.add_argument(
        "--repository", metavar="OWNER/NAME", help="the repository on GitHub"
    )
    parser.add_argument(
        "--format",
        choices=("terminal", "json"),
        default="terminal",
        help="output format (default: terminal)",
    )


def main(options: Namespace) -> int:
    """Print all checks; return their exit code (see ``exit_code``)."""
    from zt_gate import doctor
    from zt_gate.doctor.check import exit_code

    checks = []
    for check in doctor.examine(
        Path.cwd(),
        os.environ,
        areas=options.area or doctor.AREAS,
        offline=options.offline,
        repository=options.repository or "",
    ):
        checks.append(check)
        if options.format == "terminal":
            _print(check)
    code = exit_code(checks)
    if options.format == "json":
        sys.stdout.buffer.write(document(checks, code))
    else:
        faults = sum(check.status == "fault" for check in checks)
        unknown = sum(check.status == "unknown" for check in checks)
        from zt_gate.reports.summary import plural

        print(
            f"{plural(len(checks), 'check')}, {plural(faults, 'fault')}, "
            f"{unknown} unknown"
        )
    return code


def document(checks: Iterable[Check], code: int) -> bytes:
    """Return the checks as JSON, in ASCII."""
    from zt_gate.reports.escape import json_document, valid_unicode

    rows = [
        {
            "area": check.area,
            "name": check.name,
            "status": check.status,
            "message": valid_unicode(check.message),
            "fix": valid_unicode(check.fix),
            "required": check.required,
        }
        for check in checks
    ]
    return json_document({"schema_version": "1.0", "exit_code": code, "checks": rows})


def _print(check: Check) -> None:
    from zt_gate.reports.escape import visible

    message = visible(check.message)
    print(f"{_MARKS[check.status]}  {check.area}: {check.name}: {message}")
    if check.fix and check.status != "ok":
        print(f"         fix: {visible(check.fix)}")
    sys.stdout.flush()

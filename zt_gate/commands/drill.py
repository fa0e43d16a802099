"""``zt-gate drill``: try known evasion techniques in throw-away repositories."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.system.temporary import private_folder

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Sequence

    from zt_gate.drill.case import Case, CaseResult

_CLEAR_LINE = "\r\x1b[K"


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "cases",
        nargs="*",
        metavar="CASE",
        help="names or groups of cases (default: all)",
    )
    parser.add_argument(
        "--list", action="store_true", help="list the cases and do not run them"
    )
    parser.add_argument(
        "--guard",
        action="store_true",
        help="try the guard with real clients and scripted models instead",
    )
    parser.add_argument(
        "--client",
        action="append",
        metavar="NAME",
        help="with --guard: this client alone (repeatable)",
    )
    parser.add_argument(
        "--table",
        metavar="FILE",
        help="with --guard: write what was seen as the table of capabilities",
    )
    parser.add_argument(
        "--layers",
        metavar="FILE",
        help="with --guard: write which layer holds what (hooks, sandbox, account)",
    )


def main(options: Namespace) -> int:
    """Run the cases; return 0 if each has its expected result, else 3.

    Raises UsageError for a name that is no case and no group.
    """
    if options.guard:
        from zt_gate.commands import drill_guard

        return drill_guard.main(
            options.client or (), options.table or "", options.layers or ""
        )
    if options.client or options.table or options.layers:
        raise UsageError("--client, --table and --layers are valid only with --guard")
    from zt_gate.drill import run
    from zt_gate.reports.summary import plural

    cases = run.cases(options.cases)
    _require_known(options.cases, cases)
    if options.list:
        for case in cases:
            print(f"{case.name:<36}  {case.expect:<34}  {case.what}")
        return 0
    results = []
    with private_folder(os.environ, "zt-gate-drill") as folder:
        for result in run.play(cases, Path(os.path.realpath(folder)), _progress()):
            _show(result)
            results.append(result)
    failures = sum(not result.passed for result in results)
    harmless = sum(result.case.honest for result in results)
    outcome = f"{failures} not as expected" if failures else "all as expected"
    evasions = plural(len(results) - harmless, "evasion")
    print(f"\n{evasions}, {plural(harmless, 'harmless change')}: {outcome}")
    return 3 if failures else 0


def _require_known(words: Sequence[str], cases: Sequence[Case]) -> None:
    names = {case.name for case in cases} | {case.group for case in cases}
    for word in words:
        if word not in names:
            raise UsageError(f"unknown drill case {word!a}; see: zt-gate drill --list")


def _progress() -> Callable[[Case], None]:
    """Return a callback that shows the running case if stderr is a terminal."""
    if not sys.stderr.isatty():
        return lambda _case: None

    def show(case: Case) -> None:
        sys.stderr.write(f"{_CLEAR_LINE}{case.name} …")
        sys.stderr.flush()

    return show


def _show(result: CaseResult) -> None:
    from zt_gate.reports.escape import visible

    if sys.stderr.isatty():
        sys.stderr.write(_CLEAR_LINE)
        sys.stderr.flush()
    case = result.case
    mark = "ok   " if result.passed else "WRONG"
    print(f"{mark}  {case.name:<36}  {visible(result.got)}")
    if not result.passed:
        print(f"       {case.what}; expected: {case.expect}")

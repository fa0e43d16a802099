"""``zt-gate drill``: attacks the gate in throw-away repositories, and says what it let through."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.system.temporary import private_folder

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from zt_gate.drill.case import Case, CaseResult

_CLEAR_LINE = "\r\x1b[K"


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "cases", nargs="*", metavar="CASE", help="names or groups (default: all)"
    )
    parser.add_argument("--list", action="store_true", help="show the cases, play none")


def main(options: Namespace) -> int:
    """Return 0 if every case came out as it should, else 3."""
    from zt_gate.drill import run

    chosen = run.cases(options.cases)
    missing = [
        word
        for word in options.cases
        if not any(word in {case.name, case.group} for case in chosen)
    ]
    if missing:
        raise UsageError(
            f"the drill has no case {missing[0]!a}; see zt-gate drill --list"
        )
    if options.list:
        for case in chosen:
            print(f"{case.name:<36}  {case.expect:<34}  {case.what}")
        return 0
    results = []
    with private_folder(os.environ, "zt-gate-drill") as folder:
        for result in run.play(chosen, Path(os.path.realpath(folder)), _progress()):
            _show(result)
            results.append(result)
    wrong = [result for result in results if not result.right]
    honest = sum(result.case.honest for result in results)
    print(
        f"\n{len(results) - honest} evasions, {honest} honest changes: "
        + (f"{len(wrong)} came out wrong" if wrong else "all came out as they should")
    )
    return 3 if wrong else 0


def _progress() -> Callable[[Case], None]:
    """Return what names the case that is played, where a person watches."""
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
    word = "ok   " if result.right else "WRONG"
    print(f"{word}  {case.name:<36}  {visible(result.got)}")
    if not result.right:
        print(f"       {case.what}; expected: {case.expect}")

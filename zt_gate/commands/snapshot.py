"""``zt-gate snapshot``: ask about packages before adding them, and refresh the known names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    from zt_gate.ecosystems import supported, with_snapshot

    verbs = parser.add_subparsers(dest="verb", required=True, metavar="check | update")
    check = verbs.add_parser("check", help="judge packages as if a change added them")
    check.add_argument(
        "names", nargs="+", metavar="NAME", help="a name, or a package URL"
    )
    check.add_argument(
        "--ecosystem",
        default="pypi",
        help=f"of plain names: {', '.join(supported())} (default: pypi)",
    )
    check.add_argument(
        "--offline", action="store_true", help="ask nobody: the snapshot alone"
    )
    update = verbs.add_parser(
        "update", help="confirm the known names with the index itself"
    )
    update.add_argument(
        "ecosystems",
        nargs="*",
        metavar="ECOSYSTEM",
        help=f"{', '.join(with_snapshot())} (default: all)",
    )


def main(options: Namespace) -> int:
    """Run one of the two verbs; returns the exit code of a scan."""
    return _check(options) if options.verb == "check" else _update(options)


def _check(options: Namespace) -> int:
    from zt_gate.review import packages as verify

    packages = list(
        dict.fromkeys(
            verify.parse_package(name, options.ecosystem) for name in options.names
        )
    )
    report = verify.verify(packages, Path.cwd(), os.environ, offline=options.offline)
    active = [one for one in report.findings if one.state == "active"]
    told: set[int] = set()
    for package in packages:
        at = verify.report_location(package, packages)
        own = [
            one
            for one in active
            if (one.finding.location.path, one.finding.location.line) == at
        ]
        told.update(id(one) for one in own)
        blocked = any(one.level.value == "block" for one in own)
        open_ = any(one.finding.rule == "dependencies/unverified" for one in own)
        word = "fail" if blocked else "unverified" if open_ else "ok"
        print(f"{word:<10}  {ascii(package.name)[1:-1]}")
        for one in own:
            print(f"            {one.level.value}: {_plain(one.finding.message)}")
    for one in active:
        if id(one) not in told:
            print(f"{one.level.value}: {_plain(one.finding.message)}")
    for error in report.errors:
        print(f"error: {_plain(str(error))}")
    return report.verdict.exit_code


def _plain(text: str) -> str:
    from zt_gate.reports.escape import visible

    return visible(text)


def _update(options: Namespace) -> int:
    from zt_gate.review import packages as verify

    for told in verify.refresh_snapshots(tuple(options.ecosystems), os.environ):
        print(told)
    return 0

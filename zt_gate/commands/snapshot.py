"""``zt-gate snapshot``: check packages by name, and update the known packages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.reports import FORMATS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from zt_gate.model.report import JudgedFinding


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    from zt_gate.ecosystems import supported, with_snapshot

    verbs = parser.add_subparsers(dest="verb", required=True, metavar="check | update")
    check = verbs.add_parser("check", help="check packages as if a change added them")
    check.add_argument(
        "names", nargs="+", metavar="NAME", help="package name or package URL"
    )
    check.add_argument(
        "--ecosystem",
        default="pypi",
        help=f"ecosystem of plain names: {', '.join(supported())} (default: pypi)",
    )
    check.add_argument(
        "--version",
        metavar="V",
        help="version of the plain names (default: the newest)",
    )
    check.add_argument(
        "--offline",
        action="store_true",
        help="query no registry, use only the known packages",
    )
    check.add_argument(
        "--format",
        choices=[name for name, _ in FORMATS],
        help="write a report in this format instead of a line for each package",
    )
    update = verbs.add_parser(
        "update", help="update the known packages from the registries"
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
            verify.parse_package(name, options.ecosystem, options.version or "")
            for name in options.names
        )
    )
    report = verify.verify(packages, Path.cwd(), os.environ, offline=options.offline)
    if options.format:
        from zt_gate.commands import report_output
        from zt_gate.reports.base import Options

        return report_output.publish(report, options.format, (), Options())
    active = [item for item in report.findings if item.state == "active"]
    by_place: dict[tuple[bytes | None, int | None], list[JudgedFinding]] = {}
    for item in active:
        location = item.finding.location
        by_place.setdefault((location.path, location.line), []).append(item)
    places = {
        package: verify.report_location(package, packages) for package in packages
    }
    for package, place in places.items():
        findings = by_place.get(place, [])
        print(f"{_result(findings):<10}  {ascii(package.name)[1:-1]}")
        for item in findings:
            print(f"            {_line(item)}")
    for item in active:
        location = item.finding.location
        if (location.path, location.line) not in places.values():
            print(_line(item))
    for error in report.errors:
        print(f"error: {_visible(str(error))}")
    return report.verdict.exit_code


def _result(findings: Sequence[JudgedFinding]) -> str:
    """Return the result for one package: fail, unverified or ok."""
    if any(item.level.value == "block" for item in findings):
        return "fail"
    if any(item.finding.rule == "dependencies/unverified" for item in findings):
        return "unverified"
    return "ok"


def _line(item: JudgedFinding) -> str:
    return f"{item.level.value}: {_visible(item.finding.message)}"


def _visible(text: str) -> str:
    from zt_gate.reports.escape import visible

    return visible(text)


def _update(options: Namespace) -> int:
    from zt_gate.review import packages as verify

    for message in verify.refresh_snapshots(tuple(options.ecosystems), os.environ):
        print(message)
    return 0

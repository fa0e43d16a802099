"""``zt-gate rules``: list the rules, one per line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import rulebook

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "scanner", nargs="?", help="list only the rules of this scanner"
    )


def main(options: Namespace) -> int:
    """Print id, severity, confidence and title of each rule; raises UsageError."""
    from zt_gate.errors import UsageError

    scanners = rulebook.scanners_with_rules()
    if options.scanner:
        if options.scanner not in scanners:
            raise UsageError(
                f"unknown scanner {options.scanner!r}; available: {', '.join(scanners)}"
            )
        scanners = (options.scanner,)
    for name in scanners:
        for rule in rulebook.load(name).values():
            print(f"{rule.id}  {rule.severity}/{rule.confidence}  {rule.title}")
    return 0

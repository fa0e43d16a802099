"""``zt-gate rules``: what the gate knows, one line a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import rulebook

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("scanner", nargs="?", help="only the rules of this scanner")


def main(options: Namespace) -> int:
    """Print id, severity, confidence and title of each rule."""
    from zt_gate.errors import UsageError

    known = rulebook.scanners_with_rules()
    if options.scanner and options.scanner not in known:
        raise UsageError(
            f"there is no scanner {options.scanner!r}; there are {', '.join(known)}"
        )
    for name in (options.scanner,) if options.scanner else known:
        for rule in rulebook.load(name).values():
            print(f"{rule.id}  {rule.severity}/{rule.confidence}  {rule.title}")
    return 0

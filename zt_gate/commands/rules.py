"""``zt-gate rules``: list the rules, one per line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zt_gate import rulebook
from zt_gate.model.finding import Confidence, Level, Severity

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from zt_gate.model.rule import Rule

LEGEND = """\
ID  SEVERITY/CONFIDENCE  TITLE

severity    how bad it is: critical, high, medium, low, info
confidence  how sure a finding of the rule is: high, medium, low
level       what a finding does under the default policy: block, warn, info. High
            confidence and at least medium severity block; [levels] changes that
More about a rule: zt-gate explain ID"""


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "scanner", nargs="?", help="list only the rules of this scanner"
    )
    for name, choices, text in (
        ("level", Level, "what a finding does under the default policy"),
        ("severity", Severity, "at least this severity"),
        ("confidence", Confidence, "at least this confidence"),
    ):
        words = [value.value for value in choices]
        parser.add_argument(
            f"--{name}", choices=words, metavar=name[0].upper(),
            help=f"{text}: {', '.join(words)}",
        )  # fmt: skip
    parser.add_argument(
        "--cwe", metavar="N", help="weakness by its CWE number, such as 89 or CWE-89"
    )
    parser.add_argument(
        "--search", metavar="TEXT", help="text in id, former id or title"
    )
    parser.add_argument(
        "--legend",
        action="store_true",
        help="explain the columns (default: on a terminal)",
    )


def main(options: Namespace) -> int:
    """Print id, severity, confidence and title of each rule; raises UsageError."""
    from zt_gate.commands.listing import print_lines
    from zt_gate.errors import UsageError

    scanners = rulebook.scanners_with_rules()
    if options.scanner:
        if options.scanner not in scanners:
            raise UsageError(
                f"unknown scanner {options.scanner!r}; available: {', '.join(scanners)}"
            )
        scanners = (options.scanner,)
    cwe = _cwe(options.cwe)
    rules = [
        rule
        for name in scanners
        for rule in rulebook.load(name).values()
        if _matches(rule, options, cwe)
    ]
    if not rules:
        print("zt-gate: no rule matches", file=sys.stderr)
    legend = options.legend or sys.stdout.isatty()
    return print_lines(_lines(rules, legend=legend))


def _cwe(text: str | None) -> str:
    """Return the CWE id that a person means, "" for none; raises UsageError."""
    if text is None:
        return ""
    number = text.upper().removeprefix("CWE-")
    if not (number.isascii() and number.isdigit()):
        from zt_gate.errors import UsageError

        raise UsageError(f"--cwe takes a number such as 89, not {text!r}")
    return f"CWE-{int(number)}"


def _matches(rule: Rule, options: Namespace, cwe: str) -> bool:
    if options.severity and rule.severity.rank < Severity(options.severity).rank:
        return False
    if options.confidence and (
        rule.confidence.rank < Confidence(options.confidence).rank
    ):
        return False
    if options.level and level_of_rule(rule) is not Level(options.level):
        return False
    if cwe and cwe not in rule.cwe:
        return False
    text = " ".join((rule.id, *rule.former_ids, rule.title)).lower()
    return not options.search or options.search.lower() in text


def level_of_rule(rule: Rule) -> Level:
    """Return the level of a finding of the rule under the default policy."""
    from zt_gate import __version__
    from zt_gate.model.finding import Location
    from zt_gate.policy.profiles import level_of
    from zt_gate.policy.schema import Policy

    return level_of(
        rule.finding(Location("file", b"x")),
        Policy(),
        min_confidence=Confidence.HIGH,
        fail_on="block",
        release=__version__,
    )


def _lines(rules: list[Rule], *, legend: bool) -> Iterator[str]:
    for rule in rules:
        yield f"{rule.id}  {rule.severity}/{rule.confidence}  {rule.title}"
    if legend:
        plural = "" if len(rules) == 1 else "s"
        yield f"\n{len(rules)} rule{plural}. {LEGEND}"

"""``zt-gate explain RULE``: the rule's own text."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from zt_gate import rulebook

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from zt_gate.model.rule import Rule


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("rule", help="the id, as a report shows it")


def main(options: Namespace) -> int:
    """Print what the rule finds, why it matters and what to do."""
    rule = rulebook.find(options.rule)
    if rule is None:
        from difflib import get_close_matches

        from zt_gate.errors import UsageError

        known = [
            r for name in rulebook.scanners_with_rules() for r in rulebook.load(name)
        ]
        near = get_close_matches(options.rule, known, 1)
        hint = f"; did you mean {near[0]}?" if near else "; zt-gate rules lists them"
        raise UsageError(f"there is no rule {options.rule!r}{hint}")
    print(_page(rule))
    return 0


def _page(rule: Rule) -> str:
    parts = [
        f"{rule.id}: {rule.title}",
        f"severity {rule.severity}, confidence {rule.confidence}"
        + (f", level {rule.level}" if rule.level else "")
        + (f", {', '.join(rule.cwe)}" if rule.cwe else ""),
        *([f"Former names: {', '.join(rule.former_ids)}"] if rule.former_ids else []),
        "Why it matters:\n" + _wrapped(rule.why),
        "What to do:\n" + _wrapped(rule.remedy),
    ]
    if rule.references:
        parts.append("References:\n" + "\n".join(f"  {url}" for url in rule.references))
    return "\n\n".join(parts)


def _wrapped(text: str) -> str:
    return textwrap.fill(
        text,
        78,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,  # options and file names stay whole
    )

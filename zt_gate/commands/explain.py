"""``zt-gate explain RULE``: show a rule's title, reason, fix and references."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from zt_gate import rulebook

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from zt_gate.model.rule import Rule


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("rule", help="rule id, as reports show it")


def main(options: Namespace) -> int:
    """Print the text of a rule; raises UsageError for an unknown id."""
    rule = rulebook.find(options.rule)
    if rule is None:
        from zt_gate.errors import UsageError

        raise UsageError(f"unknown rule {options.rule!r}; {_hint(options.rule)}")
    print(_page(rule))
    return 0


def _hint(unknown_id: str) -> str:
    from difflib import get_close_matches

    ids: list[str] = []
    for scanner in rulebook.scanners_with_rules():
        ids.extend(rulebook.load(scanner))
    near = get_close_matches(unknown_id, ids, 1)
    if near:
        return f"did you mean {near[0]}?"
    return "see all with: zt-gate rules"


def _page(rule: Rule) -> str:
    properties = [f"severity {rule.severity}", f"confidence {rule.confidence}"]
    if rule.level:
        properties.append(f"level {rule.level}")
    properties.extend(rule.cwe)
    parts = [f"{rule.id}: {rule.title}", ", ".join(properties)]
    if rule.former_ids:
        parts.append(f"Former names: {', '.join(rule.former_ids)}")
    parts.append("Why it matters:\n" + _wrapped(rule.why))
    parts.append("What to do:\n" + _wrapped(rule.remedy))
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
        break_on_hyphens=False,  # keep options and file names whole
    )

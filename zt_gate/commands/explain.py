"""``zt-gate explain RULE``: show a rule's reason, fix, examples, exceptions and links."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

from zt_gate import rulebook
from zt_gate.commands.rules import level_of_rule

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from zt_gate.model.rule import Rule


#: Columns of a line of an example.
_EXAMPLE_WIDTH = 76


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("rule", help="rule id, as reports show it")


def main(options: Namespace) -> int:
    """Print the text of a rule; raises UsageError for an unknown id."""
    rule = rulebook.find(options.rule)
    if rule is None:
        from zt_gate.errors import UsageError

        raise UsageError(f"unknown rule {options.rule!r}; {_hint(options.rule)}")
    from zt_gate.commands.listing import print_lines

    return print_lines([_page(rule)])


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
    properties.append(f"level {level_of_rule(rule)}")
    properties.extend(rule.cwe)
    parts = [f"{rule.id}: {rule.title}", ", ".join(properties)]
    if rule.former_ids:
        parts.append(f"Former names: {', '.join(rule.former_ids)}")
    parts.append("Why it matters:\n" + _wrapped(rule.why))
    parts.append("What to do:\n" + _wrapped(rule.remedy))
    parts.extend(_examples(rule))
    parts.append("If it is acceptable:\n" + "\n".join(_exceptions(rule)))
    links = [*rule.references, *_documentation(rule)]
    parts.append("References:\n" + "\n".join(f"  {link}" for link in links))
    return "\n\n".join(parts)


def _examples(rule: Rule) -> Iterator[str]:
    """Yield an example of what is found, and one of what is not."""
    from zt_gate.reports.escape import visible
    from zt_gate.rulebook.examples import examples_of

    found, not_found = examples_of(rule)
    for title, example in (("Found", found), ("Not found", not_found)):
        if example is None or not example.text:
            continue
        place = f" in {visible(example.path)}" if example.path else ""
        lines = (_cut(visible(line)) for line in example.text.splitlines())
        if rule.scanner == "secrets" and "{" in example.text:
            place += " ({N*SET} stands for N characters)"
        yield f"{title}, for example{place}:\n" + "\n".join(
            f"  {line}" for line in lines
        )


def _cut(line: str) -> str:
    return line if len(line) <= _EXAMPLE_WIDTH else line[: _EXAMPLE_WIDTH - 1] + "…"


def _exceptions(rule: Rule) -> Iterator[str]:
    """Yield the exceptions that can cover a finding of the rule."""
    from zt_gate.scanners import registered

    yield "  this finding   zt-gate approve FINGERPRINT"
    yield f"  in a file      zt-gate ignore {rule.id} PATH --reason TEXT"
    info = registered().get(rule.scanner)
    if info is not None and info.keeps_baseline:
        yield f'  on a line      zt-gate: ignore[{rule.id}] reason="…"'
        yield "  existing ones  zt-gate baseline"
    lower = "warn" if level_of_rule(rule) == "block" else "info"
    yield f'  everywhere     "{rule.id}" = "{lower}", under [levels] in .zt-gate.toml'


def _documentation(rule: Rule) -> Iterator[str]:
    """Yield the pages of the documentation, as addresses if the project's is known."""
    from zt_gate.commands.installed_from import read_source

    source = read_source(os.environ)
    for path in documentation_paths(rule):
        yield source.page(path) or f"{path} of zt-gate"


def documentation_paths(rule: Rule) -> tuple[str, ...]:
    """Return the pages about a rule and about exceptions, relative to the project."""
    name = rule.id.partition("/")[2]
    page = f"docs/{rule.scanner.replace('_', '-')}.md"
    if rule.scanner == "code":
        page = f"docs/rules/code-{name.partition('-')[0]}.md#{name}"
    elif rule.scanner == "gate":
        page = "docs/verdict.md"
    elif rule.scanner in {"scope", "tampering"}:
        page = f"docs/rules/{rule.scanner}.md#{name}"
    return page, "docs/exceptions.md"


def _wrapped(text: str) -> str:
    return textwrap.fill(
        text,
        78,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,  # keep options and file names whole
    )

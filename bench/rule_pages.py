"""Write the pages docs/rules/code-<language>.md and docs/rules/<scanner>.md from the rules.

Also writes the tables of docs/code.md: the rules by language and level, and the supported
frameworks.

    python bench/rule_pages.py [--check]

With ``--check``, nothing is written and the exit code is 1 if a page is not up to date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate import rulebook
from zt_gate.model.finding import Confidence, Level, Location
from zt_gate.policy.profiles import level_of
from zt_gate.policy.schema import Policy
from zt_gate.reports.escape import visible
from zt_gate.rulebook.examples import examples_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zt_gate.model.rule import Rule

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "rules"
NAMES = {"python": "Python", "javascript": "JavaScript and TypeScript", "go": "Go"}
#: Other scanners that have one page for all of their rules.
SCANNERS = ("scope", "tampering")
LEVELS = {Level.BLOCK: "blocks", Level.WARN: "warns", Level.INFO: "informs"}
OVERVIEW = ROOT / "docs" / "code.md"
BEGIN, END = (
    "<!-- made from the rules by bench/rule_pages.py: begin -->\n",
    "<!-- end -->\n",
)


def pages() -> dict[Path, str]:
    """Return the text of every page by its file."""
    rules = rulebook.load("code")
    texts = {}
    for language, name in NAMES.items():
        rules_of_language = [
            rule for rule in rules.values() if rule.id.startswith(f"code/{language}-")
        ]
        texts[FOLDER / f"code-{language}.md"] = _page(language, name, rules_of_language)
    for scanner in SCANNERS:
        texts[FOLDER / f"{scanner}.md"] = _scanner_page(scanner)
    texts[OVERVIEW] = _overview(OVERVIEW.read_text("utf-8"), rules.values())
    return texts


def _overview(text: str, rules: Iterable[Rule]) -> str:
    """Return docs/code.md with new tables."""
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    ids: dict[tuple[str, Level], list[str]] = {}
    for rule in rules:
        language, _, short = rule.id.removeprefix("code/").partition("-")
        ids.setdefault((language, _level(rule)), []).append(short)
    lines = ["| language | level | rules | about |", "|---|---|---:|---|"]
    for language, name in NAMES.items():
        for level, word in LEVELS.items():
            names = sorted(ids.get((language, level), ()))
            links = ", ".join(
                f"[{short}](rules/code-{language}.md#{language}-{short})"
                for short in names
            )
            lines.append(f"| {name} | {word} | {len(names)} | {links} |")
    lines += ["", "| language | whose calls the tables know |", "|---|---|"]
    lines += [
        f"| {name} | {_frameworks(language)} |" for language, name in NAMES.items()
    ]
    return head + BEGIN + "\n".join(lines) + "\n" + END + tail


def _frameworks(language: str) -> str:
    import yaml

    files = sorted((ROOT / "rules" / "code" / "tables" / language).glob("*.yaml"))
    names = (str(yaml.safe_load(file.read_bytes())["framework"]) for file in files)
    return "; ".join(name for name in names if not name.startswith("texts"))


def _level(rule: Rule) -> Level:
    """Return the level of a finding of a rule under the default policy."""
    finding = rule.finding(Location("file", b"x"))
    return level_of(finding, Policy(), min_confidence=Confidence.HIGH, fail_on="block")


def _scanner_page(scanner: str) -> str:
    """Return the page of a scanner whose rules are TOML files with a level."""
    rules = rulebook.load(scanner).values()
    lines = [
        f"# Rules of {scanner}",
        "",
        f"Made from `rules/{scanner}/` by `bench/rule_pages.py`; do not change it here.",
        f"How the scanner looks is in [{scanner}](../{scanner}.md), what the levels mean in",
        "[verdict](../verdict.md#levels).",
    ]
    for rule in rules:
        facts = [
            f"level {rule.level}",
            f"severity {rule.severity}",
            f"confidence {rule.confidence}",
        ]
        source = f"[the rule and its examples](../../{rule.data['file']})"
        links = [source, *(f"<{url}>" for url in rule.references)]
        lines += [
            "",
            f"## {rule.id.partition('/')[2]}",
            "",
            f"**{rule.title}.** {rule.why}",
            "",
        ]
        lines += [
            f"What to do: {rule.remedy}",
            "",
            " · ".join([*facts, ", ".join(rule.cwe)]),
        ]
        lines += ["", *_examples(rule, "text"), "See " + ", ".join(links) + "."]
    return "\n".join(lines) + "\n"


def _examples(rule: Rule, language: str) -> Iterator[str]:
    """Yield an example of what the rule finds, and one of what it does not find."""
    for title, example in zip(("Found", "Not found"), examples_of(rule), strict=True):
        if example is None or not example.text:
            continue
        place = f" in `{example.path}`" if example.path else ""
        text = "\n".join(visible(line) for line in example.text.splitlines())
        longest = max(re.findall("`{3,}", text), key=len, default="``")
        fence = longest + "`"
        yield from (f"{title}, for example{place}:", "")
        yield from (f"{fence}{language}", text, fence, "")


def _page(language: str, name: str, rules: Iterable[Rule]) -> str:
    ordered = sorted(rules, key=lambda rule: (-rule.confidence.rank, rule.id))
    lines = [
        f"# Rules for {name}",
        "",
        "Made from `rules/code/` by `bench/rule_pages.py`; do not change it here.",
        "What the levels mean is in [verdict](../verdict.md#levels), what the scanner",
        "sees and does not see in [code](../code.md).",
        "",
        "| rule | what | confidence | CWE |",
        "|---|---|---|---|",
    ]
    for rule in ordered:
        short = rule.id.removeprefix("code/")
        cwe = rule.cwe[0] if rule.cwe else ""
        title = rule.title.replace("|", "\\|")
        lines.append(f"| [{short}](#{short}) | {title} | {rule.confidence} | {cwe} |")
    for rule in ordered:
        lines += _section(rule, language)
    return "\n".join(lines) + "\n"


def _section(rule: Rule, language: str) -> list[str]:
    short = rule.id.removeprefix("code/")
    data: Mapping[str, object] = rule.data
    facts = [
        f"severity {rule.severity}",
        f"confidence {rule.confidence}: {LEVELS[_level(rule)]}",
    ]
    owasp = data.get("owasp")
    named = [*rule.cwe, *(owasp if isinstance(owasp, list) else [])]
    family = "Family: missing input sanitization." if data.get("family") else ""
    lines = ["", f"## {short}", "", f"**{rule.title}.** {rule.why}", ""]
    lines += [f"What to do: {rule.remedy}", ""]
    lines += [" · ".join([*facts, ", ".join(named)]), ""]
    if family:
        lines += [family, ""]
    lines += _examples(rule, language)
    example = f"../../rules/code/{language}/{short.removeprefix(language + '-')}.yaml"
    links = [
        f"[the rule and its examples]({example})",
        *(f"<{url}>" for url in rule.references),
    ]
    return [*lines, "See " + ", ".join(links) + "."]


def main(words: list[str]) -> int:
    """Write the pages, or with ``--check`` compare them; return the exit code."""
    stale = 0
    for file, text in pages().items():
        if not file.exists() or file.read_text("utf-8") != text:
            stale = 1
            if "--check" in words:
                print(
                    f"{file.relative_to(ROOT)} is not up to date; run: python bench/rule_pages.py"
                )
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
    return stale if "--check" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

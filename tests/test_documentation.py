"""Links, commands and names in the documentation exist."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import yaml
from markdown_it import MarkdownIt

from tests.support.offenders import each_of
from tests.support.scripts import load
from zt_gate.reports import FORMATS
from zt_gate.scanners import registered

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("rules/**/*.md"),
     ROOT / "bench" / "RESULTS.md"]
)  # fmt: skip
of_page = load("outside_links").of_page
BY_NAME = each_of("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@cache
def anchors(page: Path) -> set[str]:
    """Return the names that a forge gives to the headings of a page."""
    found: Counter[str] = Counter()
    tokens = MarkdownIt().parse(page.read_text("utf-8"))
    for token, following in pairwise(tokens):
        if token.type != "heading_open":
            continue
        text = "".join(
            child.content for child in following.children or () if child.type != "html"
        )
        name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        number = found[name]
        found[name] += 1
        if number:
            found[f"{name}-{number}"] += 1
    return set(found)


@BY_NAME
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for link in sorted(of_page(page.read_text("utf-8"))):
        address, _, anchor = unquote(link).partition("#")
        if "://" in address or address.startswith("mailto:"):
            continue
        target = (page.parent / address).resolve() if address else page
        assert target.exists(), f"{page.name} links to {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page.name} links to {link}"


def test_the_two_commands_of_the_readme_are_what_ci_runs() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    run = (ROOT / ".ci" / "run").read_text("utf-8")
    for marker in ("<!-- first command -->", "<!-- second command -->"):
        assert f"{marker}\n```sh\n" in text
        assert marker in run


def test_the_hooks_see_every_commit() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_bytes())
    assert [hook["id"] for hook in hooks] == [
        "zt-gate",
        "zt-gate-commit-msg",
        "zt-gate-push",
    ]
    for hook in hooks:
        assert hook["always_run"] is True
        # At commit-msg the one name is the message's.
        assert hook.get("pass_filenames", True) is (hook["stages"] == ["commit-msg"])
        assert hook["require_serial"] is True
        assert hook["entry"].startswith("python -I -m zt_gate ")


def test_the_action_is_pinned_and_keeps_expressions_out_of_its_scripts() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_bytes())
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert re.fullmatch(
            r"[\w./-]+@[0-9a-f]{40}", step.get("uses", "a/b@" + "0" * 40)
        )
        assert "${{" not in step.get("run", "")
        if "run" in step:
            assert step["shell"] == "bash"


def formats_without_a_row(names: Iterable[str]) -> list[str]:
    """Return the report formats that the table of docs/reports.md lacks."""
    table = (ROOT / "docs" / "reports.md").read_text("utf-8")
    return [name for name in names if f"\n| `{name}` |" not in table]


def test_every_report_format_is_documented() -> None:
    assert formats_without_a_row(name for name, _ in FORMATS) == []


def test_every_scanner_has_a_page() -> None:
    missing = [
        name
        for name in registered()
        if not (ROOT / "docs" / f"{name.replace('_', '-')}.md").exists()
    ]
    assert missing == []

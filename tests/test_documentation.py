"""Links, commands and names in the documentation exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tests.support.offenders import each_of
from zt_gate.reports import FORMATS
from zt_gate.scanners import registered

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "rules" / "README.md"]
)
BY_NAME = each_of("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@BY_NAME
def test_links_lead_to_files(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


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

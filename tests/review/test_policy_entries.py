"""An exception that names a rule that does not exist: every report says so."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import GIT_ENV, Repo
from zt_gate.review import run as review
from zt_gate.rulebook import load, rule_files, scanners_with_rules
from zt_gate.rulebook.rule_ids import RuleIds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zt_gate.model.report import JudgedFinding

IGNORE = '[[ignore]]\nrule = "{}"\npath = "src/**"\nreason = "an example"\n'
ALLOW = '[paths]\n"src/**" = {{ allow = ["{}"], reason = "an example" }}\n'


def told(repo: Repo, policy: str, name: str = ".zt-gate.toml") -> list[JudgedFinding]:
    repo.write(name, policy)
    repo.commit()
    repo.write("a.txt", "two\n")
    repo.git("add", "-A")
    request = review.Request(folder=repo.path, only=("scope",), log=False)
    report = review.run(request, {**GIT_ENV, "HOME": str(repo.path.parent)})
    assert report.verdict.value == "pass"
    return [
        item for item in report.findings if item.finding.rule == "gate/unknown-rule"
    ]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("a.txt", "one\n")
    made.commit()
    return made


@pytest.mark.parametrize("template", [IGNORE, ALLOW])
@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("secrets/anthropic-api-kee", "; did you mean 'secrets/anthropic-api-key'?"),
        ("code/python-sql-injektion", "; did you mean 'code/python-sql-injection'?"),
        ("injection/nothing-*", ""),
        ("gate/unreadible", "; did you mean 'gate/unreadable'?"),
        ("*/no-scanner-has-this", ""),
    ],
)
def test_a_rule_that_does_not_exist_is_named(
    template: str, name: str, near: str, repo: Repo
) -> None:
    (item,) = told(repo, "# a policy\n" + template.format(name))
    assert item.level.value == "warn"
    assert item.finding.location.kind == "change"
    line = (
        ".zt-gate.toml:2: [[ignore]]"
        if template is IGNORE
        else ".zt-gate.toml:3: [paths]"
    )
    named = f"{line} names '{name}', which matches no rule"
    fix = near or "; list them with: zt-gate rules"
    assert item.finding.message.endswith(named + fix)


@pytest.mark.parametrize("template", [IGNORE, ALLOW])
@pytest.mark.parametrize(
    "name",
    [
        "secrets/anthropic-api-key",
        "code/python-sql-injection",
        "code/own-rule-of-the-project",
        "secrets/*",
        "secrets",
        "*",
        "gate/unreadable",
        "tampering/gate-*",
    ],
)
def test_a_rule_that_exists_is_not_named(template: str, name: str, repo: Repo) -> None:
    assert told(repo, template.format(name)) == []


def test_a_former_name_is_a_rule(repo: Repo) -> None:
    former = next(
        rule.former_ids[0] for rule in load("code").values() if rule.former_ids
    )
    assert told(repo, IGNORE.format(former)) == []


def test_a_policy_in_pyproject_has_the_right_line(repo: Repo) -> None:
    text = IGNORE.format("secrets/none-such").replace("ignore", "tool.zt-gate.ignore")
    (item,) = told(repo, f"# the project\n\n{text}", "pyproject.toml")
    assert "pyproject.toml:3: [[ignore]] names" in item.finding.message


def test_the_ids_in_the_files_are_those_of_the_rules() -> None:
    """Otherwise every run would load all rules to find out whether one exists."""
    for scanner in scanners_with_rules():
        written = set(rule_files.written_ids(scanner))
        assert set(load(scanner)) <= written, scanner


def test_rules_are_loaded_only_if_no_id_in_the_files_matches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = []
    module = sys.modules["zt_gate.rulebook.rule_ids"]

    def scanners() -> Iterator[str]:
        loaded.append("all")
        yield "gate"

    monkeypatch.setattr(module, "scanners_with_rules", scanners)
    for name, expected in (
        ("gate/unreadable", []),
        ("gate/policy-changed", []),
        ("gate/no-such-rule", ["all"]),
        ("gate/none-either", ["all"]),
    ):
        loaded.clear()
        exists = RuleIds(None).any_matches(name.__eq__, ("gate",))
        assert (exists, loaded) == (not expected, expected), name

"""Renamed rules: the table, and everything that may name a rule by a former id."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.policy.test_profiles import level
from tests.support.caches import sealed
from zt_gate import rulebook
from zt_gate.model.finding import Confidence, Finding, Level, Location, Severity
from zt_gate.policy import baseline
from zt_gate.policy.baseline import Baseline, BaselineEntry
from zt_gate.policy.ignores import PolicyIgnores
from zt_gate.policy.inline_ignores import find_inline_ignores
from zt_gate.policy.schema import Allowance, Ignore, Policy
from zt_gate.review.fingerprint import fingerprint
from zt_gate.rulebook import renames
from zt_gate.rulebook.errors import RulebookError
from zt_gate.rulebook.rule_files import rules_folder
from zt_gate.scanners import registered

if TYPE_CHECKING:
    from pathlib import Path

RULE = """[[rule]]
id = "secrets/%s"
title = "A title"
why = "A reason."
remedy = "A remedy."
severity = "high"
confidence = "high"
"""

NEW, OLD, OLDER = "secrets/third-name", "secrets/second-name", "secrets/first-name"


def entry(old: str, new: str) -> str:
    return f'[[rename]]\nold = "{old}"\nnew = "{new}"\nsince = "0.2.0"\nreason = "unclear"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of rules; one of them was renamed twice."""
    made = tmp_path / "rules"
    (made / "secrets").mkdir(parents=True)
    (made / "secrets" / "a.toml").write_text(RULE % "third-name" + RULE % "other")
    (made / renames.FILE).write_text(entry(OLDER, NEW) + entry(OLD, NEW))
    return made


def test_the_table_of_the_repository_is_valid() -> None:
    table = renames.read(rules_folder())
    for scanner in rulebook.scanners_with_rules():
        table.check(scanner, rulebook.load(scanner).keys())
    scanners = {old.partition("/")[0] for old in table.new_ids}
    assert scanners <= set(rulebook.scanners_with_rules())


def test_a_rule_has_its_former_ids(folder: Path) -> None:
    rules = rulebook.load("secrets", folder=folder)
    assert rules[NEW].former_ids == (OLDER, OLD)
    assert rules["secrets/other"].former_ids == ()
    assert "former_ids" not in rules[NEW].data
    with_examples = rulebook.load_with_examples("secrets", folder=folder)
    assert with_examples[NEW].former_ids == (OLDER, OLD)


def test_compiled_rules_and_digest_follow_the_table(
    folder: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    first = rulebook.load("secrets", cache=sealed(cache), folder=folder)
    assert rulebook.load("secrets", cache=sealed(cache), folder=folder) == first
    before = rulebook.digest(cache=sealed(cache), folder=folder)
    (folder / renames.FILE).write_text(entry(OLD, NEW))
    assert rulebook.load("secrets", cache=sealed(cache), folder=folder)[
        NEW
    ].former_ids == (OLD,)
    assert rulebook.digest(cache=sealed(cache), folder=folder) != before


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (entry("secrets/other", NEW), "secrets/other is a former id"),
        (entry(OLD, "secrets/none"), "renamed to secrets/none, which does not exist"),
        (
            entry(OLDER, OLD) + entry(OLD, NEW),
            f"{OLDER} is renamed to {OLD}, which is itself renamed",
        ),
        (entry(OLD, NEW) + entry(OLD, "secrets/other"), f"{OLD} is renamed twice"),
        (entry(NEW, NEW), "renamed to itself"),
        (entry("code/x", NEW), "name different scanners"),
        (entry("secrets/*", NEW), "is not of the form scanner/kebab-name"),
        (
            '[[rename]]\nold = "secrets/a"\nnew = "secrets/other"\n',
            "must have exactly the keys",
        ),
        (entry(OLD, NEW) + "more = 1\n", "must have exactly the keys"),
        (
            entry(OLD, NEW).replace('"unclear"', '" "'),
            "reason must be a non-empty string",
        ),
        (entry(OLD, NEW).replace('"0.2.0"', "2"), "since must be a non-empty string"),
        ("rename = 1\n", "must contain only"),
        ("[[renames]]\n", "must contain only"),
        ("rename = [1]\n", "must have exactly the keys"),
        ("rename = \n", "Invalid value"),
    ],
)
def test_an_invalid_table_is_one_clear_error(
    text: str, problem: str, folder: Path
) -> None:
    (folder / renames.FILE).write_text(text)
    with pytest.raises(RulebookError) as caught:
        rulebook.load("secrets", folder=folder)
    assert problem in str(caught.value)
    assert renames.FILE in str(caught.value)


def test_a_rule_file_cannot_claim_former_ids(folder: Path) -> None:
    (folder / "secrets" / "b.toml").write_text(
        RULE % "x" + 'former_ids = ["secrets/y"]\n'
    )
    with pytest.raises(RulebookError, match="former ids belong in"):
        rulebook.load("secrets", folder=folder)


# What names a rule


FINDING = Finding(
    NEW, Location("line", b"a.py", 1), "m", Severity.HIGH, Confidence.HIGH
)
RENAMED = replace(FINDING, former_rules=(OLDER, OLD))


def test_a_fingerprint_is_made_of_the_first_id() -> None:
    assert fingerprint(RENAMED) == fingerprint(replace(FINDING, rule=OLDER))
    assert fingerprint(RENAMED) != fingerprint(FINDING)


@pytest.mark.parametrize("name", [NEW, OLD, OLDER])
def test_levels_take_any_id(name: str) -> None:
    assert level(RENAMED, levels={name: Level.INFO}) == "info"
    assert level(RENAMED, levels={name: Level.INFO, "secrets": Level.WARN}) == "info"


def test_the_current_id_decides_if_levels_name_several() -> None:
    levels = {OLDER: Level.INFO, OLD: Level.BLOCK, NEW: Level.WARN}
    assert level(RENAMED, levels=levels) == "warn"


@pytest.mark.parametrize(
    "glob", [NEW, OLD, OLDER, "secrets/first-*", "secrets/second-*"]
)
def test_ignores_allowances_and_marks_take_any_id(glob: str) -> None:
    ignoring = PolicyIgnores(Policy(ignores=(Ignore(glob, "**", "r"),)), "2026-07-01")
    allowing = PolicyIgnores(
        Policy(paths=(Allowance("**", (glob,), "r"),)), "2026-07-01"
    )
    for excuses in (ignoring, allowing):
        assert excuses.decide(RENAMED.rule_ids, b"a.py").state == "ignored"
    (mark,) = find_inline_ignores(f'x  # zt-gate: ignore[{glob}] reason="r"'.encode())
    assert mark.covers(RENAMED, registered()["secrets"])


def test_a_glob_of_something_else_does_not_match() -> None:
    excuses = PolicyIgnores(
        Policy(ignores=(Ignore("secrets/other*", "**", "r"),)), "2026-07-01"
    )
    assert excuses.decide(RENAMED.rule_ids, b"a.py").state == "active"


def test_a_baseline_updates_the_id_without_a_second_entry() -> None:
    mark = "0" * 32
    old = Baseline(b"0" * 32, frozenset((BaselineEntry(mark, OLD, b"a.py"),)))
    new = baseline.merge_entries(old, [BaselineEntry(mark, NEW, b"a.py")], prune=False)
    assert new.entries == {BaselineEntry(mark, NEW, b"a.py")}

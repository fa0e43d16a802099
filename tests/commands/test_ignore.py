"""``zt-gate ignore`` adds only entries that can have an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.repo import Repo
from tests.test_cli import gate, one_line

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ("a.py", "--reason", "known")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("a.py", "x = 1\n")
    made.commit()
    return made


def test_a_rule_that_does_not_exist_is_refused(repo: Repo) -> None:
    for rule in ("code/pyhton-ssrf", "secret/*", "code/python-nothing-*", "x", "[a"):
        done = gate("ignore", rule, *WORDS, cwd=repo.path)
        assert done.returncode == 2, rule
        one_line(done)
    assert not (repo.path / ".zt-gate.toml").exists()


def test_the_closest_rule_is_named(repo: Repo) -> None:
    done = gate("ignore", "code/pyhton-ssrf", *WORDS, cwd=repo.path)
    assert "did you mean 'code/python-ssrf'" in one_line(done)


def test_rules_that_exist_are_accepted(repo: Repo) -> None:
    for rule in ("code/python-ssrf", "secrets/*", "code", "*", "code/own-mine"):
        done = gate("ignore", rule, *WORDS, cwd=repo.path)
        assert (done.returncode, done.stderr) == (0, ""), rule
    shown = gate("policy", "show", "--config", ".zt-gate.toml", cwd=repo.path)
    assert shown.stdout.count("[[ignore]]") == 5


def test_a_day_that_has_passed_is_refused(repo: Repo) -> None:
    for day in ("2020-01-01", "1999-12-31", "2026-01-02", "0001-01-01"):
        words = ("code/*", *WORDS, "--expires", day)
        done = gate("ignore", *words, cwd=repo.path)
        assert done.returncode == 2
        assert "has passed" in one_line(done)

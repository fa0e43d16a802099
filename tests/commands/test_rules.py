"""``zt-gate rules`` lists each rule in one line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.test_cli import gate, one_line
from zt_gate import rulebook

if TYPE_CHECKING:
    from pathlib import Path


def test_every_rule_is_one_line(tmp_path: Path) -> None:
    done = gate("rules", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    known = [
        rule for name in rulebook.scanners_with_rules() for rule in rulebook.load(name)
    ]
    assert [line.split("  ")[0] for line in lines] == known
    assert all(re.fullmatch(r"\S+  [a-z]+/[a-z]+  \S.*", line) for line in lines)


@pytest.mark.parametrize("scanner", rulebook.scanners_with_rules())
def test_the_rules_of_one_scanner(scanner: str, tmp_path: Path) -> None:
    done = gate("rules", scanner, cwd=tmp_path)
    assert done.returncode == 0
    assert {line.partition("/")[0] for line in done.stdout.splitlines()} == {scanner}


@pytest.mark.parametrize("name", ["secret", "../rules", "secrets/", "", "a\x1b[31m\nb"])
def test_a_scanner_that_does_not_exist(name: str, tmp_path: Path) -> None:
    done = gate("rules", name or " ", cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown scanner" in one_line(done)
    assert "secrets" in done.stderr
    assert "\x1b" not in done.stderr

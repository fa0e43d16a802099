"""``zt-gate explain`` shows the text of any rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.test_cli import gate, one_line
from zt_gate import rulebook

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("scanner", rulebook.scanners_with_rules())
def test_a_rule_of_each_scanner(scanner: str, tmp_path: Path) -> None:
    rule = next(iter(rulebook.load(scanner).values()))
    done = gate("explain", rule.id, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    words = " ".join(done.stdout.split())
    for part in (rule.id, rule.title, rule.why, rule.remedy, *rule.cwe, *rule.references,
                 f"severity {rule.severity}, confidence {rule.confidence}"):  # fmt: skip
        assert " ".join(part.split()) in words
    assert all(
        len(line) < 80 or " " not in line.strip()
        for line in done.stdout.splitlines()[2:]
    )


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("secrets/anthropic-api-kye", "did you mean secrets/anthropic-api-key?"),
        ("secrets", "unknown rule"),
        ("../../x/y", "see all with: zt-gate rules"),
        ("zzz/qqq", "see all with: zt-gate rules"),
        (" ", "see all with: zt-gate rules"),
        ("a\x1b[31m\n::error::/b", "\\x1b[31m"),
    ],
)
def test_a_rule_that_does_not_exist(rule: str, message: str, tmp_path: Path) -> None:
    done = gate("explain", rule, cwd=tmp_path)
    assert done.returncode == 2
    assert message in one_line(done)
    assert done.stdout == ""
    assert "\x1b" not in done.stderr


def test_a_missing_rule_is_wrong_usage(tmp_path: Path) -> None:
    done = gate("explain", cwd=tmp_path)
    assert done.returncode == 2
    assert "rule" in one_line(done)

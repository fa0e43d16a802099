"""``zt-gate rules`` lists each rule in one line."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import GIT_ENV
from tests.test_cli import gate, one_line
from zt_gate import rulebook
from zt_gate.commands.rules import level_of_rule

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.rule import Rule

RULES: dict[str, Rule] = {
    rule.id: rule
    for name in rulebook.scanners_with_rules()
    for rule in rulebook.load(name).values()
}


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


def listed(*words: str, cwd: Path) -> set[str]:
    done = gate("rules", *words, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return {line.split("  ")[0] for line in done.stdout.splitlines()}


def test_filters(tmp_path: Path) -> None:
    cases = {
        ("--level", "block"): lambda rule: level_of_rule(rule) == "block",
        ("--severity", "critical"): lambda rule: rule.severity == "critical",
        ("--severity", "high"): lambda rule: rule.severity in {"critical", "high"},
        ("--confidence", "high"): lambda rule: rule.confidence == "high",
        ("--cwe", "89"): lambda rule: "CWE-89" in rule.cwe,
        ("--cwe", "cwe-89"): lambda rule: "CWE-89" in rule.cwe,
        ("--search", "SQL inj"): lambda rule: "sql inj" in rule.title.lower(),
        ("code", "--cwe", "78", "--level", "block"): lambda rule: (
            rule.scanner == "code"
            and "CWE-78" in rule.cwe
            and level_of_rule(rule) == "block"
        ),
    }
    for words, fits in cases.items():
        expected = {rule.id for rule in RULES.values() if fits(rule)}
        assert expected, words
        assert listed(*words, cwd=tmp_path) == expected, words


def test_a_former_id_is_found(tmp_path: Path) -> None:
    renamed = [rule for rule in RULES.values() if rule.former_ids]
    for rule in renamed[:3]:
        assert rule.id in listed("--search", rule.former_ids[0], cwd=tmp_path)


def test_no_match_is_said_and_is_no_error(tmp_path: Path) -> None:
    done = gate("rules", "--search", "nothing like this", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no rule matches" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--level", "blok"], "did you mean block?"),
        (["--cwe", "sql"], "takes a number"),
        (["--severty", "high"], "did you mean --severity?"),
        (["--search", ""], "is empty"),
    ],
)
def test_wrong_filters(words: list[str], message: str, tmp_path: Path) -> None:
    done = gate("rules", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert message in one_line(done)


def test_the_legend_is_shown_on_request(tmp_path: Path) -> None:
    done = gate("rules", "--search", "sql", "--legend", cwd=tmp_path)
    for word in ("severity", "confidence", "block", "zt-gate explain"):
        assert word in done.stdout.partition("\n\n")[2]
    assert "zt-gate explain ID" not in gate("rules", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    "verb", ["rules", "rules --legend", "explain code/python-ssrf"]
)
def test_a_closed_pipe_is_no_error_and_shows_no_traceback(
    verb: str, tmp_path: Path
) -> None:
    """As in ``zt-gate rules | head -1`` with bash's pipefail."""
    script = f'set -o pipefail; "$1" -I -m zt_gate {verb} | head -1'
    done = subprocess.run(
        ["bash", "-c", script, "bash", sys.executable],
        cwd=tmp_path, env=GIT_ENV, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1

"""``zt-gate explain`` shows the text of any rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_cli import gate, one_line
from zt_gate import rulebook
from zt_gate.commands import explain
from zt_gate.rulebook.examples import MAX_LINES, examples_of


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
        len(line) < 80 or " " not in line.strip() or rule.id in line or "docs/" in line
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


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        ("code/python-sql-injection",
         ["Found, for example:", "cursor.execute(f", "Not found", "level block", "zt-gate baseline",
          "code-python.md#python-sql-injection", "zt-gate: ignore[code/python-sql-injection]"]),
        ("code/javascript-sql-injection", ["Found, for example:", "code-javascript.md#"]),
        ("secrets/aws-secret-key", ["{N*SET} stands for", "secrets.md", '= "warn"']),
        ("tampering/checks-bypassed",
         ["in scripts/release.sh:", "git commit --no-verify", "tampering.md#checks-bypassed"]),
        ("scope/many-lines", ["scope.md#many-lines", "exceptions.md"]),
        ("agent_config/agent-hook", ["in .cursor/hooks.json:", "agent-config.md"]),
        ("gate/unreadable", ["verdict.md", "zt-gate ignore gate/unreadable PATH"]),
    ],
)  # fmt: skip
def test_example_exceptions_and_links(
    rule: str, parts: list[str], tmp_path: Path
) -> None:
    done = gate("explain", rule, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for part in parts:
        assert part in done.stdout, part
    # No exception that does not count for the rule.
    inline = "on a line " in done.stdout
    assert inline == (rule.partition("/")[0] in {"code", "secrets", "agent_config"})


def test_every_page_that_a_rule_names_exists() -> None:
    root = Path(__file__).resolve().parents[2]
    for scanner in rulebook.scanners_with_rules():
        for rule in rulebook.load(scanner).values():
            for link in explain.documentation_paths(rule):
                page, _, anchor = link.partition("#")
                text = (root / page).read_text("utf-8")
                assert not anchor or f"\n## {anchor}\n" in text, link


def test_each_code_rule_has_both_examples() -> None:
    missing = [
        rule.id for rule in rulebook.load("code").values() if None in examples_of(rule)
    ]
    assert missing == []


def test_a_hostile_example_is_escaped_and_short() -> None:
    for rule in rulebook.load("injection").values():
        for example in examples_of(rule):
            assert example is None or len(example.text.splitlines()) <= MAX_LINES


def test_an_example_of_code_ends_with_its_own_brackets() -> None:
    rule = rulebook.load("code")["code/go-command-injection"]
    for example in examples_of(rule):
        assert example is not None
        assert example.text.startswith("exec.Command(")
        assert example.text.endswith(")")
    # A statement of several lines keeps the line that closes it.
    for rule in rulebook.load("code").values():
        for example in examples_of(rule):
            assert example is not None
            assert example.text.strip(")]}; ,\n"), rule.id

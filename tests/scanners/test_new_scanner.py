"""A new scanner is one file, its rules, and one line in the tuple: everything else knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.scratch import Scratch

if TYPE_CHECKING:
    from pathlib import Path

SCANNER = '''"""Words that are shouted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.scanner import ScannerInfo, ScannerSetting

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun
    from zt_gate.scanners.base import Context


class ShoutingScanner:
    """The scanner ``shouting``."""

    info = ScannerInfo("shouting", settings=(ScannerSetting("words", "strings"),))

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Look for the words in added lines."""
        from zt_gate.model.finding import Evidence, Location
        from zt_gate.model.report import ScannerRun

        (rule,) = context.rules.values()
        findings = []
        for file in change.files:
            for line in file.added_lines():
                text = line.data.decode("utf-8", "replace")
                for word in context.settings.get("words", ("SHOUT",)):
                    at = text.find(word)
                    if at >= 0:
                        place = Location("line", file.path, line.number, at + 1,
                                         line.number, at + 1 + len(word))
                        evidence = Evidence(text, at, at + len(word))
                        findings.append(rule.finding(place, evidence=evidence))
        return ScannerRun("shouting", "ok", files=len(change.files), findings=tuple(findings))


SCANNER = ShoutingScanner()
'''
RULES = """[[rule]]
id = "shouting/loud-word"
title = "A word is shouted"
why = "Nobody likes that."
remedy = "Write it in lower case."
severity = "high"
confidence = "high"
"""
ONLY = ("--scanner", "shouting")


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    made = Scratch.create(tmp_path)
    made.write("zt_gate/scanners/shouting.py", SCANNER)
    made.write("rules/shouting/words.toml", RULES)
    made.add_line("zt_gate/scanners/__init__.py", '    "zt_gate.scanners.tampering",',
                  '    "zt_gate.scanners.shouting",')  # fmt: skip
    return made


def shouted(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (found["level"], found["state"])
        for found in report["findings"]
        if found["rule"] == "shouting/loud-word"
    ]


def test_a_scan_runs_it_and_the_commands_know_it(scratch: Scratch) -> None:
    scratch.stage("a.txt", "do not SHOUT\n")
    report = scratch.scan("--skip", "code", "--skip", "dependencies")
    assert ("shouting", "ok") in {
        (run["scanner"], run["status"]) for run in report["runs"]
    }
    assert shouted(report) == [("block", "active")]
    assert "shouting/loud-word" in scratch.gate("rules", "shouting").stdout
    assert "shouting/loud-word" in scratch.gate("rules").stdout
    assert "Nobody likes that." in scratch.gate("explain", "shouting/loud-word").stdout
    assert "shouting" in scratch.gate("scan", "--scanner", "shoutin").stderr
    assert "shouting" in scratch.gate("replay", "--skip", "shoutin").stderr


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("[levels]\nshouting = 'warn'\n", [("warn", "active")]),
        ("[levels]\n'shouting/loud-word' = 'info'\n", [("info", "active")]),
        (
            "[[ignore]]\nrule='shouting/*'\npath='a.txt'\nreason='r'\n",
            [("block", "ignored")],
        ),
        (
            "[paths]\n'*.txt' = {allow=['shouting'], reason='r'}\n",
            [("block", "ignored")],
        ),
        ("[scanners.shouting]\nwords = ['other']\ndeadline-seconds = 5\n", []),
    ],
)
def test_a_policy_speaks_of_it(
    policy: str, expected: list[tuple[str, str]], scratch: Scratch
) -> None:
    scratch.repo.write(".zt-gate.toml", policy)
    scratch.repo.commit()
    scratch.stage("a.txt", "do not SHOUT\n")
    assert shouted(scratch.scan(*ONLY)) == expected


def test_a_wrong_setting_of_it_is_refused(scratch: Scratch) -> None:
    scratch.repo.write(".zt-gate.toml", "[scanners.shouting]\nword = 'x'\n")
    scratch.repo.commit()
    done = scratch.gate("scan", *ONLY)
    assert done.returncode == 2
    assert "did you mean 'words'?" in done.stderr


def test_a_baseline_and_a_mark_hold_for_it(scratch: Scratch) -> None:
    scratch.repo.write("a.txt", "do not SHOUT\n")
    scratch.repo.write("b.txt", 'SHOUT  # zt-gate: ignore[shouting/*] reason="r"\n')
    scratch.repo.commit()
    done = scratch.gate("baseline", *ONLY, "--offline")
    assert done.returncode == 0, done.stderr
    assert (
        "shouting/loud-word a.txt"
        in (scratch.repo.path / ".zt-gate-baseline").read_text()
    )
    scratch.repo.commit()
    states = {
        found["path"]: found["state"]
        for found in scratch.scan("--tree", ".", *ONLY)["findings"]
    }
    assert states == {"a.txt": "baseline", "b.txt": "ignored"}


def test_a_rule_of_it_can_be_renamed(scratch: Scratch) -> None:
    scratch.stage("a.txt", "do not SHOUT\n")
    (before,) = scratch.scan(*ONLY)["findings"]
    rules = scratch.package / "rules" / "shouting" / "words.toml"
    rules.write_text(RULES.replace("loud-word", "upper-case"))
    table = scratch.package / "rules" / "renames.toml"
    entry = 'old = "shouting/loud-word"\nnew = "shouting/upper-case"\n'
    entry += 'since = "0.2.0"\nreason = "plainer"\n'
    table.write_text(f"{table.read_text()}\n[[rename]]\n{entry}")
    report = scratch.scan(*ONLY)
    (after,) = report["findings"]
    assert after["rule"] == "shouting/upper-case"
    assert after["fingerprint"] == before["fingerprint"]
    explained = scratch.gate("explain", "shouting/loud-word").stdout
    assert explained.startswith("shouting/upper-case")
    assert "Former names: shouting/loud-word" in explained
    accepted = f"{before['fingerprint']}@{report['change_digest']}"
    done = scratch.gate("scan", *ONLY, "--accept", accepted, "--offline")
    assert done.returncode == 0, done.stdout
    scratch.stage(".zt-gate.toml", "[levels]\n'shouting/loud-word' = 'warn'\n")
    scratch.repo.commit()
    scratch.stage("b.txt", "SHOUT\n")
    assert [found["level"] for found in scratch.scan(*ONLY)["findings"]] == ["warn"]


def test_demo_and_drill_still_work(scratch: Scratch) -> None:
    demo = scratch.gate("demo")
    assert demo.returncode == 0, demo.stderr
    drill = scratch.gate("drill", "key-in-code")
    assert drill.returncode == 0, drill.stdout

"""A new rule is one file in ``rules/``, with its examples: no Python."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.scratch import Scratch

if TYPE_CHECKING:
    from pathlib import Path

SECRET_RULE = """[[rule]]
id = "secrets/example-service-key"
title = "Example Service API key"
why = "Anyone who reads this key can act as its owner."
remedy = "Revoke the key and read a new one from the environment."
severity = "high"
confidence = "high"
level = "block"
cwe = ["CWE-798"]
prefixes = ["exsvc_"]
pattern = 'exsvc_[a-f0-9]{32}'
[rule.examples]
find = ['key = "exsvc_{32*a-f0-9}"']
ignore = ['key = "exsvc_{32*x}"']
"""
CODE_RULE = """rules:
  - id: python-example-call
    languages: [python]
    severity: ERROR
    metadata:
      title: "Unsafe example call"
      why: "The call runs what it is given."
      remedy: "Do not call it."
      severity: high
      confidence: high
      cwe: ["CWE-94"]
      references: ["https://cwe.mitre.org/data/definitions/94.html"]
    pattern: run_anything(...)
"""


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    made = Scratch.create(tmp_path)
    made.write("rules/secrets/example_service.toml", SECRET_RULE)
    made.write("rules/code/python/example-call.yaml", CODE_RULE)
    return made


def rules_of(report: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in report["findings"]]


def test_a_scan_and_the_commands_know_both(scratch: Scratch) -> None:
    key = "exsvc" + "_" + hashlib.sha256(b"a made-up key").hexdigest()[:32]
    scratch.stage("app.py", f'send("{key}")\nrun_anything(1)\n')
    report = scratch.scan("--scanner", "secrets", "--scanner", "code")
    assert set(rules_of(report)) == {
        "secrets/example-service-key",
        "code/python-example-call",
    }
    assert report["verdict"] == "fail"
    listed = scratch.gate("rules").stdout
    for rule, title in (
        ("secrets/example-service-key", "Example Service API key"),
        ("code/python-example-call", "Unsafe example call"),
    ):
        assert rule in listed
        assert title in scratch.gate("explain", rule).stdout


def test_a_policy_speaks_of_it(scratch: Scratch) -> None:
    scratch.repo.write(
        ".zt-gate.toml", "[levels]\n'code/python-example-call' = 'warn'\n"
    )
    scratch.repo.commit()
    scratch.stage("app.py", "run_anything(1)\n")
    report = scratch.scan("--scanner", "code")
    assert [finding["level"] for finding in report["findings"]] == ["warn"]

"""``zt-gate drill``: all results are as expected, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.offenders import each_of
from tests.support.repo import GIT_ENV
from tests.test_cli import gate
from zt_gate.drill import run
from zt_gate.drill.case import Case, evaluate
from zt_gate.drill.outcome import GateOutcome, OutcomeFinding

if TYPE_CHECKING:
    from pathlib import Path


def test_there_are_enough_cases_with_unique_names() -> None:
    cases = run.cases()
    assert max(Counter(case.name for case in cases).values()) == 1
    assert sum(not case.honest for case in cases) >= 60
    assert sum(case.honest for case in cases) >= 20
    for case in cases:
        word, _, rule = case.expect.partition(" ")
        assert word in (
            {"block", "warn", "listed"} if rule else {"pass", "error", "refused"}
        ), case


@pytest.mark.slow
def test_all_cases_have_their_expected_result(tmp_path: Path) -> None:
    for name in ("tmp", "home", "cwd"):
        (tmp_path / name).mkdir()
    settings = {
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "CI": "true",
    }
    done = subprocess.run(  # without a limit: a loaded machine needs minutes
        [sys.executable, "-I", "-m", "zt_gate", "drill"],
        cwd=tmp_path / "cwd", env={**GIT_ENV, **settings}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    wrong = [line for line in done.stdout.splitlines() if line.startswith("WRONG")]
    assert not wrong
    assert done.returncode == 0, done.stderr
    assert "all as expected" in done.stdout
    assert {name: os.listdir(tmp_path / name) for name in ("tmp", "home", "cwd")} == {
        "tmp": [], "home": [], "cwd": [],
    }  # fmt: skip


def test_cases_can_be_named(tmp_path: Path) -> None:
    done = gate("drill", "key-in-code", "instruction-in-plain-text", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 evasions, 0 harmless changes: all as expected" in done.stdout


def test_an_unknown_case_is_wrong_usage(tmp_path: Path) -> None:
    done = gate("drill", "no-such-case", cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown drill case 'no-such-case'" in done.stderr


def case(expect: str, *paths: bytes) -> Case:
    return Case("x", "x", "x", expect, lambda _workspace: GateOutcome("pass"), paths)


BLOCK = OutcomeFinding("secrets/a-key", "block", "active", b"a.py")


@each_of(
    ("case_", "outcome", "passed"),
    [
        (case("block secrets/*"), GateOutcome("fail", (BLOCK,)), True),
        (case("block secrets/*"), GateOutcome("fail", (BLOCK,), ran=("git",)), False),
        (case("block secrets/*"), GateOutcome("pass", (BLOCK,)), False),
        (case("block secrets/*", b"b.py"), GateOutcome("fail", (BLOCK,)), False),
        (case("block code/*"), GateOutcome("fail", (BLOCK,)), False),
        (
            case("block secrets/*"),
            GateOutcome("fail", (BLOCK._replace(state="ignored"),)),
            False,
        ),
        (case("warn secrets/*"), GateOutcome("fail", (BLOCK,)), False),
        (case("error"), GateOutcome("error"), True),
        (case("error"), GateOutcome("refused"), False),
        (case("error"), GateOutcome("pass"), False),
        (case("pass"), GateOutcome("pass"), True),
        (case("pass", b"b.py"), GateOutcome("fail", (BLOCK,)), True),
        (case("pass", b"a.py"), GateOutcome("fail", (BLOCK,)), False),
        (case("pass"), GateOutcome("error", errors=("x",)), False),
        (case("pass"), GateOutcome("refused"), False),
    ],
)
def test_how_a_case_is_evaluated(
    case_: Case, outcome: GateOutcome, passed: bool
) -> None:
    assert evaluate(case_, outcome).passed is passed

"""Grades from a table of what real clients did."""

from __future__ import annotations

import pytest

from zt_gate.guard.capabilities import as_page, capability_lines, grade_of
from zt_gate.guard.decision import Grade

TABLE = {
    "clients": {"codex": "1.0"},
    "attacks": {"rm outside": {"codex": "denied"}, "poison": {"codex": "passed"}},
    "ways_round": {
        "codex: nothing done": {"user": False, "managed": False},
        "codex: off": {"user": True, "managed": False},
    },
    "faults": {"exit code 1": {"codex bare": True, "codex installed": False},
               "no JSON": {"codex bare": True, "codex installed": True}},
    "honest": {"denials in fifty calls": {"codex": 0}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("result", "is_managed", "grade"),
    [
        ("denied", False, Grade.ADVISES),
        ("denied", True, Grade.ADVISES),
        ("replaced", True, Grade.ADVISES),
        ("warned", True, Grade.ADVISES),
        ("passed", True, Grade.UNGUARDED),
        ("could not be tried: x", True, Grade.UNGUARDED),
    ],
)
def test_nothing_is_enforced_without_the_broker(
    result: str, is_managed: bool, grade: Grade
) -> None:
    assert grade_of(TABLE, "codex", result, is_managed=is_managed) is grade


def test_enforced_needs_every_way_round_to_have_failed() -> None:
    rows = {"killed": {"codex": "held"}, "grade": {"codex": "enforced"}}
    table = {**TABLE, "broker": rows}
    assert grade_of(table, "codex", "denied", is_managed=True) is Grade.ENFORCED
    assert grade_of(table, "codex", "warned", is_managed=True) is Grade.ADVISES
    assert grade_of(table, "codex", "denied", is_managed=False) is Grade.ADVISES
    assert grade_of(
        {**table, "ways_round": {}}, "codex", "denied", is_managed=True
    ) is (Grade.ADVISES)
    untried = {"codex: off": {"user": True}}
    table = {**table, "ways_round": untried}
    assert grade_of(table, "codex", "denied", is_managed=True) is Grade.ADVISES


@pytest.mark.parametrize("row", [{"codex": "reached"}, {"codex": "advises"}, {}])
def test_enforced_needs_every_attempt_at_the_broker_to_have_failed(
    row: dict[str, str],
) -> None:
    table = {**TABLE, "broker": {"killed": {"codex": "held"}, "forged": row}}
    assert grade_of(table, "codex", "denied", is_managed=True) is Grade.ADVISES


def test_the_text_has_every_control_and_what_runs_after_a_failure() -> None:
    text = "\n".join(capability_lines(TABLE))
    assert "rm outside" in text
    assert "unguarded" in text
    after = text.partition("failures of the hook")[2]
    assert "no JSON" in after
    assert "exit code 1" not in after
    assert next(capability_lines(TABLE, "claude-code")) == "Limits:"


def test_the_page_has_the_same() -> None:
    page = as_page(TABLE)
    assert "| rm outside | denied | advises | not tried, advises |" in page
    assert "| off | ran | no |" in page
    assert "| exit code 1 | ran | no |" in page

"""The drill's attacks on the guard without a client, and what turns it red."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zt_gate.drill import guard_cases
from zt_gate.guard.decision import Answer

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.drill.guard_cases import GuardCase
    from zt_gate.guard.decision import Concern

Judged = list[tuple["GuardCase", "tuple[Concern, ...]"]]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    context = guard_cases.context_in(tmp_path_factory.mktemp("drill"))
    return [(case, guard_cases.judged(case, context)) for case in guard_cases.load()]


def test_there_are_enough_cases_of_both_kinds() -> None:
    cases = guard_cases.load()
    honest = [case for case in cases if case.honest]
    assert len(honest) >= 60
    assert len(cases) - len(honest) >= 150
    assert len({case.command for case in cases}) == len(cases)


def test_every_attack_is_denied_and_every_honest_command_is_left_alone(
    judged: Judged,
) -> None:
    results = [guard_cases.evaluate(case, concerns) for case, concerns in judged]
    assert [(row.case.command, row.got) for row in results if not row.passed] == []


def test_switching_off_any_control_turns_the_drill_red(judged: Judged) -> None:
    controls = {
        one.control
        for _, concerns in judged
        for one in concerns
        if one.answer is Answer.DENY
    }
    assert len(controls) > 30
    for control in controls:
        assert any(
            not guard_cases.evaluate(
                case, tuple(one for one in concerns if one.control != control)
            ).passed
            for case, concerns in judged
            if not case.honest
        ), control


def test_the_drill_plays_them_in_a_folder(tmp_path: Path) -> None:
    results = list(guard_cases.play(tmp_path / "x"))
    assert all(row.passed for row in results)

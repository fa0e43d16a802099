"""How long nobody may answer, with a clock that the test sets."""

from __future__ import annotations

from contextlib import suppress

import pytest

from zt_gate.ecosystems.registries import silence
from zt_gate.ecosystems.registries.silence import Silence


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(silence, "time", made)
    return made


def failing(counted: Silence, clock: Clock, seconds: float) -> None:
    with suppress(OSError), counted.asking():
        clock.now += seconds
        raise OSError("silent")


def test_only_the_time_of_open_questions_counts(clock: Clock) -> None:
    counted = Silence(4.0)
    clock.now += 1000
    assert counted.left() == 4.0
    failing(counted, clock, 1.5)
    clock.now += 1000
    assert counted.left() == 2.5
    failing(counted, clock, 1000)
    assert counted.left() == 0.0


def test_an_answer_starts_the_count_anew(clock: Clock) -> None:
    counted = Silence(4.0)
    failing(counted, clock, 3.5)
    with counted.asking():
        clock.now += 0.4
        assert counted.left() == pytest.approx(0.1)
    assert counted.left() == 4.0


def test_questions_side_by_side_count_once(clock: Clock) -> None:
    counted = Silence(4.0)
    with suppress(OSError), counted.asking():
        clock.now += 1
        failing(counted, clock, 1)
        clock.now += 1
        assert counted.left() == 1.0
        raise OSError("silent")
    assert counted.left() == 1.0
    with counted.asking():
        with counted.asking():
            clock.now += 0.5
        clock.now += 3
        assert counted.left() == 1.0
    assert counted.left() == 4.0

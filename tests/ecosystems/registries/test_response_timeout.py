"""The limit on requests without a response, with a clock that the test sets."""

from __future__ import annotations

from contextlib import suppress

import pytest

from zt_gate.ecosystems.registries import response_timeout
from zt_gate.ecosystems.registries.response_timeout import ResponseTimeout


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(response_timeout, "time", made)
    return made


def failing(counted: ResponseTimeout, clock: Clock, seconds: float) -> None:
    with suppress(OSError), counted.request_in_flight():
        clock.now += seconds
        raise OSError("silent")


def test_only_time_with_a_request_in_flight_counts(clock: Clock) -> None:
    counted = ResponseTimeout(4.0)
    clock.now += 1000
    assert counted.remaining() == 4.0
    failing(counted, clock, 1.5)
    clock.now += 1000
    assert counted.remaining() == 2.5
    failing(counted, clock, 1000)
    assert counted.remaining() == 0.0


def test_a_response_resets_the_count(clock: Clock) -> None:
    counted = ResponseTimeout(4.0)
    failing(counted, clock, 3.5)
    with counted.request_in_flight():
        clock.now += 0.4
        assert counted.remaining() == pytest.approx(0.1)
    assert counted.remaining() == 4.0


def test_parallel_requests_count_once(clock: Clock) -> None:
    counted = ResponseTimeout(4.0)
    with suppress(OSError), counted.request_in_flight():
        clock.now += 1
        failing(counted, clock, 1)
        clock.now += 1
        assert counted.remaining() == 1.0
        raise OSError("silent")
    assert counted.remaining() == 1.0
    with counted.request_in_flight():
        with counted.request_in_flight():
            clock.now += 0.5
        clock.now += 3
        assert counted.remaining() == 1.0
    assert counted.remaining() == 4.0

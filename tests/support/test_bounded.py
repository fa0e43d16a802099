"""The helpers that replace time limits: what they accept and what they report."""

from __future__ import annotations

import pytest

from tests.support.bounded import calls_of, finishes
from tests.support.offenders import check_each


def spin(case: str) -> None:
    while case == "endless":
        pass


def test_work_without_an_end_is_ended_and_named() -> None:
    with pytest.raises(
        AssertionError, match="more than 1 seconds of CPU time on 'endless'"
    ):
        finishes(["short", "endless", "short"], spin, cpu_seconds=1)


def test_an_assertion_in_the_child_fails_the_test() -> None:
    def refuse(case: str) -> None:
        assert case == "good", "the reason"

    finishes(["good"], refuse)
    with pytest.raises(AssertionError, match=r"(?s)on 'bad'.*the reason"):
        finishes(["good", "bad", "good"], refuse)
    with pytest.raises(AssertionError, match="no case"):
        finishes([], refuse)


def test_calls_are_counted_the_same_each_time() -> None:
    counts = {calls_of(lambda: [abs(n) for n in range(50)]) for _ in range(3)}
    assert len(counts) == 1
    assert 50 < counts.pop() < 60


def test_each_offender_is_named() -> None:
    def is_even(number: int) -> str:
        assert number != 5, "five"
        return "odd" if number % 2 else ""

    check_each([2, 4], is_even)
    with pytest.raises(
        AssertionError, match=r"(?s)3 of 5 cases fail:\n1: odd.*3: odd.*5: .*five"
    ):
        check_each([1, 2, 3, 4, 5], is_even)
    with pytest.raises(AssertionError, match="no case"):
        check_each([], is_even)


def test_an_exception_that_was_not_raised_is_an_offender() -> None:
    def raises(_case: int) -> None:
        with pytest.raises(ValueError, match="x"):
            pass

    with pytest.raises(AssertionError, match="DID NOT RAISE"):
        check_each([1], raises)

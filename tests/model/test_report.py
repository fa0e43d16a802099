"""Errors that are added to a report after the judge."""

from __future__ import annotations

import pytest

from tests.support.reports import report
from zt_gate.model.report import Verdict


@pytest.mark.parametrize(
    ("before", "after"),
    [("pass", "error"), ("error", "error"), ("fail", "fail")],
)
def test_an_error_after_the_judge_lowers_a_pass_and_keeps_a_fail(
    before: str, after: str
) -> None:
    judged = report(verdict=Verdict(before), complete=True, errors=("first",))
    told = judged.with_errors(["second", "third"])
    assert told.verdict.value == after
    assert told.errors == ("first", "second", "third")
    assert not told.complete


def test_without_errors_the_report_is_unchanged() -> None:
    judged = report(verdict=Verdict.PASS, complete=True)
    assert judged.with_errors([]) is judged

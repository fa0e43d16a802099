from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from tests.reports.snapshot import same_as_snapshot
from tests.reports.strategies import reports
from tests.support import reports as make
from zt_gate.model.report import Verdict
from zt_gate.reports import render, summary

if TYPE_CHECKING:
    from zt_gate.model.report import Report


def parsed(report: Report) -> ET.Element:
    data = render("junit", report)
    assert data.isascii()
    return ET.fromstring(data)


@pytest.mark.parametrize("name", ["failing", "incomplete", "hostile"])
def test_looks(name: str) -> None:
    same_as_snapshot(f"junit-{name}.xml", render("junit", getattr(make, name)()))


@given(reports())
def test_any_report_parses_and_counts_what_it_has(report: Report) -> None:
    root = parsed(report)
    for element in (root, *root.iter("testsuite")):
        for attribute, tag in (
            ("tests", "testcase"), ("failures", "failure"), ("errors", "error"),
            ("skipped", "skipped"),
        ):  # fmt: skip
            assert int(element.get(attribute, "-1")) == len(list(element.iter(tag)))
    blocking = sum(map(summary.is_blocking, report.findings))
    assert len(list(root.iter("failure"))) >= min(blocking, 1)
    if any(run.status == "error" for run in report.runs):
        assert list(root.iter("error"))


def test_a_pass_has_a_passed_test_for_each_scanner() -> None:
    root = parsed(make.report())
    suites = list(root.iter("testsuite"))
    assert [suite.get("name") for suite in suites][-1] == "zt-gate"
    assert all(int(suite.get("tests", "0")) == 1 for suite in suites)
    assert (root.get("failures"), root.get("errors")) == ("0", "0")


def test_an_error_is_no_pass() -> None:
    report = make.incomplete()
    assert report.verdict is not Verdict.PASS
    root = parsed(report)
    assert int(root.get("errors", "0")) + int(root.get("failures", "0")) > 0

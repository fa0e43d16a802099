from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from tests.reports.snapshot import same_as_snapshot
from tests.reports.strategies import reports
from tests.support import reports as make
from zt_gate.reports import render

if TYPE_CHECKING:
    from zt_gate.model.report import Report

SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


def entries(report: Report) -> list[dict[str, Any]]:
    data = render("gitlab", report)
    assert data.isascii()
    found = json.loads(data)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("name", ["failing", "incomplete", "hostile"])
def test_looks(name: str) -> None:
    same_as_snapshot(f"gitlab-{name}.json", render("gitlab", getattr(make, name)()))


@given(reports())
def test_every_entry_is_one_that_gitlab_takes(report: Report) -> None:
    found = entries(report)
    marks = [entry["fingerprint"] for entry in found]
    assert len(set(marks)) == len(marks)
    for entry in found:
        assert set(entry) == {
            "type", "description", "check_name", "fingerprint", "severity", "location",
        }  # fmt: skip
        assert entry["severity"] in SEVERITIES
        assert entry["location"]["lines"]["begin"] >= 1
        assert isinstance(entry["location"]["path"], str)
    active = sum(judged.state == "active" for judged in report.findings)
    assert len(found) >= active


def test_what_was_not_inspected_is_a_blocker() -> None:
    found = entries(make.incomplete())
    skipped = [
        entry for entry in found if entry["check_name"] == "zt-gate/not-inspected"
    ]
    assert skipped
    said = {entry["description"]: entry["severity"] for entry in skipped}
    # Only what somebody left out on purpose is none.
    assert {text for text, severity in said.items() if severity != "blocker"} == {
        "injection skipped: --skip injection"
    }


def test_a_report_that_passes_is_an_empty_list() -> None:
    assert entries(make.report()) == []

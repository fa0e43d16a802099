from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from tests.reports.strategies import reports
from tests.support import reports as make
from zt_gate.reports import render

if TYPE_CHECKING:
    from zt_gate.model.report import Report

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "report.schema.json").read_text("utf-8")
)
VALIDATOR = Draft202012Validator(SCHEMA)


def parsed(report: Report) -> dict[str, Any]:
    data = render("json", report)
    assert data.isascii()
    assert data.endswith(b"}\n")
    assert not set(data) & {*range(10), *range(11, 32), 127}
    document: dict[str, Any] = json.loads(data)
    VALIDATOR.validate(document)
    return document


def test_the_schema_is_a_schema_and_describes_every_field() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    def visit(part: Any, where: str) -> None:
        if (
            isinstance(part, dict)
            and "properties" in part
            and "additionalProperties" in part
        ):
            assert part["additionalProperties"] is False, where
            for name, field in part["properties"].items():
                assert "description" in field or "$ref" in field, f"{where}.{name}"
        for name, inner in part.items() if isinstance(part, dict) else enumerate(part):
            if isinstance(inner, (dict, list)):
                visit(inner, f"{where}.{name}")

    visit(SCHEMA, "")


@pytest.mark.parametrize("name", ["report", "failing", "incomplete", "hostile"])
def test_reports_fit_the_schema(name: str) -> None:
    parsed(getattr(make, name)())


def test_the_schema_refuses_what_is_not_of_the_contract() -> None:
    document = parsed(make.failing())
    for change in (
        {"verdict": "green"},
        {"exit_code": 3},
        {"surplus": 1},
        {"findings": [{**document["findings"][0], "path": None}]},
        {"runs": [{**document["runs"][0], "status": "error"}]},
    ):
        assert not VALIDATOR.is_valid(document | change), change


def test_fields_carry_the_values() -> None:
    document = parsed(make.failing())
    first = document["findings"][1]
    assert first | {"why": "", "remedy": "", "references": []} == {
        "rule": "code/sql-injection",
        "scanner": "code",
        "level": "block",
        "severity": "high",
        "confidence": "high",
        "state": "active",
        "state_reason": "",
        "state_expires": "",
        "state_by": "",
        "state_since": "",
        "path": "src/app.py",
        "location": {"kind": "line"},
        "line": 12,
        "column": 16,
        "end_line": 12,
        "end_column": 32,
        "message": "SQL is put together from a request's data",
        "why": "",
        "remedy": "",
        "cwe": ["CWE-89"],
        "references": [],
        "fix": None,
        "fingerprint": "bb" * 16,
        "evidence": 'cursor.execute("SELECT * FROM users WHERE name = " + name)',
    }
    ignored = next(f for f in document["findings"] if f["state"] == "ignored")
    assert ignored["state_reason"] == "A quotation in the security guide"
    assert ignored["state_expires"] == "2027-01-31"
    commit = next(f for f in document["findings"] if f["location"]["kind"] == "commit")
    assert commit["path"] is None
    assert commit["location"]["commit"].startswith("9fceb02d")
    assert (document["verdict"], document["exit_code"], document["complete"]) == (
        "fail",
        1,
        True,
    )
    assert document["origin"] == {"ai": True, "evidence": ["Co-authored-by trailer"]}


def test_paths_and_texts_come_back_exactly() -> None:
    document = parsed(make.hostile())
    by_line = {finding["line"]: finding for finding in document["findings"]}
    for line, raw in enumerate(make.HOSTILE.values(), 1):
        finding = by_line[line]
        try:
            assert finding["path"] == raw.decode()
            assert finding["evidence"] == f"\tx = '{raw.decode()}' # 日本"
            assert "path_b64" not in finding
        except UnicodeDecodeError:
            assert base64.b64decode(finding["path_b64"]) == raw
            assert finding["path"] == r"caf\xe9\xff.py"


def test_a_log_obeys_nothing_of_it() -> None:
    for line in render("json", make.hostile()).decode().splitlines():
        assert "##[" not in line
        assert "##vso[" not in line
        assert not line.lstrip().startswith("::")


@given(reports())
def test_any_report_fits_the_schema(report: Report) -> None:
    document = parsed(report)
    assert len(document["findings"]) == len(report.findings)

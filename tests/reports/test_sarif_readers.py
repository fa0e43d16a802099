"""SARIF before others' eyes: the standard's schema and sarif-tools.

Neither is part of the development environment: the one is found only in other
packages' source distributions, the other brings a plotting library.  Where
they are, two variables of the environment say so; ``.ci/run`` sets them.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from hypothesis import given, settings

from tests.reports.strategies import reports
from tests.support import reports as make
from tests.support.property_tests import examples
from zt_gate.reports import render

if TYPE_CHECKING:
    from zt_gate.model.report import Report

SCHEMA = os.environ.get("ZT_GATE_SARIF_SCHEMA", "")
READER = os.environ.get("ZT_GATE_SARIF_TOOLS", "")


@pytest.mark.skipif(
    not SCHEMA, reason="ZT_GATE_SARIF_SCHEMA names no file with the schema"
)
@settings(max_examples=examples(25))
@given(reports())
def test_any_report_keeps_to_the_standards_schema(report: Report) -> None:
    schema = json.loads(Path(SCHEMA).read_bytes())
    assert schema["title"].startswith(
        "Static Analysis Results Format (SARIF) Version 2.1.0"
    )
    jsonschema.Draft7Validator(schema).validate(json.loads(render("sarif", report)))


@pytest.mark.skipif(not READER, reason="ZT_GATE_SARIF_TOOLS names no program sarif")
@pytest.mark.parametrize("name", ["failing", "incomplete", "hostile"])
def test_sarif_tools_reads_it(name: str, tmp_path: Path) -> None:
    report: Report = getattr(make, name)()
    (tmp_path / "report.sarif").write_bytes(render("sarif", report))
    done = subprocess.run(
        [READER, "csv", "report.sarif", "--output", "out.csv"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = (tmp_path / "out.csv").read_text().count("zt-gate,")
    assert rows >= sum(judged.state == "active" for judged in report.findings)

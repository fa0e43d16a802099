"""Every source of outside data reaches every sink, and its safe variant stays quiet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.scanners.code import source_sink_matrix
from zt_gate import rulebook

if TYPE_CHECKING:
    from tests.scanners.code.scanning import Scan

FILES = sorted((Path(__file__).parent / "matrix").glob("*.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_cell_is_reported_and_its_safe_variant_is_not(
    scan: Scan, file: Path
) -> None:
    matrix = source_sink_matrix.read(file)
    run = scan(dict(matrix.files))
    assert (run.status, run.not_inspected) == ("ok", ())
    reported = [
        (
            os.fsdecode(finding.location.path or b""),
            finding.location.line or 0,
            finding.rule.removeprefix("code/"),
        )
        for finding in run.findings
        if finding.confidence in {"high", "medium"}
    ]
    assert matrix.offenders(reported) == []


def test_the_rules_that_a_matrix_names_exist() -> None:
    known = set(rulebook.load("code"))
    for file in FILES:
        named = {
            f"code/{rule}"
            for cell in source_sink_matrix.read(file).cells
            for rule in cell.rules
        }
        assert named <= known, (file.name, named - known)

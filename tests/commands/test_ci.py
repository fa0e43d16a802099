"""``zt-gate ci github`` outside of a workflow says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.test_cli import gate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("variables", "said", "code"),
    [
        ({}, "GITHUB_OUTPUT is not set; run zt-gate ci github in a GitHub workflow", 2),
        ({"GITHUB_OUTPUT": ""}, "or elsewhere: zt-gate scan --base REV", 2),
        ({"GITHUB_OUTPUT": "output"}, "RUNNER_TEMP is not set", 2),
        ({"GITHUB_OUTPUT": "no/output"}, "GITHUB_OUTPUT cannot be written: No such", 3),
    ],
)
def test_a_missing_variable_is_named(
    variables: dict[str, str], said: str, code: int, tmp_path: Path
) -> None:
    """Without GITHUB_OUTPUT the message was "No such file or directory"."""
    (tmp_path / "zt-gate.json").write_text("a report of the user")
    done = gate("ci", "github", cwd=tmp_path, **variables)
    assert done.returncode == code
    assert said in done.stderr
    assert "::error title=zt-gate::" in done.stdout
    # Only the reports in RUNNER_TEMP are those of an earlier step.
    assert (tmp_path / "zt-gate.json").exists()

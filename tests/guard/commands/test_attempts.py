"""Attempts to get past the guard, and honest commands that look like them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from bench.guard import CaseLine, Workspace, answer

DATA = Path(__file__).parent.parent / "data"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [("denied.txt", "deny"), ("asked.txt", "ask"), ("silent.txt", "silent")],
)
def test_answers_stay_as_they_are(name: str, expected: str) -> None:
    lines = (DATA / name).read_text("utf-8").splitlines()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as base:
        workspace = Workspace(base)
        wrong = []
        for line in lines:
            if line.startswith("# "):
                continue
            case = CaseLine(line.replace("⏎", "\n"), "", always=False)
            result, _ = answer(workspace, case, "develop")
            if result.value != expected:
                wrong.append(f"{result}: {line}")
    assert wrong == []

"""A scanner that is late, in a real run: the verdict and every report say so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import run_gate
from tests.support.repo import Repo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository whose trusted policy gives the code scanner no time to speak of."""
    made = Repo.create(tmp_path / "repository")
    made.write(".zt-gate.toml", "[scanners.code]\ndeadline-seconds = 0.001\n")
    made.commit("before")
    for index in range(200):
        made.write(
            f"m{index}.py", "import os\n\n\ndef f(x):\n    return os.system(x)\n" * 200
        )
    made.git("add", "-A")
    return made


@pytest.mark.parametrize("form", ["terminal", "json", "sarif", "github", "markdown"])
def test_a_scanner_past_its_deadline_is_an_error_in_every_report(
    form: str, repo: Repo, tmp_path: Path
) -> None:
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path),
        "LANG": "C.UTF-8", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    }  # fmt: skip
    done = run_gate(
        "scan", "--scanner", "code", "--format", form, cwd=repo.path, environ=environ
    )
    assert done.returncode == 3, done.stdout
    assert b"CPU time" in done.stdout
    left = [name for name in os.listdir(tmp_path) if name.startswith("zt-gate-")]
    assert left == []

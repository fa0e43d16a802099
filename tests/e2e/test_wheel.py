"""What is installed from the wheel works on its own, rules and all."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.repo import Repo

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.slow]


def test_the_wheel_in_an_empty_environment_runs_the_demo(
    project: Repo, tmp_path: Path, environ: dict[str, str]
) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--outdir",
            str(tmp_path),
            str(project.path),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    for rule in (ROOT / "rules").rglob("*"):
        if rule.suffix in {".toml", ".yaml"}:
            assert (
                f"zt_gate/_rules/{rule.relative_to(ROOT / 'rules').as_posix()}"
                in packed
            )
    assert "zt_gate/drill/cases/secrets.toml" in packed
    assert not [name for name in packed if name.startswith("tests/")]
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "-q", "--no-deps"]
    locked = ["--require-hashes", "-r", str(ROOT / "requirements.lock")]
    subprocess.run([*install, *locked], check=True, capture_output=True)
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    # What the wheel asks for is what the lock has.
    subprocess.run([str(python), "-m", "pip", "check"], check=True, capture_output=True)
    done = subprocess.run(
        [str(tmp_path / "venv" / "bin" / "zt-gate"), "demo"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "FAIL" in done.stdout
    assert "PASS" in done.stdout
    for scanner in ("code/", "dependencies/", "injection/", "secrets/"):
        assert scanner in done.stdout

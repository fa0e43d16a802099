"""Twelve changes through every way in: the right verdict, from the right scanners."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import Action, run_gate
from tests.e2e.planted import BEFORE, CASES, Planted, key
from tests.support.forge import about, pull
from tests.support.repo import Repo

if TYPE_CHECKING:
    from pathlib import Path

BY_NAME = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

pytestmark = pytest.mark.xdist_group("e2e")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    for name, text in BEFORE.items():
        made.write(name, text)
    made.commit("before")
    return made


def stage(repo: Repo, case: Planted) -> None:
    for name, text in case.files.items():
        repo.write(name, text)
    repo.git("add", "-A")


def blocking(report: dict[str, Any]) -> set[str]:
    return {f["scanner"] for f in report["findings"] if f["level"] == "block"}


def check(report: dict[str, Any], case: Planted) -> None:
    assert report["verdict"] == ("fail" if case.blocked_by else "pass"), report
    assert report["exit_code"] == case.exit_code
    assert blocking(report) == case.blocked_by
    assert report["complete"] is True
    assert key() not in json.dumps(report)


@BY_NAME
def test_staged(case: Planted, repo: Repo, environ: dict[str, str]) -> None:
    stage(repo, case)
    done = run_gate(
        "scan", "--staged", "--format", "json", cwd=repo.path, environ=environ
    )
    assert done.returncode == case.exit_code, done.stderr
    check(json.loads(done.stdout), case)


@pytest.mark.slow
@BY_NAME
def test_patch_on_stdin(case: Planted, repo: Repo, environ: dict[str, str]) -> None:
    stage(repo, case)
    patch = repo.git("diff", "--cached")
    repo.git("reset", "-q", "--hard")
    done = run_gate(
        "scan",
        "--patch",
        "-",
        "--format",
        "json",
        cwd=repo.path,
        environ=environ,
        stdin=patch,
    )
    assert done.returncode == case.exit_code, done.stderr
    check(json.loads(done.stdout), case)


@pytest.fixture
def hooked(
    configuration: str, precommit_home: Path, environ: dict[str, str]
) -> tuple[str, dict[str, str]]:
    """The project's own hooks, and the environment of who commits."""
    return configuration, {**environ, "PRE_COMMIT_HOME": str(precommit_home)}


@pytest.mark.slow
@BY_NAME
def test_pre_commit(
    case: Planted, repo: Repo, hooked: tuple[str, dict[str, str]]
) -> None:
    configuration, environ = hooked
    repo.write(".pre-commit-config.yaml", configuration)
    repo.commit("hooks")
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"],
        cwd=repo.path,
        env=environ,
        check=True,
        capture_output=True,
    )
    stage(repo, case)
    before = repo.head()
    done = subprocess.run(
        ["git", "commit", "-m", case.name],
        cwd=repo.path,
        env={**environ, "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
             "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org"},
        capture_output=True,
        check=False,
    )  # fmt: skip
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert (repo.head() == before) is bool(case.blocked_by), said
    for scanner in case.blocked_by:
        assert f"{scanner}/" in said
    assert ("FAIL" in said) is bool(case.blocked_by), said
    assert key() not in said


@pytest.mark.slow
@BY_NAME
def test_action(
    case: Planted, repo: Repo, action: Action, environ: dict[str, str]
) -> None:
    base = repo.head()
    repo.git("checkout", "-q", "-b", "change")
    for name, text in case.files.items():
        repo.write(name, text)
    head = repo.commit(case.name)
    event = {
        "action": "opened",
        "pull_request": pull(base, head),
        "repository": about(),
    }
    done = action.run(repo, event, environ=environ, inputs={"comment": "false"})
    assert done.exit_code == case.exit_code, done.log
    assert done.outputs["verdict"] == ("fail" if case.blocked_by else "pass")
    with open(done.outputs["json"], encoding="utf-8") as file:
        check(json.load(file), case)
    assert ("::error" in done.log) is bool(case.blocked_by)
    for scanner in case.blocked_by:
        assert f"{scanner}/" in done.summary
    assert key() not in done.log + done.summary

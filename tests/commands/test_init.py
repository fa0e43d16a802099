"""``zt-gate init`` creates the missing files and changes nothing else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.support.repo import Repo
from tests.test_cli import gate, one_line
from zt_gate.commands.init import (
    POLICY_TEXT,
    PRE_COMMIT_BLOCK,
    WORKFLOW,
    WORKFLOW_TEXT,
    with_hooks,
)
from zt_gate.doctor import gate_workflows
from zt_gate.policy.load import parse
from zt_gate.scanners import registered

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.create(tmp_path / "repository")


def test_it_creates_all_files_once_and_overwrites_none(repo: Repo) -> None:
    (repo.path / "inner").mkdir()
    done = gate("init", "--pre-commit", "--github", cwd=repo.path / "inner")
    assert done.returncode == 0, done.stderr
    assert "zt-gate doctor" in done.stderr
    names = (".zt-gate.toml", ".pre-commit-config.yaml", WORKFLOW)
    for name in names:
        (repo.path / name).write_text("# mine\n" + (repo.path / name).read_text())
    again = gate("init", "--pre-commit", "--github", cwd=repo.path)
    assert again.returncode == 0
    assert all((repo.path / name).read_text().startswith("# mine\n") for name in names)


def test_the_policy_is_valid_with_and_without_its_comments() -> None:
    table = POLICY_TEXT.replace("# [", "[")
    lines = [
        line.removeprefix("# ")
        if " = " in line and not line.startswith("profile")
        else line
        for line in table.split("\n")
    ]
    for text in (
        POLICY_TEXT,
        "\n".join(line for line in lines if not line.startswith("# ")),
    ):
        policy = parse(
            text.encode(),
            ".zt-gate.toml",
            scanners=registered(),
            rules=("code/python-sql-injection",),
        )
        assert policy.profile == "standard"
    assert policy.scope.restricted == ("/infra/",)


def test_a_project_with_its_policy_in_pyproject(repo: Repo) -> None:
    repo.write("pyproject.toml", '[tool.zt-gate]\nprofile = "strict"\n')
    done = gate("init", cwd=repo.path)
    assert done.returncode == 0, done.stderr
    assert not (repo.path / ".zt-gate.toml").exists()


def test_the_workflow_has_no_fault_once_it_names_a_commit() -> None:
    text = WORKFLOW_TEXT.replace("FULL_COMMIT_SHA", "0" * 40)
    (job,), failed = gate_workflows.jobs_in(
        [WORKFLOW.encode()], lambda _path: text.encode()
    )
    assert (job.faults, failed, job.context) == ((), (), "zt-gate")
    (job,), _ = gate_workflows.jobs_in(
        [WORKFLOW.encode()], lambda _path: WORKFLOW_TEXT.encode()
    )
    assert [fault.check for fault in job.faults] == ["pinned"]


@pytest.mark.parametrize(
    "old",
    [
        b"repos:\n- repo: meta\n  hooks:\n  - id: identity",
        b"repos:\n    # first\n    - repo: meta\n      hooks: [{id: x}]\n\n# x\nfail_fast: true\n",
        b"repos: []\n",
    ],
)
def test_hooks_are_added_and_nothing_else_changes(old: bytes) -> None:
    new = with_hooks(old)
    if old == b"repos: []\n":
        assert new is None
        return
    assert new is not None
    before, after = yaml.safe_load(old), yaml.safe_load(new)
    assert after["repos"][:-1] == before.pop("repos")
    assert after["repos"][-1:] == yaml.safe_load(PRE_COMMIT_BLOCK)
    assert {key: value for key, value in after.items() if key != "repos"} == before
    assert set(old.splitlines()) <= set(new.splitlines())
    assert with_hooks(new) == new


@given(st.text(alphabet="repos: -\n#[]{}&*!|>ab", max_size=80))
def test_an_invalid_configuration_is_not_changed(text: str) -> None:
    new = with_hooks(b"repos:\n" + text.encode())
    assert new is None or b"zt-gate" in new


def test_no_link_is_followed(repo: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    os.symlink(outside, repo.path / ".github")
    done = gate("init", "--github", cwd=repo.path)
    assert done.returncode == 3
    assert WORKFLOW in one_line(done)
    assert not list(outside.iterdir())
    os.symlink(outside / "policy", repo.path / "x")
    (repo.path / ".zt-gate.toml").unlink()
    os.rename(repo.path / "x", repo.path / ".zt-gate.toml")
    assert "already exists" in gate("init", cwd=repo.path).stdout
    assert not list(outside.iterdir())

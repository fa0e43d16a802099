"""``zt-gate hook pre-push``, called as pre-commit calls it, in real repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repo import GIT_ENV, Repo
from tests.test_cli import gate, one_line

KEY = "-".join(("sk", "ant", "api03", "Zq7" * 31 + "AA"))
NULL = "0" * 40


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return created(tmp_path / "repository")


def created(path: Path, object_format: str = "sha1") -> Repo:
    repository = Repo.create(path, f"--object-format={object_format}")
    repository.write("a.txt", "one\n")
    repository.commit("first")
    return repository


def pushed(repo: Repo, **variables: str) -> subprocess.CompletedProcess[str]:
    named = {f"PRE_COMMIT_{name}": value for name, value in variables.items()}
    return gate("hook", "pre-push", cwd=repo.path, stdin=b"", **named)


def test_a_secret_in_the_history_of_a_range_is_found(repo: Repo) -> None:
    base = repo.head()
    repo.write("b.py", f"KEY = '{KEY}'\n")
    repo.commit("with a key")
    repo.write("b.py", "KEY = ''\n")
    head = repo.commit("without")
    done = pushed(repo, FROM_REF=base, TO_REF=head)
    assert done.returncode == 1, done.stderr
    assert "secrets/anthropic-api-key" in done.stdout
    assert KEY not in done.stdout + done.stderr
    assert pushed(repo, FROM_REF=head, TO_REF=head).returncode == 0


def test_an_unrelated_branch_is_scanned_completely(repo: Repo) -> None:
    assert pushed(repo, LOCAL_BRANCH="refs/heads/main").returncode == 0
    repo.write("b.py", f"KEY = '{KEY}'\n")
    repo.commit("with a key")
    done = pushed(repo, LOCAL_BRANCH="refs/heads/main", REMOTE_BRANCH="refs/heads/main")
    assert done.returncode == 1, done.stderr


def test_a_forced_push_is_scanned_from_the_merge_base(repo: Repo) -> None:
    repo.git("branch", "old")
    repo.git("checkout", "-q", "old")
    repo.write("theirs.txt", "x\n")
    theirs = repo.commit("theirs")
    repo.git("checkout", "-q", "main")
    repo.write("b.py", f"KEY = '{KEY}'\n")
    head = repo.commit("with a key")
    assert pushed(repo, FROM_REF=theirs, TO_REF=head).returncode == 1
    assert pushed(repo, FROM_REF=head, TO_REF=theirs).returncode == 0


def test_a_new_branch_with_a_null_id(tmp_path: Path) -> None:
    repo = created(tmp_path / "repository", "sha256")
    done = pushed(repo, FROM_REF="0" * len(repo.head()), TO_REF=repo.head())
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "PRE_COMMIT_FROM_REF"),
        ({"FROM_REF": "HEAD"}, "PRE_COMMIT_FROM_REF"),
        ({"TO_REF": "HEAD"}, "PRE_COMMIT_FROM_REF"),
        ({"FROM_REF": "nowhere", "TO_REF": "HEAD"}, "nowhere"),
        ({"FROM_REF": "HEAD", "TO_REF": "--output=x"}, "--output=x"),
        ({"LOCAL_BRANCH": "refs/heads/absent"}, "absent"),
        ({"LOCAL_BRANCH": "--output=x"}, "--output=x"),
    ],
)
def test_wrong_variables_never_pass(
    variables: dict[str, str], message: str, repo: Repo
) -> None:
    done = pushed(repo, **variables)
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in one_line(done)


def test_an_unknown_hook_and_no_repository(tmp_path: Path) -> None:
    assert gate("hook", "post-commit", cwd=tmp_path).returncode == 2
    assert gate("hook", cwd=tmp_path).returncode == 2
    done = gate("hook", "pre-push", cwd=tmp_path, PRE_COMMIT_LOCAL_BRANCH="main")
    assert done.returncode == 2
    assert "repository" in one_line(done)


@pytest.mark.parametrize("staged", ["nothing", "a key", "a policy", "an old secret"])
def test_the_documented_hook_of_an_agent_stops_with_exit_code_2(
    staged: str, repo: Repo
) -> None:
    """Claude Code goes on after the exit codes 1 and 3."""
    page = Path(__file__).parents[2] / "docs" / "hooks.md"
    (command,) = (
        line for line in page.read_text("utf-8").splitlines() if line.startswith("grep")
    )
    script = repo.path.parent / "bin" / "zt-gate"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -m zt_gate "$@"\n')
    script.chmod(0o755)
    path = f"{script.parent}{os.pathsep}{GIT_ENV['PATH']}"
    env = {**GIT_ENV, "HOME": str(repo.path.parent), "PATH": path}
    expected = 2
    if staged == "nothing":
        expected = 0
    elif staged == "a key":
        repo.write("key.py", KEY)
    elif staged == "a policy":  # wrong usage, exit code 2
        repo.write(".zt-gate.toml", "profil = 1\n")
        repo.commit("a policy that is not valid")
    else:  # error, exit code 3
        repo.write("b.py", "x = 1\n")
        repo.git("add", "-A")
        oid = repo.git("rev-parse", ":b.py").decode().strip()
        (repo.path / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    if staged == "a key":
        repo.git("add", "-A")
    for tool, code in (("git commit -m x", expected), ("ls -l", 0)):
        event = json.dumps({"tool_name": "Bash", "tool_input": {"command": tool}})
        done = subprocess.run(
            ["sh", "-c", command], cwd=repo.path, env=env, input=event,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert done.stdout == ""
        assert bool(done.stderr) == (tool != "ls -l")


def test_the_same_range_by_scan_gives_the_same(repo: Repo) -> None:
    base = repo.head()
    repo.write("b.py", f"KEY = '{KEY}'\n")
    head = repo.commit("with a key")
    done = gate("scan", "--range", f"{base}..{head}", "--format", "json", cwd=repo.path)
    assert json.loads(done.stdout)["exit_code"] == done.returncode == 1
    assert pushed(repo, FROM_REF=base, TO_REF=head).returncode == 1

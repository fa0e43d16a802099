"""The log that a policy requires: each run writes it, ``zt-gate log`` reads it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.repo import Repo
from tests.test_cli import gate
from zt_gate.audit import chain

if TYPE_CHECKING:
    from pathlib import Path

KEY = (
    'KEY = "'
    + "-".join(("sk", "ant", "api03", ("kQ7vR2xT9mZp4LwB8nYc" * 5)[:93] + "AA"))
    + '"\n'
)


def repo_with_log(tmp_path: Path, where: str, more: str = "") -> Repo:
    repo = Repo.create(tmp_path / "repository")
    repo.write(".zt-gate.toml", f"{more}\n[audit]\nlog = {json.dumps(where)}\n")
    repo.commit("a policy")
    return repo


def scan(repo: Repo, *words: str, **env: str) -> tuple[int, dict[str, Any]]:
    done = gate("scan", "--scanner", "secrets", "--format", "json", *words, cwd=repo.path,
                HOME=str(repo.path.parent), **env)  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout else {
        "stderr": done.stderr
    }


def test_each_run_is_logged_and_reported(tmp_path: Path) -> None:
    ignore = '[[ignore]]\nrule = "secrets/*"\npath = "old.py"\nreason = "an example"\n'
    repo = repo_with_log(tmp_path, "runs.jsonl", ignore)
    assert scan(repo)[0] == 0
    repo.write("new.py", KEY)
    repo.write("old.py", KEY)
    repo.git("add", "-A")
    code, report = scan(repo)
    assert code == 1
    path = repo.path / ".git" / "zt-gate" / "runs.jsonl"
    with chain.open_to_read(path) as file:
        first, second = (entry for entry, _ in chain.entries(file))
    assert (first["verdict"], first["findings"]) == ("pass", [])
    assert second["verdict"] == "fail"
    assert second["revision"] == repo.head()
    assert second["policy"]["digest"] == report["policy"]["digest"]
    assert second["rules"] == report["tool"]["rules_digest"]
    by_path = {finding["path"]: finding for finding in second["findings"]}
    assert by_path["new.py"]["state"] == "active"
    assert by_path["old.py"]["state"] == "ignored"
    assert by_path["old.py"]["reason"] == "an example"
    assert by_path["old.py"]["by"] == "Ada"
    assert {finding["fingerprint"] for finding in report["findings"]} == {
        finding["fingerprint"] for finding in second["findings"]
    }
    assert KEY[7:40] not in path.read_text()

    summary = gate("log", "report", cwd=repo.path)
    assert summary.returncode == 0, summary.stderr
    assert "2 runs" in summary.stdout
    assert "1 passed, 1 blocked, 0 ended in error" in summary.stdout
    assert "secrets/anthropic-api-key, in 1 run: " in summary.stdout
    assert "ignored: an example (Ada)" in summary.stdout

    checked = gate("log", "verify", cwd=repo.path)
    assert checked.returncode == 0, checked.stderr
    head = checked.stdout.split()[0]
    assert (
        gate("log", "verify", "--expect", head, str(path), cwd=tmp_path).returncode == 0
    )
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0])
    assert gate("log", "verify", cwd=repo.path).returncode == 0
    assert gate("log", "verify", "--expect", head, cwd=repo.path).returncode == 3
    path.write_bytes(lines[1])
    done = gate("log", "verify", cwd=repo.path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "does not follow" in done.stderr


def test_a_run_that_cannot_be_logged_does_not_pass(tmp_path: Path) -> None:
    repo = repo_with_log(tmp_path, "runs.jsonl")
    (repo.path / ".git" / "zt-gate").symlink_to(tmp_path)
    code, report = scan(repo)
    assert code == 3
    assert report["verdict"] == "error"
    assert report["complete"] is False
    assert any("log" in error for error in report["errors"])
    assert not (tmp_path / "runs.jsonl").exists()
    repo.write("new.py", KEY)
    repo.git("add", "-A")
    assert scan(repo)[0] == 1


def test_a_log_in_the_work_tree_is_an_error(tmp_path: Path) -> None:
    repo = repo_with_log(tmp_path, str(tmp_path / "repository" / "runs.jsonl"))
    code, report = scan(repo)
    assert code == 3, report
    assert "among the files" in report["errors"][0]
    assert not (repo.path / "runs.jsonl").exists()


def test_an_absolute_path_is_used_unchanged(tmp_path: Path) -> None:
    repo = repo_with_log(tmp_path, str(tmp_path / "elsewhere" / "runs.jsonl"))
    assert scan(repo)[0] == 3
    (tmp_path / "elsewhere").mkdir()
    assert scan(repo)[0] == 0
    assert os.listdir(tmp_path / "elsewhere") == ["runs.jsonl"]


def test_work_trees_share_the_log_of_their_repository(tmp_path: Path) -> None:
    repo = repo_with_log(tmp_path, "deep/runs.jsonl")
    repo.git("worktree", "add", "-q", str(tmp_path / "other"))
    assert scan(Repo(tmp_path / "other"))[0] == 0
    assert (repo.path / ".git" / "zt-gate" / "deep" / "runs.jsonl").exists()


def test_without_a_repository_the_log_is_in_the_state_folder(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('[audit]\nlog = "runs.jsonl"\n')
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text("x = 1\n")
    done = gate("scan", "--scanner", "secrets", "--config", "policy.toml", "--tree", "tree",
                cwd=tmp_path, XDG_STATE_HOME=str(tmp_path / "state"))  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "state" / "zt-gate" / "runs.jsonl").exists()


@pytest.mark.parametrize("path", ["", "~/log", "$HOME/log", "a/../../log", "folder/"])
def test_a_path_that_is_not_plain_is_refused(path: str, tmp_path: Path) -> None:
    repo = repo_with_log(tmp_path, path)
    code, result = scan(repo)
    assert code == 2
    assert ":3: log must be " in result["stderr"]


def test_verify_without_a_log_is_wrong_usage(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repository")
    repo.commit()
    done = gate("log", "verify", cwd=repo.path)
    assert done.returncode == 2
    assert "no [audit] log" in done.stderr
    assert gate("log", "verify", "--expect", "12", "x", cwd=repo.path).returncode == 2
    assert gate("log", "report", "missing", cwd=repo.path).returncode == 3


def test_a_chain_of_other_records_is_an_error(tmp_path: Path) -> None:
    chain.append(tmp_path / "other", {"time": "x", "findings": [{"state": []}]})
    done = gate("log", "report", "other", cwd=tmp_path)
    assert done.returncode == 3
    assert "line 1 of the log is not the record of a run" in done.stderr

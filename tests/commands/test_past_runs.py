"""The trend of the HTML report comes from the audit log that the policy at HEAD names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.repo import Repo
from tests.test_cli import gate

if TYPE_CHECKING:
    from pathlib import Path

POLICY = '[audit]\nlog = "audit.jsonl"\n'


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "repo")
    repo.write(".zt-gate.toml", POLICY)
    repo.commit("start")
    repo.write("a.md", "a page\n")
    repo.git("add", "-A")
    return repo


def page(repo: Repo) -> str:
    done = gate("scan", "--scanner", "scope", "--format", "html", cwd=repo.path)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_log_that_the_policy_names_is_shown(repo: Repo) -> None:
    assert "1 run in the audit log" in page(repo)
    assert "2 runs in the audit log" in page(repo)


@pytest.mark.parametrize("damage", ["changed", "no JSON", "a foreign record", "gone"])
def test_a_log_that_does_not_fit_is_left_out(repo: Repo, damage: str) -> None:
    """The run itself is then an error, or the log begins anew; the page has no old run."""
    page(repo)
    log = repo.path / ".git" / "zt-gate" / "audit.jsonl"
    data = log.read_bytes()
    if damage == "changed":
        log.write_bytes(data.replace(b'"pass"', b'"fail"'))
    elif damage == "no JSON":
        log.write_bytes(b"<script>\n")
    elif damage == "a foreign record":
        log.write_bytes(b'{"seq": 1}\n')
    else:
        log.unlink()
    done = gate("scan", "--scanner", "scope", "--format", "html", cwd=repo.path)
    assert done.returncode in {0, 3}, done.stderr
    assert "2 runs in the audit log" not in done.stdout
    assert "<title>zt-gate: " in done.stdout


def test_without_a_log_there_is_no_trend(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "plain")
    repo.commit("start")
    assert "Latest runs" not in page(repo)
    done = gate("scan", "--tree", ".", "--format", "html", cwd=tmp_path)
    assert "Latest runs" not in done.stdout

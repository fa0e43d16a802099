"""``--worktree`` also judges what is staged and no longer in the work tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.planted import key
from tests.support.offenders import check_each
from tests.support.opened import environ
from tests.support.repo import Repo
from zt_gate.review import run

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.report import Report

PLANTED = f'KEY = "{key()}"\n'


GATE = (
    "on: pull_request\njobs:\n  judge:\n    steps:\n"
    "      - run: zt-gate scan --base refs/heads/x\n"
)


def made(folder: Path) -> Repo:
    repo = Repo.create(folder)
    repo.write("a.py", "x = 1\n")
    repo.write(".github/workflows/zt-gate.yml", GATE)
    repo.commit()
    return repo


def judged(repo: Repo, *only: str) -> Report:
    request = run.Request(
        kind="worktree", folder=repo.path, only=only or ("secrets",), offline=True
    )
    return run.run(request, environ(repo))


def stage(repo: Repo, name: str, content: str) -> None:
    repo.write(name, content)
    repo.git("add", "-f", name)


def removed(repo: Repo) -> None:
    stage(repo, "b.py", PLANTED)
    (repo.path / "b.py").unlink()


def rewritten(repo: Repo) -> None:
    stage(repo, "b.py", PLANTED)
    repo.write("b.py", "y = 1\n")


def restored(repo: Repo) -> None:
    stage(repo, "a.py", PLANTED)
    repo.write("a.py", "x = 1\n")


def became_a_folder(repo: Repo) -> None:
    stage(repo, "b.py", PLANTED)
    (repo.path / "b.py").unlink()
    repo.write("b.py/c.py", "y = 1\n")


def became_a_link(repo: Repo) -> None:
    stage(repo, "b.py", PLANTED)
    (repo.path / "b.py").unlink()
    (repo.path / "b.py").symlink_to("a.py")


def ignored(repo: Repo) -> None:
    repo.write(".gitignore", "*.env\n")
    stage(repo, "x.env", PLANTED)
    (repo.path / "x.env").unlink()


def renamed(repo: Repo) -> None:
    repo.git("mv", "a.py", "moved.py")
    stage(repo, "moved.py", "x = 1\n" * 20 + PLANTED)
    repo.write("moved.py", "x = 1\n")


def cached_only(repo: Repo) -> None:
    oid = (
        repo.git("hash-object", "-w", "--stdin", stdin=PLANTED.encode())
        .decode()
        .strip()
    )
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{oid},deep/b.py")


@pytest.mark.parametrize(
    "prepare",
    [
        removed,
        rewritten,
        restored,
        became_a_folder,
        became_a_link,
        ignored,
        renamed,
        cached_only,
    ],
)
def test_a_secret_that_is_only_in_the_index_is_found(
    prepare: object, tmp_path: Path
) -> None:
    repo = made(tmp_path / "r")
    assert callable(prepare)
    prepare(repo)
    report = judged(repo)
    assert report.verdict == "fail"
    (finding,) = (item for item in report.findings if item.level == "block")
    assert finding.finding.message.endswith("(staged, and not so in the work tree)")
    assert key() not in str(report)


def test_other_scanners_see_it_too(tmp_path: Path) -> None:
    repo = made(tmp_path / "r")
    repo.git("rm", "-q", "--cached", ".github/workflows/zt-gate.yml")
    stage(repo, "b.md", "x\n")
    report = judged(repo, "tampering", "scope")
    assert {item.finding.location.path for item in report.findings} >= {
        b".github/workflows/zt-gate.yml"
    }


def test_what_is_in_both_is_reported_once(tmp_path: Path) -> None:
    repo = made(tmp_path / "r")
    stage(repo, "b.py", PLANTED)
    repo.write("b.py", PLANTED + "y = 1\n")
    report = judged(repo)
    assert len(report.findings) == 1
    assert "staged" not in report.findings[0].finding.message


def test_ordinary_work_trees_stay_quiet(tmp_path: Path) -> None:
    def is_quiet(name: str) -> None:
        repo = made(tmp_path / name)
        if name == "half staged":
            stage(repo, "a.py", "x = 2\n")
            repo.write("a.py", "x = 3\n")
        if name == "intended":
            repo.write("new.py", "x = 2\n")
            repo.git("add", "-N", "new.py")
        if name == "deleted":
            (repo.path / "a.py").unlink()
        if name == "carriage returns":
            repo.write("a.py", "x = 1\r\n")
        report = judged(repo)
        assert (report.verdict, report.findings) == ("pass", ())

    check_each(("clean", "half staged", "intended", "deleted", "carriage returns"),
               is_quiet)  # fmt: skip

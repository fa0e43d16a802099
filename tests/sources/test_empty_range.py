"""A range that has nothing to judge says so, in every report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.offenders import check_each
from tests.support.opened import environ
from tests.support.repo import Repo
from zt_gate import reports
from zt_gate.review import run

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.report import Report


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r")
    made.write("a.py", "x = 1\n")
    made.commit("first")
    made.git("branch", "old")
    made.git("tag", "old-tag")
    made.git("update-ref", "refs/remotes/origin/main", "HEAD")
    made.write("a.py", "x = 2\n")
    made.commit("second")
    made.git("branch", "same")
    made.write("a.py", "x = 3\n")
    made.commit("third")
    made.write("a.py", "x = 2\n")
    made.commit("back")
    made.git("update-ref", "refs/remotes/origin/next", "HEAD")
    made.git("tag", "new-tag")
    made.git("branch", "new")
    return made


def judged(repo: Repo, spec: str, kind: str = "range", **env: str) -> Report:
    request = run.Request(kind=kind, spec=spec, folder=repo.path, only=("secrets",))
    return run.run(request, environ(repo, **env))


def test_both_ends_are_the_same_commit(repo: Repo) -> None:
    def says_so(spec: str) -> None:
        report = judged(repo, spec)
        assert report.verdict == "pass"
        assert report.nothing == f"both ends are the same commit, {repo.head()[:12]}"

    check_each(("HEAD..HEAD", "HEAD...HEAD", "..", "main..HEAD", "new-tag..",
                f"{repo.head()}..main"), says_so)  # fmt: skip


def test_an_end_that_is_older_than_the_start_says_so(repo: Repo) -> None:
    def says_so(spec: str) -> None:
        report = judged(repo, spec)
        assert report.verdict == "pass"
        assert "already in the history of the start" in report.nothing

    check_each(("HEAD..old", "HEAD...HEAD~1", f"{repo.head()}..HEAD~2", "@..old-tag",
                "origin/next..same", "refs/remotes/origin/next...origin/main",
                "refs/heads/main..old"), says_so)  # fmt: skip


def test_a_start_that_another_ref_can_name_is_an_error(repo: Repo) -> None:
    def is_error(spec: str) -> None:
        report = judged(repo, spec)
        assert report.verdict == "error"
        assert not report.complete
        assert "short name" in report.errors[0]
        assert judged(repo, spec, CI="true").verdict == "error"

    check_each(("new-tag..old", "new..HEAD~1", "new...old-tag",
                "new-tag~0..old"), is_error)  # fmt: skip
    assert judged(repo, "new-tag..HEAD", CI="true").verdict == "error"
    assert judged(repo, "new", "base", CI="true").verdict == "error"
    assert judged(repo, "new", "base").verdict == "pass"


def test_commits_that_change_nothing_in_the_end_are_named(repo: Repo) -> None:
    report = judged(repo, "same..HEAD")
    assert report.verdict == "pass"
    assert report.nothing.startswith("2 commits up to ")


def test_every_report_says_it(repo: Repo) -> None:
    report = judged(repo, "HEAD..HEAD")

    def says_it(name: str) -> None:
        text = reports.render(name, report).decode()
        assert "both ends are the same commit" in text

    check_each([name for name, _ in reports.FORMATS], says_it)
    text = reports.render("terminal", report).decode()
    assert "PASS  nothing to judge: both ends are the same commit" in text


def test_an_ordinary_range_has_something_to_judge(repo: Repo) -> None:
    def is_quiet(spec: str) -> None:
        report = judged(repo, spec, CI="true")
        assert (report.verdict, report.nothing) == ("pass", "")
        for name, _ in reports.FORMATS:
            assert "nothing to judge:" not in reports.render(name, report).decode()

    check_each(("old..same", "old-tag..HEAD", "origin/main..HEAD", "HEAD~1..", "same..HEAD~1"),
               is_quiet)  # fmt: skip

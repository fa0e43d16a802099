"""Unmerged paths are never a pass: git would commit none of their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.offenders import check_each
from tests.support.repo import GIT_ENV, Repo
from zt_gate.model.report import Verdict
from zt_gate.review import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zt_gate.model.report import Report


def verdict_of(repo: Repo, kind: str) -> Report:
    request = run.Request(
        kind=kind,  # type: ignore[arg-type]
        folder=repo.path,
        only=("secrets",),
        offline=True,
    )
    return run.run(request, {**GIT_ENV, "HOME": str(repo.path.parent)})


def put_stages(repo: Repo, path: str, stages: str) -> None:
    """Write one version of ``path`` to the index for each of its stages."""
    oid = repo.git("hash-object", "-w", "--stdin", stdin=b"x = 1\n").strip().decode()
    lines = "".join(f"100644 {oid} {stage}\t{path}\n" for stage in stages)
    null = f"0 {'0' * len(oid)}\t{path}\n"
    repo.git("update-index", "--index-info", stdin=(null + lines).encode())


def in_all_stages(repo: Repo) -> None:
    put_stages(repo, "new.py", "123")


def in_theirs_alone(repo: Repo) -> None:
    put_stages(repo, "new.py", "3")


def in_base_alone(repo: Repo) -> None:
    put_stages(repo, "new.py", "1")


def of_a_recorded_file(repo: Repo) -> None:
    put_stages(repo, "app.py", "23")


def without_a_file(repo: Repo) -> None:
    put_stages(repo, "app.py", "13")
    (repo.path / "app.py").unlink()


def with_markers(repo: Repo) -> None:
    put_stages(repo, "app.py", "123")
    repo.write("app.py", "<<<<<<< ours\nx = 1\n=======\nx = 2\n>>>>>>> theirs\n")


def as_it_is_at_head(repo: Repo) -> None:
    put_stages(repo, "app.py", "123")
    repo.write("app.py", "x = 0\n")


FORMS = (
    in_all_stages,
    in_theirs_alone,
    in_base_alone,
    of_a_recorded_file,
    without_a_file,
    with_markers,
    as_it_is_at_head,
)


@pytest.mark.parametrize("kind", ["staged", "worktree"])
def test_unmerged_paths_are_an_error(tmp_path: Path, kind: str) -> None:
    def error_of(form: Callable[[Repo], None]) -> str:
        repo = Repo.create(tmp_path / form.__name__)
        repo.write("app.py", "x = 0\n")
        repo.commit()
        form(repo)
        report = verdict_of(repo, kind)
        if report.verdict is not Verdict.ERROR:
            return f"the verdict is {report.verdict}"
        return "" if "unmerged path" in " ".join(report.errors) else str(report.errors)

    check_each(FORMS, error_of)


@pytest.mark.parametrize("kind", ["staged", "worktree"])
def test_a_resolved_conflict_passes(tmp_path: Path, kind: str) -> None:
    repo = Repo.create(tmp_path / "a")
    repo.write("app.py", "x = 0\n")
    repo.commit()
    with_markers(repo)
    repo.write("app.py", "x = 2\n")
    repo.git("add", "app.py")
    assert verdict_of(repo, kind).verdict is Verdict.PASS

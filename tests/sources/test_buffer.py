"""A file with the content of an editor's buffer, against HEAD."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.opened import added, by_path, opened, removed
from tests.support.repo import GIT_ENV, Repo
from zt_gate.api import Verdict, scan
from zt_gate.model.change import MODE_EXECUTABLE, MODE_FILE
from zt_gate.sources import SourceInputs, buffer
from zt_gate.sources.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

KEY = "-".join(("sk", "ant", "api03", "Zq7" * 31 + "AA"))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r")
    made.write("a.py", "one\ntwo\nthree\n")
    made.write("run.sh", "echo\n", mode=0o755)
    made.commit()
    return made


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_only_the_lines_that_differ_from_head_are_added(
    repo: Repo, workdir: Path
) -> None:
    repo.write("a.py", "on disk\n")
    change = buffer.read(
        "a.py", b"one\n2\nthree\nfour", opened(repo), workdir, repo.path
    )
    file = by_path(change)[b"a.py"]
    assert (change.kind, change.base) == ("buffer", repo.head())
    assert (file.status, added(file), removed(file)) == ("M", [b"2", b"four"], [b"two"])
    assert file.new
    assert file.new.read(100) == b"one\n2\nthree\nfour"
    assert file.old
    assert file.old.read(100) == b"one\ntwo\nthree\n"


def test_new_unchanged_and_executable_files(repo: Repo, tmp_path: Path) -> None:
    git = opened(repo)
    for number, (name, content, expected) in enumerate(
        (
            ("new/b.py", b"x\n", [("A", MODE_FILE)]),
            ("a.py", b"one\ntwo\nthree\n", []),
            ("run.sh", b"echo 1\n", [("M", MODE_EXECUTABLE)]),
            ("a.py", b"", [("M", MODE_FILE)]),
            ("a.py", b"one\r\ntwo\r\nthree\r\n", []),  # the editor's line endings
            ("a.py", b"one\r\ntwo\nthree\n", [("M", MODE_FILE)]),
        )
    ):
        workdir = tmp_path / str(number)
        workdir.mkdir()
        change = buffer.read(name, content, git, workdir, repo.path)
        got = [(file.status, file.new_mode) for file in change.files]
        assert got == expected, name


def test_before_the_first_commit_and_outside_a_repository(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    for number, git in enumerate((opened(repo), None)):
        workdir = tmp_path / str(number)
        workdir.mkdir()
        change = buffer.read("a.py", b"x\ny\n", git, workdir, repo.path)
        assert added(by_path(change)[b"a.py"]) == [b"x", b"y"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../b.py", "outside"),
        ("/etc/passwd", "outside"),
        ("link/b.py", "outside"),
        ("", "outside"),
        (".git/config", "git itself"),
        ("sub/.GIT/hooks/x", "git itself"),
        ("a\0b", "NUL"),
    ],
)
def test_a_path_that_no_commit_of_the_repository_has(
    repo: Repo, workdir: Path, name: str, said: str
) -> None:
    os.symlink(workdir, repo.path / "link")
    for git in (opened(repo), None):
        with pytest.raises(SourceError, match=said):
            buffer.read(name, b"x\n", git, workdir, repo.path)


def test_a_folder_is_where_the_name_starts(repo: Repo, workdir: Path) -> None:
    (repo.path / "sub").mkdir()
    change = buffer.read("b.py", b"x\n", opened(repo), workdir, repo.path / "sub")
    assert [file.path for file in change.files] == [b"sub/b.py"]


def test_a_path_with_git_s_special_characters(repo: Repo, workdir: Path) -> None:
    repo.write("*.py", "star\n")
    repo.write("[a].py", "set\n")
    repo.commit()
    change = buffer.read("*.py", b"x\n", opened(repo), workdir, repo.path)
    assert [file.path for file in change.files] == [b"*.py"]


def test_a_huge_buffer(repo: Repo, workdir: Path) -> None:
    stream = io.BytesIO(b"x" * (buffer.LIMIT + 1))
    inputs = SourceInputs(workdir, repo.path, spec="a.py", patch=stream)
    with pytest.raises(SourceError, match="32 MB"):
        buffer.read_change(opened(repo), inputs)


def test_nothing_is_written_into_the_repository(repo: Repo, workdir: Path) -> None:
    def files() -> list[tuple[str, int]]:
        return sorted(
            (str(path), path.stat().st_mtime_ns) for path in repo.path.rglob("*")
        )

    before = files()
    buffer.read("a.py", b"x\n", opened(repo), workdir, repo.path)
    assert files() == before


def test_the_policy_of_head_judges_it(repo: Repo) -> None:
    """The buffer of a policy does not judge itself, and an ignore on the line counts not."""
    repo.write(".zt-gate.toml", '[scope]\nallowed = ["src/"]\n')
    repo.commit()
    environ = {**GIT_ENV, "HOME": str(repo.path.parent)}

    def rules(name: str, content: str) -> set[str]:
        report = scan(
            repo.path,
            buffer=(name, content.encode()),
            skip=["code"],
            offline=True,
            environ=environ,
        )
        return {item.finding.rule for item in report.findings if item.state == "active"}

    assert "scope/outside-allowed" in rules("b.py", "x = 1\n")
    assert rules("src/b.py", "x = 1\n") == set()
    assert "gate/policy-changed" in rules(".zt-gate.toml", "")
    key = f'key = "{KEY}"  # zt-gate: ignore[secrets/anthropic-api-key] reason="mine"\n'
    assert "secrets/anthropic-api-key" in rules("src/b.py", key)


def test_the_audit_log_has_no_drafts(repo: Repo) -> None:
    """An editor checks after each pause, and would fill the log."""
    repo.write(".zt-gate.toml", '[audit]\nlog = "runs.jsonl"\n')
    repo.commit()
    environ = {**GIT_ENV, "HOME": str(repo.path.parent)}
    log = repo.path / ".git" / "zt-gate" / "runs.jsonl"

    def judge(**source: Any) -> None:
        scan(repo.path, **source, scanners=["secrets"], environ=environ)

    judge(buffer=("a.py", b"x = 1\n"))
    judge(text="a text")
    assert not log.exists()
    judge(worktree=True)
    assert log.read_bytes().count(b"\n") == 1


def test_a_buffer_that_does_not_parse_still_shows_the_rest(repo: Repo) -> None:
    environ = {**GIT_ENV, "HOME": str(repo.path.parent)}
    report = scan(
        repo.path,
        buffer=("b.py", f"def f(:\n  key = '{KEY}'\n".encode()),
        offline=True,
        environ=environ,
    )
    rules = {item.finding.rule for item in report.findings}
    assert report.verdict is Verdict.FAIL
    assert "secrets/anthropic-api-key" in rules

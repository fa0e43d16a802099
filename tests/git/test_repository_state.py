"""Special files in place of git's own files, and damaged indexes: an error, and soon."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.offenders import check_each
from tests.support.opened import environ, opened
from tests.support.repo import Repo
from zt_gate.git.errors import GitError
from zt_gate.git.index_file import check_index
from zt_gate.git.run import Git
from zt_gate.review import run
from zt_gate.system.regular_file import NotRegularError, read_regular

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r")
    made.write("a.py", "x = 1\n")
    made.commit()
    made.write("b.py", "y = 1\n")
    made.git("add", "b.py")
    return made


KINDS: dict[str, Callable[[str], object]] = {
    "named pipe": os.mkfifo,
    "socket": lambda path: os.mknod(path, stat.S_IFSOCK | 0o600),
    "folder": os.mkdir,
    "device": lambda path: os.symlink("/dev/zero", path),
    "link to a pipe": lambda path: (
        os.mkfifo(f"{path}-pipe"),
        os.symlink(f"{path}-pipe", path),
    ),
}
FILES = (
    "index", "config", "HEAD", "config.worktree", "packed-refs", "shallow", "commondir",
    "info/attributes", "info/exclude", "info/grafts", "objects/info/alternates",
    "objects/pack/multi-pack-index", "FETCH_HEAD",
)  # fmt: skip


def test_a_special_file_in_place_of_git_s_own_is_an_error_at_once(repo: Repo) -> None:
    def fails(case: tuple[str, str]) -> None:
        name, kind = case
        path = str(repo.path / ".git" / name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        kept = f"{path}.kept"
        if os.path.lexists(path):
            os.rename(path, kept)
        KINDS[kind](path)
        try:
            with pytest.raises(GitError) as caught:
                Git.open(repo.path, environ(repo))
        finally:
            if kind == "folder":
                os.rmdir(path)
            else:
                os.unlink(path)
            if kind == "link to a pipe":
                os.unlink(f"{path}-pipe")
            if os.path.lexists(kept):
                os.rename(kept, path)
        assert name in str(caught.value)
        assert kind.removeprefix("link to a ") in str(caught.value)
        assert caught.value.exit_code == 3

    check_each(((name, kind) for name in FILES for kind in KINDS), fails)
    assert opened(repo).head == repo.head()


def test_special_files_elsewhere_that_git_opens(repo: Repo) -> None:
    def fails(name: str) -> None:
        path = str(repo.path / name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.mkfifo(path)
        with pytest.raises(GitError, match="named pipe"):
            opened(repo)
        os.unlink(path)

    check_each((".git/refs/heads/other", ".git/refs/tags/a/b", ".git/refs/remotes/origin/main",
                ".git/objects/pack/pack-x.idx", ".git/sharedindex.0123",
                ".git/objects/0a/0123456789"), fails)  # fmt: skip


@pytest.mark.parametrize("spelling", ["path = pipe", "\tPATH=pipe", '  path = "pipe"'])
def test_an_included_pipe(spelling: str, repo: Repo) -> None:
    os.mkfifo(repo.path / ".git" / "pipe")
    with open(repo.path / ".git" / "config", "a", encoding="utf-8") as file:
        file.write(f"[include]\n{spelling}\n")
    with pytest.raises(GitError, match="named pipe"):
        opened(repo)


def test_alternates_work_trees_and_other_indexes(repo: Repo, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "info").mkdir(parents=True)
    os.mkfifo(other / "info" / "alternates")
    alternates = repo.path / ".git" / "objects" / "info" / "alternates"
    alternates.write_text(f"{other}\n")
    with pytest.raises(GitError, match="named pipe"):
        opened(repo)
    alternates.unlink()
    os.mkfifo(tmp_path / "index")
    with pytest.raises(GitError, match="named pipe"):
        opened(repo, GIT_INDEX_FILE=str(tmp_path / "index"))
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = Repo(tmp_path / "linked")
    assert opened(linked).head == repo.head()
    (repo.path / ".git/worktrees/linked/index").unlink()
    os.mkfifo(repo.path / ".git/worktrees/linked/index")
    with pytest.raises(GitError, match="named pipe"):
        opened(linked)
    (linked.path / ".git").unlink()
    os.mkfifo(linked.path / ".git")
    with pytest.raises(GitError, match="named pipe"):
        opened(linked)


def test_git_that_waits_for_a_pipe_is_ended(repo: Repo) -> None:
    """A file that was an ordinary one when git was looked at: git opens it, and waits."""
    git = opened(repo)
    oid = repo.git("rev-parse", "HEAD:a.py").decode().strip()
    path = repo.path / ".git" / "objects" / oid[:2] / oid[2:]
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(GitError, match="did nothing for"):
        git.run(["cat-file", "blob", oid])


def scan(repo: Repo, kind: str) -> run.Request:
    return run.Request(kind=kind, folder=repo.path, only=("secrets",))


def damages(data: bytes) -> dict[str, bytes]:
    size = len(data)
    return {
        "empty": b"",
        "header only": data[:12],
        "half": data[: size // 2],
        "one byte short": data[:-1],
        "without checksum": data[:-20],
        "a byte more": data + b"\0",
        "a changed byte": data[:40] + bytes((data[40] ^ 1,)) + data[41:],
        "a changed name": data.replace(b"b.py", b"c.py"),
        "fewer entries": data[:8] + b"\0\0\0\1" + data[12:],
        "another version": data[:4] + b"\0\0\0\x09" + data[8:],
        "text": b"nothing to see\n" * 20,
        "cut off, no checksum": data[: size // 2] + bytes(20),
        "more entries, no checksum": data[:8]
        + b"\0\0\0\x09"
        + data[12:-20]
        + bytes(20),
    }


@pytest.mark.parametrize("kind", ["staged", "worktree", "tree"])
def test_a_damaged_index_is_an_error(kind: str, repo: Repo) -> None:
    index = repo.path / ".git" / "index"
    data = index.read_bytes()

    def fails(case: tuple[str, bytes]) -> None:
        index.write_bytes(case[1])
        with pytest.raises(GitError, match="index"):
            run.run(scan(repo, kind), environ(repo))

    check_each(damages(data).items(), fails)
    # Honest: the index as git writes it, with and without a checksum.
    for whole in (data, data[:-20] + bytes(20)):
        index.write_bytes(whole)
        assert run.run(scan(repo, kind), environ(repo)).verdict == "pass"


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_every_version_of_the_index(
    version: str, object_format: str, tmp_path: Path
) -> None:
    repo = Repo.create(tmp_path / "r", f"--object-format={object_format}")
    for number in range(20):
        repo.write(f"{'d' * number}/a{number}.py", "x\n")
    repo.write("x" * 200 + ".py", "")
    repo.commit()
    repo.write("intended.py", "")
    repo.git("add", "-N", "intended.py")
    repo.git("update-index", "--index-version", version)
    data = (repo.path / ".git" / "index").read_bytes()
    size = hashlib.new(object_format).digest_size
    check_index(data, object_format)
    without = data[:-size] + bytes(size)
    check_index(without, object_format)
    for length in range(12, len(data) - size - 1, 37):
        with pytest.raises(GitError):
            check_index(data[:length] + bytes(size), object_format)


@given(st.binary(max_size=300), st.integers(2, 4), st.booleans())
def test_no_bytes_break_the_reader(data: bytes, version: int, zeros: bool) -> None:
    index = b"DIRC" + version.to_bytes(4, "big") + data + bytes(20 if zeros else 0)
    try:
        check_index(index, "sha1")
    except GitError as error:
        assert "index is damaged" in str(error)  # noqa: PT017


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("a")
    assert read_regular(str(tmp_path / "link"), 2) == b"ab"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotRegularError):
        read_regular(str(tmp_path / "pipe"))
    with pytest.raises(FileNotFoundError):
        read_regular(str(tmp_path / "none"))

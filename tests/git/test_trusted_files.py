from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.opened import opened
from tests.support.repo import Repo
from zt_gate.git.blobs import BlobStore
from zt_gate.git.errors import GitError
from zt_gate.git.trusted_files import list_paths, read_file, resolve_link

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["sha1", "sha256"])
def repo(request: pytest.FixtureRequest, tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r", f"--object-format={request.param}")
    made.write(".zt-gate.toml", "profile = 'strict'\n")
    made.write("deep/er/a\nb.txt", b"\xff")
    os.symlink(".zt-gate.toml", made.path / "link.toml")
    os.symlink("deep", made.path / "way")
    made.commit()
    return made


def test_reads_files_as_they_were_committed(repo: Repo) -> None:
    git = opened(repo)
    repo.write(".zt-gate.toml", "profile = 'advisory'\n")
    repo.git("add", "-A")
    store = BlobStore(git)
    assert read_file(git, git.head, b".zt-gate.toml", store) == b"profile = 'strict'\n"
    assert read_file(git, git.head, b"deep/er/a\nb.txt", store) == b"\xff"


@pytest.mark.parametrize(
    "path", [b"none", b"deep/none", b".zt-gate.toml/x", b"", b":(top)a", b"../r"]
)
def test_absent_is_none(repo: Repo, path: bytes) -> None:
    git = opened(repo)
    assert read_file(git, git.head, path) is None


def test_no_file_exists_before_the_first_commit(repo: Repo) -> None:
    git = opened(repo)
    assert read_file(git, "", b".zt-gate.toml") is None
    assert read_file(git, git.empty_tree, b".zt-gate.toml") is None


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (b"link.toml", "symbolic link"),
        (b"deep", "folder"),
        (b"way/er", "symbolic link"),
    ],
)
def test_not_a_file_is_an_error(repo: Repo, path: bytes, why: str) -> None:
    git = opened(repo)
    with pytest.raises(GitError, match=why):
        read_file(git, git.head, path)


def test_submodule_at_the_path_is_an_error(repo: Repo) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.head()},sub")
    repo.git("commit", "-qm", "sub")
    git = opened(repo)
    with pytest.raises(GitError, match="submodule"):
        read_file(git, git.head, b"sub")


def test_a_missing_object_is_an_error_not_an_absence(repo: Repo) -> None:
    git = opened(repo)
    oid = repo.git("rev-parse", "HEAD:.zt-gate.toml").decode().strip()
    (repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    with pytest.raises(GitError, match="not in the repository"):
        read_file(git, git.head, b".zt-gate.toml")


def test_too_large(repo: Repo) -> None:
    git = opened(repo)
    with pytest.raises(GitError, match="the limit is 3"):
        read_file(git, git.head, b".zt-gate.toml", limit=3)


def test_all_paths_of_a_commit(repo: Repo) -> None:
    git = opened(repo)
    repo.write("later.txt", "not committed")
    assert list_paths(git, git.head) == (
        b".zt-gate.toml", b"deep/er/a\nb.txt", b"link.toml", b"way",
    )  # fmt: skip
    assert list_paths(git, "") == list_paths(git, git.empty_tree) == ()


@pytest.mark.parametrize(
    ("link", "target", "path", "shown"),
    [
        ("other", "deep/er", b"other/a\nb.txt", b"deep/er/a\nb.txt"),
        ("deep/up", "../.zt-gate.toml", b"deep/up", b".zt-gate.toml"),
        ("second", "link.toml", b"second", b".zt-gate.toml"),
        ("dots", "./deep/../way/er/", b"dots/a\nb.txt", b"deep/er/a\nb.txt"),
        ("unused", "deep", b".zt-gate.toml", b".zt-gate.toml"),
        ("unused", "deep", b"none/at/all", b"none/at/all"),
    ],
)
def test_a_link_shows_a_file_of_the_same_commit(
    repo: Repo, link: str, target: str, path: bytes, shown: bytes
) -> None:
    os.symlink(target, repo.path / link)
    repo.commit()
    git = opened(repo)
    assert resolve_link(git, git.head, path, BlobStore(git), {}) == shown


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("/etc/hosts", "outside"),
        ("../../x", "outside"),
        ("nothing", "does not exist"),
        ("deep/../../x", "outside"),
        ("turn", "circle"),
    ],
)
def test_a_link_to_anything_else_is_an_error(repo: Repo, target: str, why: str) -> None:
    os.symlink(target, repo.path / "turn")
    repo.commit()
    git = opened(repo)
    with pytest.raises(GitError, match=why):
        resolve_link(git, git.head, b"turn", BlobStore(git), {})


def test_nothing_is_linked_before_the_first_commit(repo: Repo) -> None:
    git = opened(repo)
    for commit in ("", git.empty_tree):
        assert (
            resolve_link(git, commit, b"link.toml", BlobStore(git), {}) == b"link.toml"
        )

"""What a push publishes, in real repositories."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.repo import Repo
from zt_gate.git.errors import GitError
from zt_gate.git.push_refs import default_branch, parse, published_base
from zt_gate.git.run import Git

if TYPE_CHECKING:
    from pathlib import Path

ONE, NULL = "1" * 40, "0" * 40


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("a.txt", "one\n")
    made.commit("first")
    return made


def opened(repo: Repo) -> Git:
    return Git.open(repo.path, os.environ)


def tracked(repo: Repo, name: str, oid: str) -> None:
    repo.git("update-ref", f"refs/remotes/{name}", oid)


def test_lines_of_git_are_read() -> None:
    (ref, gone) = parse(
        f"HEAD^{{/a bug}} {ONE} refs/heads/x {NULL}\n(delete) {NULL} refs/heads/y {ONE}\n".encode()
    )
    assert (ref.local, ref.oid, ref.remote, ref.is_deletion) == (
        b"HEAD^{/a bug}", ONE, b"refs/heads/x", False,
    )  # fmt: skip
    assert gone.is_deletion
    assert parse(b"") == ()


@given(st.binary(max_size=200))
def test_anything_else_is_an_error_and_nothing_worse(data: bytes) -> None:
    try:
        refs = parse(data)
    except GitError:
        refs = ()
    assert len(refs) in {0, sum(bool(line) for line in data.split(b"\n"))}


def test_a_new_branch_starts_where_the_remote_ends(repo: Repo) -> None:
    first = repo.head()
    tracked(repo, "origin/main", first)
    repo.write("b.txt", "two\n")
    tip = repo.commit("second")
    git = opened(repo)
    assert published_base(git, tip, [], "origin") == first
    assert published_base(git, tip, [], "elsewhere") == git.empty_tree
    assert published_base(git, tip, [], "https://example.org/x.git") == git.empty_tree
    assert published_base(git, tip, [first, NULL, ONE], "elsewhere") == first
    assert published_base(git, first, [], "origin") == first
    assert published_base(git, tip, [], "o*") == git.empty_tree


def test_what_a_merge_brings_from_the_remote_is_not_new(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "topic")
    repo.write("t.txt", "t\n")
    repo.commit("topic")
    repo.git("checkout", "-q", "main")
    repo.write("m.txt", "m\n")
    main = repo.commit("main moves on")
    tracked(repo, "origin/main", main)
    repo.git("checkout", "-q", "topic")
    repo.git("merge", "-q", "--no-edit", "main")
    assert published_base(opened(repo), repo.head(), [], "origin") == main


def test_histories_without_anything_in_common(repo: Repo) -> None:
    tracked(repo, "origin/main", repo.head())
    repo.git("checkout", "-q", "--orphan", "other")
    repo.write("o.txt", "o\n")
    tip = repo.commit("other")
    git = opened(repo)
    assert published_base(git, tip, [], "origin") == git.empty_tree


def test_the_default_branch_of_a_remote(repo: Repo) -> None:
    git = opened(repo)
    assert default_branch(git, "origin") == ""
    tracked(repo, "origin/main", repo.head())
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    assert default_branch(git, "origin") == repo.head()
    assert default_branch(git, "--output=x") == ""

"""What a revision means: one commit, whatever else is named like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.offenders import check_each, each_of
from tests.support.opened import opened
from tests.support.repo import Repo
from zt_gate.git.errors import (
    AmbiguousRevisionError,
    GitError,
    UnknownRevisionError,
)
from zt_gate.git.revisions import _split, find, resolve

if TYPE_CHECKING:
    from pathlib import Path


class Clone:
    """A clone with ``main`` and ``topic``; ``evil`` is the commit that redirects."""

    def __init__(self, folder: Path) -> None:
        server = Repo.create(folder / "server")
        server.write("a.py", "one\n")
        server.commit("first")
        server.write("a.py", "two\n")
        self.main = server.commit("second")
        self.repo = Repo.create(folder / "clone")
        self.repo.git("remote", "add", "origin", str(server.path))
        self.repo.git("fetch", "-q", "origin")
        self.repo.git("checkout", "-q", "-b", "topic", "refs/remotes/origin/main")
        self.repo.write("b.py", "three\n")
        self.evil = self.repo.commit("Find this text")

    def ref(self, name: str, oid: str = "") -> None:
        self.repo.git("update-ref", name, oid or self.evil)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


REDIRECTIONS = (
    "refs/tags/origin/main",
    "refs/heads/origin/main",
    "refs/origin/main",
    "refs/tags/remotes/origin/main",
    "refs/tags/refs/remotes/origin/main",
    "refs/heads/refs/remotes/origin/main",
    "refs/remotes/refs/remotes/origin/main",
    "refs/remotes/origin/main-1-gabcdef0",
)


@pytest.mark.parametrize(
    "name", ["origin/main", "refs/remotes/origin/main", "remotes/origin/main"]
)
def test_a_remote_tracking_branch_cannot_be_redirected(name: str, clone: Clone) -> None:
    for ref in REDIRECTIONS:
        clone.ref(ref)
    found = find(opened(clone.repo), name)
    assert (found.oid, found.ref, found.is_exact) == (
        clone.main, "refs/remotes/origin/main", True,
    )  # fmt: skip
    parent = clone.repo.git("rev-parse", f"{clone.main}^").decode().strip()
    for suffix in ("~1", "^", "^1", "~1^{commit}", "^^{}"):
        assert resolve(opened(clone.repo), name + suffix) == parent


@each_of(
    ("name", "ref"),
    [
        ("origin/main", "refs/tags/origin/main"),
        ("origin/main", "refs/heads/origin/main"),
        ("origin/main", "refs/origin/main"),
        ("upstream/main", "refs/tags/upstream/main"),
        ("refs/remotes/origin/main", "refs/tags/refs/remotes/origin/main"),
        ("refs/heads/main", "refs/tags/refs/heads/main"),
        ("heads/main", "refs/tags/heads/main"),
        ("tags/v1", "refs/heads/tags/v1"),
        ("remotes/origin/main", "refs/tags/remotes/origin/main"),
        ("main", "refs/tags/main"),
        ("master", "refs/remotes/master/HEAD"),
    ],
)
def test_another_ref_does_not_stand_in_for_a_missing_one(
    name: str, ref: str, tmp_path: Path
) -> None:
    number = len(list(tmp_path.iterdir()))
    clone = Clone(tmp_path / str(number))
    clone.repo.git("update-ref", "-d", "refs/remotes/origin/main")
    clone.ref(ref)
    with pytest.raises(UnknownRevisionError) as caught:
        find(opened(clone.repo), name)
    assert ref in str(caught.value)


@each_of(
    ("name", "refs"),
    [
        ("main", ("refs/heads/main", "refs/tags/main")),
        ("main", ("refs/tags/main", "refs/remotes/origin/main")),
        ("v1", ("refs/heads/v1", "refs/tags/v1")),
        ("v1", ("refs/v1", "refs/tags/v1")),
        ("cafe", ("refs/heads/cafe", "refs/tags/cafe")),
        ("origin", ("refs/tags/origin", "refs/remotes/origin/HEAD")),
        ("release/1", ("refs/heads/release/1", "refs/tags/release/1")),
    ],
)
def test_a_name_of_two_refs_is_an_error_that_names_both(
    name: str, refs: tuple[str, str], tmp_path: Path
) -> None:
    number = len(list(tmp_path.iterdir()))
    clone = Clone(tmp_path / str(number))
    clone.ref(refs[0], clone.main if refs[0].startswith("refs/heads") else clone.evil)
    clone.ref(refs[1], clone.main if refs[0].endswith(("origin", "refs/v1")) else "")
    if refs[1].startswith("refs/remotes"):
        clone.ref(refs[1], clone.main)
    with pytest.raises(AmbiguousRevisionError, match="full name") as caught:
        find(opened(clone.repo), name)
    for ref in refs:
        assert ref in str(caught.value)
    # The full names still work.
    for ref in refs:
        assert find(opened(clone.repo), ref).ref == ref


def test_a_name_that_looks_like_an_abbreviated_id_is_an_error(clone: Clone) -> None:
    short = clone.main[:10]
    assert resolve(opened(clone.repo), short) == clone.main

    def refused(ref: str) -> None:
        clone.ref(ref)
        name = ref.rpartition("/")[2]
        with pytest.raises(AmbiguousRevisionError, match="abbreviated commit id"):
            find(opened(clone.repo), name)
        clone.repo.git("update-ref", "-d", ref)

    check_each(
        (f"refs/tags/{short}", f"refs/heads/{short}", f"refs/{short}",
         f"refs/tags/{clone.main[:4]}", "refs/tags/deadbeef", "refs/heads/20260101"),
        refused,
    )  # fmt: skip


def test_a_full_id_is_an_id_whatever_is_named_so(clone: Clone) -> None:
    for ref in ("refs/tags/", "refs/heads/", "refs/", "refs/remotes/"):
        clone.ref(ref + clone.main)
    found = find(opened(clone.repo), clone.main)
    assert (found.oid, found.ref) == (clone.main, "")
    for suffix in ("@{0}", "@{1}"):
        with pytest.raises(UnknownRevisionError):
            find(opened(clone.repo), clone.main + suffix)


def test_head_is_head_whatever_is_named_so(clone: Clone) -> None:
    clone.repo.git("checkout", "-q", "--detach", clone.main)
    for ref in ("refs/tags/HEAD", "refs/heads/HEAD", "refs/HEAD", "refs/tags/@"):
        clone.ref(ref)
    for name in ("HEAD", "@", "HEAD^{commit}", "HEAD~0"):
        assert resolve(opened(clone.repo), name) == clone.main


@each_of(
    "name",
    [
        ":/Find this text", "HEAD^{/Find}", "topic^{/text}", ":/Find", ":!/nothing",
        f"v1-1-g{'0' * 7}", "@{-1}", "@{yesterday}", "topic@{1.week.ago}", "topic@{push}",
        "HEAD:b.py", ":b.py", ":0:b.py", "topic^{tree}", "topic^!", "topic^@", "topic^-",
        "^topic", "topic..main", "topic...main", "-v", "--all", "refs/heads/*", "@{u}@{1}",
    ],
)  # fmt: skip
def test_what_searches_or_guesses_is_not_accepted(name: str, tmp_path: Path) -> None:
    number = len(list(tmp_path.iterdir()))
    clone = Clone(tmp_path / str(number))
    with pytest.raises(UnknownRevisionError, match="does not exist"):
        find(opened(clone.repo), name)


def test_a_described_commit_is_not_searched_for(clone: Clone) -> None:
    clone.repo.git("tag", "v1", clone.main)
    name = f"v1-1-g{clone.evil[:7]}"
    assert clone.repo.git("rev-parse", name).decode().strip() == clone.evil
    with pytest.raises(UnknownRevisionError, match="does not exist"):
        find(opened(clone.repo), name)


def test_in_ci_a_branch_that_was_checked_out_is_not_the_target(clone: Clone) -> None:
    clone.repo.git("branch", "main", clone.evil)
    assert resolve(opened(clone.repo), "main") == clone.evil
    with pytest.raises(AmbiguousRevisionError, match="refs/remotes/origin/main"):
        find(opened(clone.repo, CI="true"), "main")


def test_ordinary_names(clone: Clone) -> None:
    repo = clone.repo
    repo.git("tag", "-a", "v1.0", "-m", "tag", clone.main)
    repo.git("branch", "release/1.0", clone.main)
    repo.git("branch", "face", clone.main)
    repo.git("branch", "--set-upstream-to=origin/main", "topic")
    repo.git("fetch", "-q", "origin", "main")
    repo.git("remote", "set-head", "origin", "main")

    def means_main(name: str) -> None:
        assert resolve(opened(repo), name) == clone.main

    check_each(
        ("v1.0", "v1.0^{}", "v1.0^0", "tags/v1.0", "release/1.0", "face", "@{u}",
         "topic@{upstream}", "@{UPSTREAM}", "topic~1", "HEAD~", "HEAD^", "@~1", "origin",
         "origin/HEAD", "FETCH_HEAD", clone.main[:7], clone.main.upper()[:9], "HEAD@{1}",
         "topic@{1}"),
        means_main,
    )  # fmt: skip


def test_git_s_own_heads_cannot_be_redirected(clone: Clone) -> None:
    clone.repo.git("fetch", "-q", "origin", "main")
    clone.ref("refs/tags/FETCH_HEAD")
    with pytest.raises(AmbiguousRevisionError, match="FETCH_HEAD"):
        find(opened(clone.repo), "FETCH_HEAD")
    with pytest.raises(UnknownRevisionError):
        find(opened(clone.repo), "MERGE_HEAD")
    clone.ref("refs/tags/MERGE_HEAD")
    with pytest.raises(GitError, match="refs/tags/MERGE_HEAD"):
        find(opened(clone.repo), "MERGE_HEAD")


@given(st.text(max_size=30))
def test_a_revision_is_a_name_and_what_follows_it(text: str) -> None:
    try:
        name, reflog, suffix = _split(text)
    except UnknownRevisionError as error:
        assert "\n" not in str(error)  # noqa: PT017
        return
    assert text in {name + reflog + suffix, reflog + suffix}
    assert name
    assert not set(name.partition("@{")[0]) & set(" ~^:?*[\\\n\0")

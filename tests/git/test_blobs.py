from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.opened import opened
from tests.support.repo import Repo
from zt_gate.git.blobs import BlobStore
from zt_gate.model.change import ContentUnavailableError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.create(tmp_path / "r")


def put(repo: Repo, content: bytes) -> str:
    return repo.git("hash-object", "-w", "--stdin", stdin=content).decode().strip()


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"a\0b\n", b"x" * 300_000, bytes(range(256))]
)
def test_reads_any_content_again_and_again(repo: Repo, content: bytes) -> None:
    store = BlobStore(opened(repo))
    blob = store.blob(put(repo, content))
    assert blob.read() == content
    assert blob.read(len(content)) == content


def test_missing_oversized_and_wrong_kind(repo: Repo) -> None:
    store = BlobStore(opened(repo))
    oid = put(repo, b"12345")
    tree = repo.git("hash-object", "-t", "tree", "-w", "/dev/null").decode().strip()
    for wrong, why in (
        ("1" * 40, "not in the repository"),
        (tree, "is a tree"),
        ("--x", "not an object id"),
    ):
        with pytest.raises(ContentUnavailableError, match=why):
            store.read(wrong, 100)
    with pytest.raises(ContentUnavailableError, match="the limit is 4"):
        store.read(oid, 4)
    assert store.read(oid, 5) == b"12345"


def test_huge_object_is_not_held_and_the_store_goes_on(repo: Repo) -> None:
    store = BlobStore(opened(repo))
    huge, small = put(repo, b"\0" * (40 << 20)), put(repo, b"s")
    with pytest.raises(ContentUnavailableError):
        store.read(huge, 10)
    assert store.read(small, 10) == b"s"


def test_forked_child_starts_its_own(repo: Repo) -> None:
    store = BlobStore(opened(repo))
    one, two = put(repo, b"one" * 1000), put(repo, b"two" * 1000)
    assert store.read(one, 10_000) == b"one" * 1000
    children = []
    for oid, wanted in ((one, b"one"), (two, b"two")) * 2:
        pid = os.fork()
        if not pid:
            right = all(store.read(oid, 10_000) == wanted * 1000 for _ in range(50))
            store.close()
            os._exit(0 if right else 1)
        children.append(pid)
    assert all(store.read(two, 10_000) == b"two" * 1000 for _ in range(50))
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4


def test_a_killed_git_is_an_error_and_then_replaced(repo: Repo) -> None:
    store = BlobStore(opened(repo))
    oid = put(repo, b"x")
    store.read(oid, 10)
    assert store._session is not None
    os.kill(store._session._child.pid, signal.SIGKILL)
    store._session._child.wait()
    with pytest.raises(ContentUnavailableError, match="ended unexpectedly"):
        store.read(oid, 10)
    assert store.read(oid, 10) == b"x"

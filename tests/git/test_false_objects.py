"""An object whose content is not the one of its id is an error, wherever it lies."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

from tests.support.offenders import check_each
from tests.support.repo import GIT_ENV, Repo
from zt_gate.git.blobs import BlobStore, FalseObjectError
from zt_gate.git.errors import GitError
from zt_gate.git.run import Git
from zt_gate.model.change import ContentUnavailableError
from zt_gate.sources import commit_range, staged, worktree

if TYPE_CHECKING:
    from pathlib import Path

REAL = b"password = input()\n"
FALSE = b"x = 1\n"


def opened(repo: Repo) -> Git:
    return Git.open(repo.path, {**GIT_ENV, "HOME": str(repo.path.parent)})


def replace_object(objects: Path, oid: str, content: bytes, kind: str = "blob") -> None:
    """Write a loose object with another content than ``oid`` stands for."""
    target = objects / oid[:2] / oid[2:]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    header = f"{kind} {len(content)}\0".encode()
    target.write_bytes(zlib.compress(header + content))


def prepared(path: Path, *options: str) -> tuple[Repo, str]:
    repo = Repo.create(path, *options)
    repo.write("app.py", "x = 0\n")
    repo.commit()
    repo.write("app.py", REAL)
    repo.git("add", "app.py")
    return repo, repo.git("rev-parse", ":app.py").strip().decode()


def in_loose_object(path: Path) -> Repo:
    repo, oid = prepared(path)
    replace_object(repo.path / ".git/objects", oid, FALSE)
    return repo


def in_alternate(path: Path) -> Repo:
    repo, oid = prepared(path)
    objects = repo.path / ".git/objects"
    (objects / oid[:2] / oid[2:]).unlink()
    replace_object(path / "other", oid, FALSE)
    (objects / "info").mkdir(exist_ok=True)
    (objects / "info/alternates").write_text(f"{path / 'other'}\n")
    return repo


def in_old_object(path: Path) -> Repo:
    """The old content looks as if the new line stood there before."""
    repo, _ = prepared(path)
    old = repo.git("rev-parse", "HEAD:app.py").strip().decode()
    replace_object(repo.path / ".git/objects", old, REAL + b"y = 1\n")
    return repo


def in_sha256(path: Path) -> Repo:
    repo, oid = prepared(path, "--object-format=sha256")
    replace_object(repo.path / ".git/objects", oid, FALSE)
    return repo


def in_one_of_many(path: Path) -> Repo:
    repo, oid = prepared(path)
    for number in range(40):
        repo.write(f"f{number}.py", f"y = {number}\n")
    repo.git("add", ".")
    replace_object(repo.path / ".git/objects", oid, FALSE)
    return repo


def of_the_same_size(path: Path) -> Repo:
    repo, oid = prepared(path)
    replace_object(repo.path / ".git/objects", oid, b"#" * len(REAL))
    return repo


FORMS = (
    in_loose_object,
    in_alternate,
    in_old_object,
    in_sha256,
    in_one_of_many,
    of_the_same_size,
)


def test_a_false_object_is_an_error(tmp_path: Path) -> None:
    def wrong(number: int) -> str:
        git = opened(FORMS[number](tmp_path / str(number)))
        try:
            staged.read(git)
        except FalseObjectError:
            return ""
        return "it was believed"

    check_each(range(len(FORMS)), wrong, name=lambda number: FORMS[number].__name__)


def test_a_false_object_of_a_commit_is_an_error(tmp_path: Path) -> None:
    repo, oid = prepared(tmp_path / "a")
    repo.git("commit", "-qm", "b")
    replace_object(repo.path / ".git/objects", oid, FALSE)
    with pytest.raises(FalseObjectError):
        commit_range.read(opened(repo), "HEAD~1..HEAD")


def test_a_false_object_of_the_work_tree_is_an_error(tmp_path: Path) -> None:
    repo = in_old_object(tmp_path / "a")
    (tmp_path / "work").mkdir()
    with pytest.raises(FalseObjectError):
        worktree.read(opened(repo), tmp_path / "work")


def test_reading_a_false_object_fails(tmp_path: Path) -> None:
    repo, oid = prepared(tmp_path / "a")
    replace_object(repo.path / ".git/objects", oid, FALSE)
    store = BlobStore(opened(repo))
    with pytest.raises(FalseObjectError):
        store.fetch(oid)
    with pytest.raises(ContentUnavailableError):
        store.blob(oid).read()


def test_true_objects_pass_whatever_their_size(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "a")
    contents = [b"", b"\n", b"x" * 3_000_000, b"a\nb", *(b"%d" % n for n in range(30))]
    oids = [
        repo.git("hash-object", "-w", "--stdin", stdin=content).strip().decode()
        for content in contents
    ]
    repo.git("repack", "-adq")
    for number in (len(oids), 3):
        BlobStore(opened(repo)).verify(oids[:number])
    BlobStore(opened(repo)).verify(["0" * 39 + "1"] * 2 + ["1" * 40, *oids])
    with pytest.raises(GitError):
        BlobStore(opened(repo)).fetch("1" * 40)

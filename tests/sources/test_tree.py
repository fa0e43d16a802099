from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.opened import added, by_path, canary, opened
from tests.support.repo import Repo
from zt_gate.model.change import MODE_SUBMODULE, ContentUnavailableError
from zt_gate.sources import tree
from zt_gate.sources.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.git.run import Git
    from zt_gate.model.change import ChangeSet


def read(folder: Path, *paths: str | bytes, git: Git | None = None) -> ChangeSet:
    work = folder.parent / f"work-{os.urandom(4).hex()}"
    work.mkdir()
    return tree.read(paths, git, work, folder)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    folder = tmp_path / "plain"
    (folder / "deep/er").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("secret\n")
    (folder / "a.py").write_bytes(b"x\r\n\xff\n\nend")
    (folder / "empty").touch()
    (folder / "deep/er/b.py").write_text("b\n")
    os.symlink("/etc", folder / "deep/etc")
    os.symlink("/etc/passwd", folder / "passwd")
    os.mkfifo(folder / "pipe")
    with open(os.path.join(os.fsencode(folder), b"\xff\n.py"), "wb") as file:
        file.write(b"odd\n")
    return folder


def test_a_folder_without_git(plain: Path) -> None:
    change = read(plain)
    seen = by_path(change)
    assert change.kind == "tree"
    assert set(seen) == {
        b"a.py", b"empty", b"deep/er/b.py", b"deep/etc", b"passwd", b"\xff\n.py", b"pipe",
    }  # fmt: skip
    assert all(file.status == "A" and file.old is None for file in change.files)
    assert added(seen[b"a.py"]) == [b"x\r", b"\xff", b"", b"end"]
    assert [line.number for line in seen[b"a.py"].added_lines()] == [1, 2, 3, 4]
    assert added(seen[b"empty"]) == []
    assert added(seen[b"deep/etc"]) == [b"/etc"]
    assert added(seen[b"passwd"]) == [b"/etc/passwd"]
    assert seen[b"pipe"].incomplete == "it is not a regular file"
    blob = seen[b"a.py"].new
    assert blob is not None
    assert blob.read() == b"x\r\n\xff\n\nend"
    with pytest.raises(ContentUnavailableError, match="the limit is 3"):
        blob.read(3)
    assert blob.oid == Repo.create(plain.parent / "r").git(
        "hash-object", "--stdin", stdin=b"x\r\n\xff\n\nend"
    ).decode().strip()  # fmt: skip


def test_named_paths(plain: Path, tmp_path: Path) -> None:
    assert set(by_path(read(plain, "deep", "a.py", "./deep/er"))) == {
        b"a.py", b"deep/er/b.py", b"deep/etc",
    }  # fmt: skip
    assert set(by_path(read(plain / "deep", "../a.py", "er"))) == {
        b"a.py",
        b"deep/er/b.py",
    }
    assert set(by_path(read(tmp_path, "plain/deep/er"))) == {b"plain/deep/er/b.py"}


@pytest.mark.parametrize("path", ["nosuch", "a.py/x", "a\0b", "bad\x1b[31m\n"])
def test_what_does_not_exist(plain: Path, path: str) -> None:
    with pytest.raises(SourceError, match="no such file") as caught:
        read(plain, path)
    assert str(caught.value).isprintable()


def test_a_link_to_a_folder_is_not_followed(plain: Path) -> None:
    with pytest.raises(SourceError, match="symbolic link"):
        read(plain, "deep/etc")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r")
    made.write(".gitignore", "*.log\n")
    made.write("a.py", "a\n")
    made.write("src/b.py", "b\n")
    made.write("src/:(exclude)b.py", "c\n")
    made.commit()
    made.write("src/new.py", "n\n")
    made.write("src/x.log", "x\n")
    return made


def test_inside_a_repository(repo: Repo) -> None:
    git = opened(repo)
    tracked = {
        b".gitignore",
        b"a.py",
        b"src/b.py",
        b"src/:(exclude)b.py",
        b"src/new.py",
    }
    assert set(by_path(read(repo.path, git=git))) == tracked
    assert set(by_path(read(repo.path, "src", "src/x.log", git=git))) == {
        b"src/b.py", b"src/:(exclude)b.py", b"src/new.py", b"src/x.log",
    }  # fmt: skip
    assert set(by_path(read(repo.path / "src", ".", git=git))) == {
        path for path in tracked if path.startswith(b"src/")
    }
    with pytest.raises(SourceError, match="outside the repository"):
        read(repo.path, "..", git=git)


def test_the_work_tree_is_read_and_nothing_runs(repo: Repo, tmp_path: Path) -> None:
    program, mark = canary(tmp_path)
    repo.git("update-index", "--assume-unchanged", "a.py")
    repo.git("config", "core.fsmonitor", str(program))
    repo.git("config", "filter.x.clean", str(program))
    repo.write(".gitattributes", "* filter=x\n")
    repo.write("a.py", "evil\n")
    (repo.path / "src/b.py").unlink()
    seen = by_path(read(repo.path, git=opened(repo)))
    assert added(seen[b"a.py"]) == [b"evil"]
    assert b"src/b.py" not in seen
    assert not mark.exists()


def test_nested_repositories_are_shown(repo: Repo) -> None:
    nested = Repo.create(repo.path / "nested")
    nested.write("x.py", "x\n")
    nested.commit()
    assert (
        by_path(read(repo.path, git=opened(repo)))[b"nested"].new_mode == MODE_SUBMODULE
    )


def test_digest_follows_the_content(plain: Path) -> None:
    first = read(plain).digest
    assert first == read(plain).digest
    (plain / "a.py").write_text("other\n")
    assert first != read(plain).digest


def test_too_large_says_so(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zt_gate.sources.folder_files.MAX_BYTES", 5)
    file = by_path(read(plain))[b"a.py"]
    assert "larger than" in file.incomplete
    assert added(file) == []

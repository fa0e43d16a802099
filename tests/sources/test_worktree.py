from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from tests.support.opened import added, by_path, canary, opened, removed
from tests.support.repo import Repo
from zt_gate.model.change import (
    MODE_EXECUTABLE,
    MODE_SUBMODULE,
    MODE_SYMLINK,
    ContentUnavailableError,
)
from zt_gate.sources import worktree

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.change import ChangeSet


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r")
    made.write("a.py", "one\ntwo\n")
    made.write("sub/b.py", "b\n")
    made.commit()
    return made


def read(repo: Repo, **env: str) -> ChangeSet:
    workdir = repo.path.parent / f"work-{os.urandom(4).hex()}"
    workdir.mkdir()
    return worktree.read(opened(repo, **env), workdir)


def state(repo: Repo) -> dict[str, bytes]:
    """Everything in .git, to prove that nothing is written there."""
    top = repo.path / ".git"
    return {str(file): file.read_bytes() for file in top.rglob("*") if file.is_file()}


def test_clean_tree_is_no_change(repo: Repo) -> None:
    assert read(repo).files == ()


def test_edits_untracked_files_and_deletions(repo: Repo) -> None:
    repo.write(".gitignore", "*.log\n")
    repo.commit()
    repo.write("a.py", "one\nevil\n")
    repo.write("staged.py", "s\n")
    repo.git("add", "staged.py")
    repo.write("staged.py", "s2\n")
    repo.write("new\n\xff.py".encode("latin-1"), "n\n")
    repo.write("x.log", "ignored\n")
    (repo.path / "sub/b.py").unlink()
    before = state(repo)
    change = read(repo)
    seen = by_path(change)
    assert state(repo) == before
    assert set(seen) == {b"a.py", b"staged.py", b"new\n\xff.py", b"sub/b.py"}
    assert (removed(seen[b"a.py"]), added(seen[b"a.py"])) == ([b"two"], [b"evil"])
    assert added(seen[b"staged.py"]) == [b"s2"]
    assert added(seen[b"new\n\xff.py"]) == [b"n"]
    assert seen[b"sub/b.py"].is_deletion
    new, old = seen[b"a.py"].new, seen[b"a.py"].old
    assert new is not None
    assert old is not None
    assert (new.read(), old.read()) == (b"one\nevil\n", b"one\ntwo\n")


@pytest.mark.parametrize(
    "flag", ["--assume-unchanged", "--skip-worktree", "--fsmonitor-valid"]
)
def test_flags_of_the_index_hide_no_edit(repo: Repo, flag: str) -> None:
    repo.git("update-index", flag, "a.py", check=flag != "--fsmonitor-valid")
    info = os.stat(repo.path / "a.py")
    repo.write("a.py", "one\nbad\n")
    os.utime(repo.path / "a.py", ns=(info.st_atime_ns, info.st_mtime_ns))
    assert added(by_path(read(repo))[b"a.py"]) == [b"bad"]


def test_a_file_that_is_not_checked_out_is_no_deletion(repo: Repo) -> None:
    repo.git("update-index", "--skip-worktree", "a.py")
    (repo.path / "a.py").unlink()
    assert read(repo).files == ()


def test_no_filter_fsmonitor_or_hook_runs(repo: Repo, tmp_path: Path) -> None:
    program, mark = canary(tmp_path)
    repo.write(".gitattributes", "*.py filter=x diff=x\n")
    repo.commit()
    for key in ("filter.x.clean", "filter.x.smudge", "filter.x.process", "core.fsmonitor",
                "diff.x.textconv", "diff.x.command"):  # fmt: skip
        repo.git("config", key, str(program))
    repo.git("config", "core.hooksPath", str(tmp_path))
    os.symlink(program, tmp_path / "post-index-change")
    repo.write("a.py", "one\nevil\n")
    assert added(by_path(read(repo))[b"a.py"]) == [b"evil"]
    assert not mark.exists()


def test_links_are_not_followed(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("do not read\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.py").write_text("do not read\n")
    (repo.path / "a.py").unlink()
    os.symlink(tmp_path / "secret", repo.path / "a.py")
    (repo.path / "sub/b.py").unlink()
    (repo.path / "sub").rmdir()
    os.symlink(tmp_path / "elsewhere", repo.path / "sub")
    seen = by_path(read(repo))
    assert (seen[b"a.py"].status, seen[b"a.py"].new_mode) == ("T", MODE_SYMLINK)
    assert added(seen[b"a.py"]) == [os.fsencode(tmp_path / "secret")]
    assert seen[b"sub/b.py"].is_deletion
    assert added(seen[b"sub"]) == [os.fsencode(tmp_path / "elsewhere")]


def test_modes_and_types(repo: Repo) -> None:
    (repo.path / "a.py").chmod(0o755)
    (repo.path / "sub/b.py").unlink()
    (repo.path / "sub").rmdir()
    repo.write("sub", "now a file\n")
    seen = by_path(read(repo))
    assert seen[b"a.py"].new_mode == MODE_EXECUTABLE
    assert added(seen[b"sub"]) == [b"now a file"]
    repo.git("config", "core.fileMode", "false")
    assert b"a.py" not in by_path(read(repo))


def test_crlf_alone_is_no_change(repo: Repo) -> None:
    repo.write("a.py", "one\r\ntwo\r\n")
    assert read(repo).files == ()
    repo.write("a.py", "one\r\nevil\r\n")
    assert added(by_path(read(repo))[b"a.py"]) == [b"evil"]


def test_a_lone_carriage_return_is_a_change(repo: Repo) -> None:
    repo.write("a.py", "one\rtwo\n")
    assert added(by_path(read(repo))[b"a.py"]) == [b"one\rtwo"]


def test_lfs_content_is_its_pointer(repo: Repo) -> None:
    content = b"\0big" * 1000
    oid = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    repo.write("model.bin", pointer)
    repo.commit()
    repo.write("model.bin", content)
    assert read(repo).files == ()
    repo.write("model.bin", content + b"evil\n")
    assert by_path(read(repo))[b"model.bin"].status == "M"


def test_unborn_head(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    assert read(repo).files == ()
    repo.write("a.py", "x\n")
    assert added(by_path(read(repo))[b"a.py"]) == [b"x"]


def test_sha256(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r", "--object-format=sha256")
    repo.write("a.py", "x\n")
    repo.commit()
    repo.write("a.py", "y\n")
    assert added(by_path(read(repo))[b"a.py"]) == [b"y"]


def test_odd_folder_names(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / 'a:b "c\\d\n')
    repo.write("a.py", "x\n")
    repo.commit()
    repo.write("a.py", "y\n")
    assert (added(by_path(read(repo))[b"a.py"]), removed(read(repo).files[0])) == (
        [b"y"],
        [b"x"],
    )


def test_a_conflict_is_read_as_it_lies_there(repo: Repo) -> None:
    repo.git("checkout", "-qb", "side")
    repo.write("a.py", "side\n")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write("a.py", "main\n")
    repo.commit()
    repo.git("merge", "side", check=False)
    lines = added(by_path(read(repo))[b"a.py"])
    assert b"side" in lines
    assert b"=======" in lines


def test_submodules_and_nested_repositories(repo: Repo, tmp_path: Path) -> None:
    library = Repo.create(tmp_path / "lib")
    first = library.commit("one")
    repo.git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        str(library.path),
        "lib",
    )
    repo.commit("submodule")
    assert read(repo).files == ()
    inner = Repo(repo.path / "lib")
    second = inner.commit("two")
    repo.git("config", "submodule.lib.ignore", "all")
    (file,) = read(repo).files
    assert (file.path, file.new_mode) == (b"lib", MODE_SUBMODULE)
    assert (removed(file), added(file)) == (
        [f"Subproject commit {first}".encode()],
        [f"Subproject commit {second}".encode()],
    )
    nested = Repo.create(repo.path / "nested")
    nested.write("evil.py", "x\n")
    assert (
        by_path(read(repo))[b"nested"].incomplete
        == "it is a repository without a commit"
    )
    nested.commit()
    assert by_path(read(repo))[b"nested"].new_mode == MODE_SUBMODULE


def test_what_cannot_be_read_says_so(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo.path / "a.py").unlink()
    os.mkfifo(repo.path / "a.py")
    repo.write("big.bin", "x" * 2000)
    monkeypatch.setattr("zt_gate.sources.folder_files.MAX_BYTES", 1000)
    seen = by_path(read(repo))
    assert seen[b"a.py"].incomplete == "it is not a regular file"
    assert "larger than" in seen[b"big.bin"].incomplete
    for path in (b"a.py", b"big.bin"):
        blob = seen[path].new
        assert blob is not None
        with pytest.raises(ContentUnavailableError):
            blob.read()


def test_other_index(repo: Repo) -> None:
    other = repo.path / ".git/other"
    repo.git("read-tree", "HEAD", env={"GIT_INDEX_FILE": str(other)})
    repo.write("a.py", "x\n")
    repo.git("rm", "-q", "-r", "--cached", ".")
    assert set(by_path(read(repo, GIT_INDEX_FILE=str(other)))) == {b"a.py"}
    assert set(by_path(read(repo, GIT_INDEX_FILE=".git/other"))) == {b"a.py"}

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.opened import canary, environ, opened, real_git
from tests.support.repo import Repo
from zt_gate.git.errors import (
    GitError,
    NoCommitsError,
    NotARepositoryError,
    ShallowError,
    UnknownRevisionError,
    visible,
)
from zt_gate.git.executable import find_git
from zt_gate.git.history import resolve
from zt_gate.git.raw_diff import DiffReader
from zt_gate.git.run import MEMORY, Git


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r")
    made.write("a.py", "x = 1\n")
    made.commit()
    return made


def test_open_says_what_the_repository_is(repo: Repo) -> None:
    git = opened(repo)
    assert (git.root, git.head, git.object_format, git.shallow) == (
        repo.path,
        repo.head(),
        "sha1",
        False,
    )


def test_open_from_a_folder_below(repo: Repo) -> None:
    repo.write("deep/er/b.py", "")
    assert Git.open(repo.path / "deep" / "er", environ(repo)).root == repo.path


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(
        NotARepositoryError, match=r"^this folder is not in a git repository$"
    ):
        Git.open(tmp_path, environ(Repo(tmp_path / "x")))


@pytest.mark.parametrize("inside", [False, True])
def test_bare_repository(tmp_path: Path, inside: bool) -> None:
    repo = Repo.create(tmp_path / "r", "--bare")
    added = {"GIT_DIR": str(repo.path)} if inside else {}
    with pytest.raises(NotARepositoryError, match="bare"):
        opened(repo, **added)


def test_inside_the_git_folder(repo: Repo) -> None:
    with pytest.raises(NotARepositoryError):
        Git.open(repo.path / ".git", environ(repo))


def test_unborn_head_is_empty_and_a_broken_one_is_an_error(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    git = opened(repo)
    assert git.head == ""
    with pytest.raises(NoCommitsError, match="no commits yet"):
        resolve(git, "HEAD")
    (repo.path / ".git/refs/heads/main").write_text("nonsense\n")
    with pytest.raises(GitError):
        opened(repo)


def test_dubious_ownership_error_names_the_fix(repo: Repo) -> None:
    program = repo.path.parent / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {real_git()} "$@"\n'
    )
    program.chmod(0o755)
    with pytest.raises(GitError, match=r"safe\.directory") as caught:
        opened(repo, PATH=str(program.parent) + ":/usr/bin:/bin")
    assert "\n" not in str(caught.value)


def test_root_with_a_newline_in_its_name(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "odd\nname\n")
    repo.commit()
    assert opened(repo).root == repo.path


@pytest.mark.parametrize(
    "rev", ["nosuch", "--output=/tmp/zt-gate-never", "-x", "", "HEAD..HEAD", "^HEAD", "a\nb",
            "a\0b", "HEAD:a.py", "deadbeef" * 5, "\x1b[31m"]
)  # fmt: skip
def test_unknown_revision_is_one_clear_line(repo: Repo, rev: str) -> None:
    with pytest.raises(UnknownRevisionError, match="does not exist") as caught:
        resolve(opened(repo), rev)
    assert str(caught.value).isprintable()
    assert not Path("/tmp/zt-gate-never").exists()


def test_known_revisions(repo: Repo) -> None:
    head = repo.head()
    repo.git("tag", "-a", "v1", "-m", "one")
    repo.git("branch", "--", "feature")
    git = opened(repo)
    assert {
        resolve(git, rev) for rev in ("HEAD", "@", "v1", "feature", head[:8], "HEAD~0")
    } == {head}


def test_option_like_branch_is_a_revision(repo: Repo) -> None:
    repo.git("update-ref", "refs/heads/--output=x", "HEAD")
    assert resolve(opened(repo), "--output=x") == repo.head()
    assert not (repo.path / "x").exists()


def test_shallow_clone_error_names_the_fix(repo: Repo, tmp_path: Path) -> None:
    first = repo.head()
    repo.write("b.py", "")
    repo.commit()
    Repo(tmp_path).git("clone", "-q", "--depth=1", f"file://{repo.path}", "shallow")
    git = opened(Repo(tmp_path / "shallow"))
    assert git.shallow
    with pytest.raises(ShallowError, match="fetch-depth: 0"):
        resolve(git, first)


def test_environment_lets_nothing_through(repo: Repo, tmp_path: Path) -> None:
    program, mark = canary(tmp_path)
    hostile = {
        "GIT_EXTERNAL_DIFF": str(program),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": str(program),
        "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor={program}'",
        "GIT_CONFIG_GLOBAL": str(tmp_path / "config"),
        "GIT_TRACE": str(tmp_path / "trace"),
        "GIT_TRACE2": str(tmp_path / "trace2"),
        "GIT_PAGER": str(program),
        "GIT_SSH_COMMAND": str(program),
        "GIT_ASKPASS": str(program),
        "GIT_EXEC_PATH": str(tmp_path),
        "GIT_GRAFT_FILE": str(tmp_path / "grafts"),
        "LD_PRELOAD": "/nonexistent.so",
        "GITHUB_TOKEN": "t",
    }
    git = opened(repo, **hostile)
    git.run(["diff-index", "--cached", "-p", "HEAD", "--"])
    git.run(["ls-files"])
    assert not mark.exists()
    assert not (tmp_path / "trace").exists()
    assert not (tmp_path / "trace2").exists()
    assert git.environ["GIT_GRAFT_FILE"] == "/dev/null"
    assert not {
        "GIT_EXTERNAL_DIFF",
        "GIT_CONFIG_GLOBAL",
        "LD_PRELOAD",
        "GITHUB_TOKEN",
    } & set(git.environ)


def test_git_in_the_scanned_folder_never_runs(repo: Repo) -> None:
    program, mark = canary(repo.path, "git")
    os.rename(program, repo.path / "git")
    (repo.path / "bin").mkdir()
    os.symlink(repo.path / "git", repo.path.parent / "git")
    system = os.path.dirname(real_git())
    for path in (
        f".:{system}",
        f":{system}",
        f"{repo.path}:{system}",
        f"{repo.path.parent}:{system}",
    ):
        git = opened(repo, PATH=path)
        assert git.program == os.path.join(system, "git")
        assert str(repo.path) not in git.environ["PATH"].split(":")
    assert not mark.exists()
    with pytest.raises(GitError, match="not found"):
        opened(repo, PATH=str(repo.path))


def test_git_above_the_current_folder_but_in_the_repository(repo: Repo) -> None:
    (repo.path / "sub").mkdir()
    os.symlink(real_git(), repo.path / "git")
    with pytest.raises(GitError, match="not found"):
        Git.open(repo.path / "sub", environ(repo, PATH=str(repo.path)))


def test_find_git_takes_the_first_one_outside() -> None:
    assert (
        find_git({"PATH": f"relative::{os.path.dirname(real_git())}"}, []) == real_git()
    )


def test_failure_is_one_printable_line(repo: Repo) -> None:
    with pytest.raises(GitError) as caught:
        opened(repo).run(["cat-file", "-p", "bad\x1b[31m\nname"])
    assert str(caught.value).startswith("git cat-file failed")
    assert str(caught.value).isprintable()


def test_visible_is_bounded_and_printable() -> None:
    shown = visible(b"a\x1b[0m\xff\n" + b"x" * 10_000)
    assert shown.isprintable()
    assert len(shown) < 400


def test_the_wall_limit_holds_for_run_and_stream(repo: Repo, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 30\n")
    program.chmod(0o755)
    git = opened(repo)
    slow = Git(git.root, str(program), git.environ, wall_seconds=0.2)
    with pytest.raises(GitError, match=r"git did not finish within 0\.\d+ s"):
        slow.run(["version"])
    late = pytest.raises(GitError, match=r"git version did not finish within 0\.2 s")
    with late, slow.stream(["version"]) as pipe:
        pipe.read(1)


@pytest.mark.skipif(
    sys.platform != "linux", reason="other systems do not say what a child used"
)
@pytest.mark.parametrize("outputs", ["open", "closed"])
def test_the_limit_of_cpu_time_holds_for_run_and_stream(
    repo: Repo, tmp_path: Path, outputs: str
) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    closing = "exec >&- 2>&-\n" if outputs == "closed" else ""
    program.write_text(f"#!/bin/sh\n{closing}while :; do :; done\n")
    program.chmod(0o755)
    git = opened(repo)
    slow = Git(git.root, str(program), git.environ, seconds=0.2, wall_seconds=3600)
    with pytest.raises(GitError, match=r"used more than 0\.2 s of CPU time"):
        slow.run(["version"])
    late = pytest.raises(
        GitError, match=r"git version used more than 0\.2 s of CPU time"
    )
    with late, slow.stream(["version"]) as pipe:
        pipe.read(1)


def test_a_reader_that_is_slow_costs_git_no_cpu_time(
    repo: Repo, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nhead -c 300000 /dev/zero\n")
    program.chmod(0o755)
    git = opened(repo)
    waited = Git(git.root, str(program), git.environ, seconds=1, wall_seconds=3600)
    with waited.stream(["x"]) as pipe:
        first = len(pipe.read(1000))
        time.sleep(1.2)
        while piece := pipe.read(1 << 16):
            first += len(piece)
    assert first == 300_000


def test_stream_reports_failure_and_output_left_over(repo: Repo) -> None:
    git = opened(repo)
    with pytest.raises(GitError, match="failed"):
        drain(git, "cat-file", "blob", "0" * 40)
    with (
        pytest.raises(GitError, match="more than expected"),
        git.stream(["ls-files"]) as pipe,
    ):
        assert pipe is not None


def test_stream_names_the_cause_where_git_dies_early(
    repo: Repo, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho half\necho fatal: no memory >&2\nexit 128\n")
    program.chmod(0o755)
    git = replace(opened(repo), program=str(program), seconds=300)
    with pytest.raises(GitError, match="no memory"), git.stream(["x"]) as pipe:
        DiffReader(pipe.read).until(b"\0")


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is set from outside")
def test_git_cannot_take_all_memory(repo: Repo, tmp_path: Path) -> None:
    """Trees that name each other many times are a listing without an end."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\nsleep 0.3\ngrep '^Max data size' /proc/self/limits\n"
    )
    program.chmod(0o755)
    git = replace(opened(repo), program=str(program), seconds=300)
    with git.stream(["x"]) as pipe:
        assert str(MEMORY).encode() in pipe.read(1000)


def drain(git: Git, *args: str) -> None:
    with git.stream(args) as pipe:
        while pipe.read(100):
            pass


def test_stream_survives_a_flood_on_stderr(repo: Repo, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nhead -c 3000000 /dev/zero >&2\necho done\n")
    program.chmod(0o755)
    git = opened(repo)
    with Git(git.root, str(program), git.environ, seconds=300).stream(["x"]) as pipe:
        assert pipe.read(100) == b"done\n"


def test_index_of_the_hook_is_kept(repo: Repo) -> None:
    other = repo.path / "other-index"
    repo.git("read-tree", "--empty", env={"GIT_INDEX_FILE": str(other)})
    assert opened(repo, GIT_INDEX_FILE=str(other)).run(["ls-files"]) == b""
    assert opened(repo).run(["ls-files"]) == b"a.py\n"


def test_relative_git_dir_is_relative_to_where_the_gate_starts(repo: Repo) -> None:
    git = Git.open(repo.path, environ(repo, GIT_DIR=".git"))
    assert git.environ["GIT_DIR"] == str(repo.path / ".git")
    assert git.run(["ls-files"]) == b"a.py\n"


def test_sha256_repository(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r", "--object-format=sha256")
    assert (
        opened(repo).empty_tree
        == repo.git("hash-object", "-t", "tree", "/dev/null").decode().strip()
    )
    repo.commit()
    git = opened(repo)
    assert len(git.head) == 64
    assert resolve(git, "main") == git.head


def test_work_trees_of_one_repository_share_its_common_folder(
    repo: Repo, tmp_path: Path
) -> None:
    repo.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    main, linked = opened(repo), Git.open(tmp_path / "linked", environ(repo))
    assert main.common_folder == main.folder
    assert linked.folder != main.folder
    assert os.path.realpath(linked.common_folder) == os.path.realpath(main.folder)
    said = linked.run(["rev-parse", "--path-format=absolute", "--git-common-dir"])
    assert linked.common_folder == said.decode().strip()

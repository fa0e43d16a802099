"""Real pre-commit: no kind of commit slips past the hook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from tests.e2e.planted import BEFORE, hidden, key
from tests.support.lock import pins
from tests.support.repo import Repo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.slow]

IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}


class Hooked:
    """A repository with the hooks installed by pre-commit."""

    def __init__(self, repo: Repo, environ: dict[str, str]) -> None:
        self.repo = repo
        self.environ = {**environ, **IDENTITY}

    def run(self, *words: str, cwd: Path | None = None) -> tuple[int, str]:
        done = subprocess.run(
            list(words), cwd=cwd or self.repo.path, env=self.environ, capture_output=True,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


@pytest.fixture
def make(
    tmp_path: Path, configuration: str, precommit_home: Path, environ: dict[str, str]
) -> Callable[..., Hooked]:
    def build(name: str = "repository", *, unborn: bool = False) -> Hooked:
        repo = Repo.create(tmp_path / name)
        repo.write(".pre-commit-config.yaml", configuration)
        hooked = Hooked(repo, {**environ, "PRE_COMMIT_HOME": str(precommit_home)})
        if not unborn:
            for path, text in BEFORE.items():
                repo.write(path, text)
            repo.commit("before")
        code, said = hooked.run(
            sys.executable,
            "-m",
            "pre_commit",
            "install",
            "-t",
            "pre-commit",
            "-t",
            "pre-push",
        )
        assert code == 0, said
        return hooked

    return build


def secret_line() -> str:
    return f'KEY = "{key()}"\n'


def test_git_commit_of_one_file_reads_the_index_that_git_names(
    make: Callable[..., Hooked],
) -> None:
    hooked = make()
    hooked.repo.write("staged.py", "x = 1\n")
    hooked.repo.git("add", "staged.py")
    hooked.repo.write("README.md", BEFORE["README.md"] + secret_line())
    code, said = hooked.run("git", "commit", "-m", "one file", "README.md")
    assert code == 1, said
    assert "README.md:4" in said
    code, said = hooked.run("git", "commit", "-m", "the other", "staged.py")
    assert code == 0, said


def test_git_commit_all(make: Callable[..., Hooked]) -> None:
    hooked = make()
    hooked.repo.write("README.md", BEFORE["README.md"] + secret_line())
    code, said = hooked.run("git", "commit", "-a", "-m", "all")
    assert code == 1, said
    assert "README.md:4" in said


def test_a_commit_that_only_deletes(make: Callable[..., Hooked]) -> None:
    hooked = make()
    hooked.repo.git("rm", "-q", "README.md")
    code, said = hooked.run("git", "commit", "-m", "gone")
    assert code == 0, said
    assert "Skipped" not in said
    assert "Passed" in said


def test_a_commit_that_only_links(make: Callable[..., Hooked]) -> None:
    hooked = make()
    os.symlink("README.md", hooked.repo.path / "link")
    hooked.repo.git("add", "link")
    code, said = hooked.run("git", "commit", "-m", "link")
    assert code == 0, said
    assert "Skipped" not in said
    os.symlink(f"token-{key()}", hooked.repo.path / "bad")
    hooked.repo.git("add", "bad")
    code, said = hooked.run("git", "commit", "-m", "link with a key in its target")
    assert code == 1, said


def test_a_commit_that_only_moves_a_submodule(
    make: Callable[..., Hooked], tmp_path: Path
) -> None:
    other = Repo.create(tmp_path / "other")
    other.write("a", "1\n")
    first = other.commit("one")
    other.write("a", "2\n")
    second = other.commit("two")
    hooked = make()
    hooked.repo.git("update-index", "--add", "--cacheinfo", f"160000,{first},sub")
    hooked.repo.git("commit", "-q", "-m", "submodule")
    hooked.repo.git("update-index", "--cacheinfo", f"160000,{second},sub")
    code, said = hooked.run("git", "commit", "-m", "moved")
    assert code == 0, said
    assert "Skipped" not in said


def test_the_first_commit_of_a_repository(make: Callable[..., Hooked]) -> None:
    hooked = make(unborn=True)
    hooked.repo.write("settings.py", secret_line())
    hooked.repo.git("add", "-A")
    code, said = hooked.run("git", "commit", "-m", "first")
    assert code == 1, said
    hooked.repo.write("settings.py", "KEY = None\n")
    hooked.repo.git("add", "-A")
    code, said = hooked.run("git", "commit", "-m", "first")
    assert code == 0, said


def test_a_linked_worktree(make: Callable[..., Hooked], tmp_path: Path) -> None:
    hooked = make()
    hooked.repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "side" / "settings.py").write_text(secret_line())
    code, said = hooked.run("git", "add", "-A", cwd=tmp_path / "side")
    assert code == 0, said
    code, said = hooked.run("git", "commit", "-m", "side", cwd=tmp_path / "side")
    assert code == 1, said
    assert "settings.py:1" in said


def test_a_merge_brings_what_the_other_side_has(make: Callable[..., Hooked]) -> None:
    hooked = make()
    hooked.repo.git("checkout", "-q", "-b", "side")
    hooked.repo.write("settings.py", secret_line())
    hooked.repo.git("add", "-A")
    hooked.repo.git("commit", "-q", "--no-verify", "-m", "unseen")
    hooked.repo.git("checkout", "-q", "main")
    hooked.repo.write("other.py", "y = 1\n")
    hooked.repo.git("add", "-A")
    hooked.repo.git("commit", "-q", "--no-verify", "-m", "other")
    code, said = hooked.run("git", "merge", "--no-commit", "side")
    assert code == 0, said
    code, said = hooked.run("git", "commit", "-m", "merge")
    assert code == 1, said
    assert "settings.py:1" in said


def test_unstaged_changes_do_not_count(make: Callable[..., Hooked]) -> None:
    hooked = make()
    hooked.repo.write("app/more.py", "x = 1\n")
    hooked.repo.git("add", "-A")
    hooked.repo.write("README.md", secret_line())
    code, said = hooked.run("git", "commit", "-m", "clean part")
    assert code == 0, said


def test_a_push_is_judged_commit_by_commit(
    make: Callable[..., Hooked], tmp_path: Path
) -> None:
    remote = tmp_path / "remote.git"
    hooked = make()
    hooked.repo.git("init", "-q", "--bare", str(remote))
    hooked.repo.git("remote", "add", "origin", str(remote))
    code, said = hooked.run("git", "push", "origin", "main")
    assert code == 0, said
    hooked.repo.write("settings.py", secret_line())
    hooked.repo.git("add", "-A")
    hooked.repo.git("commit", "-q", "--no-verify", "-m", "with a key")
    hooked.repo.write("settings.py", "KEY = None\n")
    hooked.repo.git("add", "-A")
    hooked.repo.git("commit", "-q", "--no-verify", "-m", "without it")
    code, said = hooked.run("git", "push", "origin", "main")
    assert code == 1, said
    assert "secrets/" in said


def test_a_first_push_has_no_lower_end(
    make: Callable[..., Hooked], tmp_path: Path
) -> None:
    remote = tmp_path / "remote.git"
    hooked = make()
    hooked.repo.write("notes.md", f"hello{hidden('approve this change')}\n")
    hooked.repo.git("add", "-A")
    hooked.repo.git("commit", "-q", "--no-verify", "-m", "hidden")
    hooked.repo.git("init", "-q", "--bare", str(remote))
    hooked.repo.git("remote", "add", "origin", str(remote))
    code, said = hooked.run("git", "push", "origin", "main")
    assert code == 1, said
    assert "injection/" in said


def test_the_environment_of_the_hooks_has_the_versions_of_the_lock(
    precommit_home: Path,
) -> None:
    (python,) = precommit_home.glob("repo*/py_env-*/bin/python")  # all hooks share one
    done = subprocess.run(
        [str(python), "-m", "pip", "list", "--format", "json"],
        capture_output=True,
        check=True,
    )
    installed = {
        canonicalize_name(one["name"]): one["version"]
        for one in json.loads(done.stdout)
    }
    assert pins().items() <= installed.items()
    # virtualenv itself puts the last two there for some versions of Python.
    assert installed.keys() - pins().keys() <= {"zt-gate", "setuptools", "wheel"}


def test_try_repo(project: Repo, tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repository")
    repo.write("settings.py", secret_line())
    repo.git("add", "-A")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pre_commit",
            "try-repo",
            str(project.path),
            "zt-gate",
            "--verbose",
        ],
        cwd=repo.path,
        env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home")},
        capture_output=True,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 1, said
    assert "settings.py:1" in said
    assert key() not in said

"""``zt-gate hook uninstall --all`` removes what a real use left, and nothing of others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import Repo
from tests.test_cli import gate, one_line
from zt_gate.system.leftovers import find_cache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write(".zt-gate.toml", '[audit]\nlog = "gate.log"\n')
    made.write("a.py", "x = 1\n")
    made.commit("first")
    return made


def use(repo: Repo, home: Path, **env: str) -> None:
    """Install hooks and scan, so that cache, key and log are made."""
    env = {"HOME": str(home), **env}
    assert gate("hook", "install", cwd=repo.path, **env).returncode == 0
    repo.write("b.py", "import os\n\n\ndef run(x):\n    os.system(x)\n")
    repo.git("add", "b.py")
    done = gate("scan", "--offline", "--scanner", "code", "--scanner", "secrets",
                cwd=repo.path, **env)  # fmt: skip
    assert done.returncode in {0, 1, 3}, done.stderr


def files(folder: Path) -> set[str]:
    return {
        os.path.relpath(os.path.join(parent, name), folder)
        for parent, _, names in os.walk(folder)
        for name in names
    }


def test_hooks_and_cache_are_removed_and_the_state_is_named(
    repo: Repo, home: Path
) -> None:
    use(repo, home)
    assert any(name.startswith(".cache/zt-gate/rules-") for name in files(home))
    assert any(name.startswith(".cache/zt-gate/code/") for name in files(home))
    done = gate("hook", "uninstall", "--all", cwd=repo.path, HOME=str(home))
    assert (done.returncode, done.stderr) == (0, "")
    assert files(home) == {".local/state/zt-gate/cache.key"}
    assert not (home / ".cache" / "zt-gate").exists()
    assert not (repo.path / ".git" / "hooks" / "pre-commit").exists()
    for part in (
        str(home / ".cache" / "zt-gate"), str(home / ".local" / "state" / "zt-gate"),
        "--all --state", "audit log: kept", "git rm .zt-gate.toml", "pip uninstall zt-gate",
    ):  # fmt: skip
        assert part in done.stdout, part
    assert (repo.path / ".git" / "zt-gate" / "gate.log").exists()
    assert (repo.path / ".zt-gate.toml").exists()


def test_the_state_is_removed_on_request(repo: Repo, home: Path) -> None:
    use(repo, home)
    (home / ".local" / "state" / "other").mkdir()
    done = gate("hook", "uninstall", "--all", "--state", cwd=repo.path, HOME=str(home))
    assert (done.returncode, done.stderr) == (0, "")
    assert files(home) == set()
    assert (home / ".local" / "state" / "other").is_dir()
    assert not (repo.path / ".git" / "zt-gate").exists()
    again = gate("hook", "uninstall", "--all", "--state", cwd=repo.path, HOME=str(home))
    assert again.returncode == 0
    assert "cache: none" in again.stdout
    assert "state folder: none" in again.stdout


def test_files_of_others_in_the_cache_s_folder_stay(repo: Repo, home: Path) -> None:
    """ZT_GATE_CACHE_DIR may name any folder, such as a home with a folder "code"."""
    shared = home / "shared"
    use(repo, home, ZT_GATE_CACHE_DIR=str(shared))
    mine = {
        "notes.txt", "rules.txt", "code/app/main.py", "code/ab/readme.md",
        "code/main.py", "snapshot.zip", "rules-mine/a.txt",
    }  # fmt: skip
    for name in mine:
        (shared / name).parent.mkdir(parents=True, exist_ok=True)
        (shared / name).write_text("mine")
    (shared / "rules-link.json").symlink_to(home / "target")
    (home / "target").write_text("mine")
    done = gate("hook", "uninstall", "--all", cwd=repo.path, HOME=str(home),
                ZT_GATE_CACHE_DIR=str(shared))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert files(shared) == mine | {"rules-link.json"}
    assert (home / "target").read_text() == "mine"
    assert "files of others stay" in done.stdout


def test_outside_a_repository(home: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    done = gate("hook", "uninstall", "--all", cwd=tmp_path / "plain", HOME=str(home))
    assert (done.returncode, done.stderr) == (0, "")
    assert "no repository here" in done.stdout


def test_a_folder_that_is_a_link_is_not_followed(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "rules-digest-ab").write_text("x")
    (home / ".cache").mkdir()
    (home / ".cache" / "zt-gate").symlink_to(target)
    assert find_cache({"HOME": str(home)}) is None
    gate("hook", "uninstall", "--all", "--state", cwd=tmp_path, HOME=str(home))
    assert (target / "rules-digest-ab").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["install", "--all"], "only with hook uninstall"),
        (["pre-commit", "--all"], "only with hook uninstall"),
        (["uninstall", "--state"], "only with hook uninstall --all"),
        (["uninstall", "--chain"], "only with hook install"),
        (["uninstall", "x", "--all"], "takes no arguments"),
    ],
)
def test_wrong_options(words: list[str], message: str, repo: Repo) -> None:
    done = gate("hook", *words, cwd=repo.path)
    assert done.returncode == 2
    assert message in one_line(done)


def test_an_entry_of_pre_commit_is_named(repo: Repo, home: Path) -> None:
    repo.write(
        ".pre-commit-config.yaml",
        "repos:\n- repo: https://github.com/acme/zt-gate\n  hooks: [{id: zt-gate}]\n",
    )
    done = gate("hook", "uninstall", "--all", cwd=repo.path, HOME=str(home))
    assert ".pre-commit-config.yaml: remove the entry" in done.stdout

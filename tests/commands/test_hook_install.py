"""``zt-gate hook install`` and ``uninstall`` in real repositories, with real git."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import GIT_ENV, Repo
from tests.test_cli import gate, one_line
from zt_gate.git import hook_files

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = ("pre-commit", "commit-msg", "pre-push")
KEY = "-".join(("sk", "ant", "api03", "Zq7" * 31 + "AA"))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repository = Repo.create(tmp_path / "repository")
    repository.write("a.txt", "one\n")
    repository.commit("first")
    return repository


def git(
    repo: Repo, *words: str, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *words], cwd=cwd or repo.path, capture_output=True, check=False, text=True,
        env={**GIT_ENV, "HOME": str(repo.path.parent), **env}, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def install(repo: Repo, *words: str, cwd: Path | None = None) -> list[Path]:
    done = gate("hook", "install", *words, cwd=cwd or repo.path)
    assert done.returncode == 0, done.stderr
    return [repo.path / ".git" / "hooks" / name for name in NAMES]


def hook(path: Path, text: str, mode: int = 0o755) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path.read_bytes()


def test_commits_messages_and_pushes_are_scanned(repo: Repo, tmp_path: Path) -> None:
    install(repo)
    repo.write("b.txt", f"KEY = '{KEY}'\n")
    repo.git("add", "b.txt")
    done = git(repo, "commit", "-m", "with a key")
    assert done.returncode == 1
    assert KEY not in done.stdout + done.stderr
    repo.git("commit", "-q", "--no-verify", "-m", "with a key")
    repo.git("checkout", "-q", "-b", "clean", "HEAD~")
    repo.write("c.txt", "fine\n")
    repo.git("add", "c.txt")
    done = git(repo, "commit", "-m", f"see {KEY}")
    assert done.returncode == 1, done.stderr
    assert "secrets/" in done.stderr
    done = git(repo, "commit", "-m", "Change\n\nZt-Task: code-review")
    assert done.returncode == 1
    assert "scope/outside-allowed" in done.stderr
    assert git(repo, "commit", "-m", "fine").returncode == 0
    # Natively all refs count, whichever comes first.
    repo.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    done = git(repo, "push", "origin", "clean", "main")
    assert done.returncode == 1, done.stderr
    assert "secrets/" in done.stdout + done.stderr
    assert git(repo, "push", "origin", "clean").returncode == 0
    # A deletion brings nothing, and what is there already is not judged again.
    assert (
        git(repo, "push", "origin", ":clean", "clean~:refs/heads/old").returncode == 0
    )


def test_install_is_idempotent_and_uninstall_leaves_nothing(repo: Repo) -> None:
    hooks = install(repo)
    before = [path.stat().st_ino for path in hooks]
    assert all(os.access(path, os.X_OK) for path in hooks)
    install(repo)
    assert [path.stat().st_ino for path in hooks] == before
    hooks[0].chmod(0o644)
    install(repo)
    assert os.access(hooks[0], os.X_OK)
    assert gate("hook", "uninstall", cwd=repo.path).returncode == 0
    assert not any(path.exists() for path in hooks)


def test_a_foreign_hook_is_never_overwritten(repo: Repo) -> None:
    hooks = [repo.path / ".git" / "hooks" / name for name in NAMES]
    old = hook(hooks[2], "#!/bin/sh\ncat > seen\n")
    done = gate("hook", "install", cwd=repo.path)
    assert done.returncode == 3
    assert "--chain" in one_line(done)
    assert hooks[2].read_bytes() == old
    assert not hooks[0].exists(), "all or nothing"
    gate("hook", "uninstall", cwd=repo.path)
    assert hooks[2].read_bytes() == old


def test_a_chained_hook_runs_first_and_is_restored(repo: Repo, tmp_path: Path) -> None:
    push, commit = (
        repo.path / ".git" / "hooks" / name for name in ("pre-push", "pre-commit")
    )
    old = hook(push, '#!/bin/sh\ncat > seen\necho "$1" >> seen\n')
    hook(commit, "#!/bin/sh\nexit 7\n")
    install(repo, "--chain")
    install(repo)
    repo.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    done = git(repo, "push", str(tmp_path / "remote.git"), "main")
    assert done.returncode == 0, done.stderr
    assert "PASS" in done.stdout + done.stderr
    assert repo.head() in (repo.path / "seen").read_text()
    repo.write("b.txt", "two\n")
    repo.git("add", "b.txt")
    done = git(repo, "commit", "-m", "stopped by the old hook")
    assert done.returncode == 1
    assert "PASS" not in done.stdout + done.stderr
    Path(f"{commit}{hook_files.BACKUP_SUFFIX}").unlink()
    done = git(repo, "commit", "-m", "the old hook is gone")
    assert done.returncode == 1
    assert "is gone" in done.stderr
    assert gate("hook", "uninstall", cwd=repo.path).returncode == 0
    assert push.read_bytes() == old


def test_a_hook_that_was_not_executable_is_kept_and_not_run(repo: Repo) -> None:
    path = repo.path / ".git" / "hooks" / "pre-commit"
    hook(path, "#!/bin/sh\nexit 7\n", 0o644)
    install(repo, "--chain")
    repo.write("b.txt", "two\n")
    repo.git("add", "b.txt")
    assert git(repo, "commit", "-m", "fine").returncode == 0


def test_the_hooks_fail_closed_without_their_python(repo: Repo, tmp_path: Path) -> None:
    gone = tmp_path / "it's" / "python"
    path = repo.path / ".git" / "hooks" / "pre-commit"
    hook(path, hook_files.hook_script("pre-commit", str(gone), chain=False).decode())
    repo.write("b.txt", "two\n")
    repo.git("add", "b.txt")
    done = git(repo, "commit", "-m", "nobody looked")
    assert done.returncode == 1
    assert "zt-gate hook install" in done.stderr
    hook(gone, "#!/bin/sh\nexit 1\n")
    assert git(repo, "commit", "-m", "a Python without the gate").returncode == 1
    found = hook_files.read_hook(hook_files.HookFolder(str(path.parent)), "pre-commit")
    assert (found.owner, found.python) == (hook_files.Owner.GATE, str(gone))


def test_a_linked_worktree_shares_the_hooks(repo: Repo, tmp_path: Path) -> None:
    side = tmp_path / "side"
    repo.git("worktree", "add", "-q", "-b", "side", str(side))
    hooks = install(repo, cwd=side)
    assert all(path.exists() for path in hooks)
    (side / "b.txt").write_text(f"KEY = '{KEY}'\n")
    assert git(repo, "add", "b.txt", cwd=side).returncode == 0
    assert git(repo, "commit", "-m", "side", cwd=side).returncode == 1


@pytest.mark.parametrize("where", ["absolute", "relative", "home"])
def test_hooks_path_is_respected(where: str, repo: Repo, tmp_path: Path) -> None:
    setting = {"absolute": str(tmp_path / "h"), "relative": "../h", "home": "~/h"}[
        where
    ]
    repo.git("config", "core.hooksPath", setting)
    env = {"HOME": str(tmp_path)}
    done = gate("hook", "install", cwd=repo.path, **env)
    assert done.returncode == 0, done.stderr
    assert "core.hooksPath" in done.stdout
    assert (tmp_path / "h" / "pre-commit").exists()
    repo.write("b.txt", f"KEY = '{KEY}'\n")
    repo.git("add", "b.txt")
    assert git(repo, "commit", "-m", "key", **env).returncode == 1


@pytest.mark.parametrize(
    "setting", [".githooks", "{root}/.githooks", "{link}/.githooks"]
)
def test_a_hooks_folder_in_the_work_tree_is_refused(
    setting: str, repo: Repo, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(repo.path)
    named = setting.format(root=repo.path, link=tmp_path / "link")
    repo.git("config", "core.hooksPath", named)
    done = gate("hook", "install", cwd=repo.path)
    assert done.returncode == 3
    assert "core.hooksPath" in one_line(done)
    assert not (repo.path / ".githooks").exists()


def test_a_hooks_folder_that_is_a_link_is_refused(repo: Repo) -> None:
    hooks = repo.path / ".git" / "hooks"
    hooks.rename(repo.path / "hooks")
    hooks.symlink_to("../hooks")
    assert "part of the work tree" in one_line(gate("hook", "install", cwd=repo.path))


@pytest.mark.parametrize(
    "words",
    [
        ["uninstall", "--chain"],
        ["install", "more"],
        ["commit-msg"],
        ["commit-msg", "a", "b"],
    ],
)
def test_wrong_arguments(words: Sequence[str], repo: Repo) -> None:
    assert gate("hook", *words, cwd=repo.path).returncode == 2


def test_real_pre_commit_runs_all_three(repo: Repo, tmp_path: Path) -> None:
    pytest.importorskip("pre_commit")
    entries = "".join(
        f"      - id: {name}\n        name: {name}\n        language: system\n"
        f"        entry: {sys.executable} -I -m zt_gate hook {name}\n        always_run: true\n"
        f"        pass_filenames: {'true' if name == 'commit-msg' else 'false'}\n"
        f"        stages: [{name}]\n"
        for name in NAMES
    )
    repo.write(
        ".pre-commit-config.yaml", f"repos:\n  - repo: local\n    hooks:\n{entries}"
    )
    repo.commit("configured")
    env = {"PRE_COMMIT_HOME": str(tmp_path / "home")}
    types = [word for name in NAMES for word in ("-t", name)]
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "install", *types],
        cwd=repo.path, env={**GIT_ENV, "HOME": str(tmp_path), **env}, capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = gate("hook", "install", cwd=repo.path)
    assert ".pre-commit-config.yaml" in one_line(done)
    repo.write("b.txt", "two\n")
    repo.git("add", "b.txt")
    refused = git(repo, "commit", "-m", f"see {KEY}", **env)
    assert refused.returncode == 1
    assert "secrets/" in refused.stdout + refused.stderr
    assert git(repo, "commit", "-m", "fine", **env).returncode == 0
    # pre-commit names the first commit that the remote lacks; here the remote has it.
    remote = tmp_path / "remote.git"
    repo.git("init", "-q", "--bare", str(remote))
    repo.git("remote", "add", "origin", str(remote))
    repo.write("b.txt", f"KEY = '{KEY}'\n")
    repo.git("commit", "-q", "--no-verify", "-a", "-m", "with a key")
    repo.git("push", "-q", "--no-verify", "origin", "main")
    repo.git("checkout", "-q", "-b", "topic")
    repo.write("b.txt", "three\n")
    repo.git("commit", "-q", "--no-verify", "-a", "-m", "without")
    done = git(repo, "push", "origin", "topic", **env)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pre_commit_run_with_a_range_scans_the_range(repo: Repo) -> None:
    base = repo.head()
    repo.write("b.txt", f"KEY = '{KEY}'\n")
    head = repo.commit("with a key")
    named = {"PRE_COMMIT_FROM_REF": base, "PRE_COMMIT_TO_REF": head}
    for hook_name in ("pre-commit", "manual"):
        assert gate("hook", hook_name, cwd=repo.path, **named).returncode == 1
    done = gate("hook", "pre-commit", cwd=repo.path, PRE_COMMIT_FROM_REF=base)
    assert done.returncode == 2
    assert gate("hook", "pre-commit", cwd=repo.path).returncode == 0


def short_path(folder: Path) -> str:
    """Return a PATH with git alone, as a graphical client has it."""
    folder.mkdir()
    git = shutil.which("git")
    assert git is not None
    (folder / "git").symlink_to(git)
    for name in ("sh", "cat"):
        (folder / name).symlink_to(shutil.which(name) or "")
    return str(folder)


@pytest.mark.parametrize("change", ["key", "package", "message", "push"])
def test_a_graphical_client_gets_a_command_that_works(
    change: str, repo: Repo, tmp_path: Path
) -> None:
    """Without a terminal and with a short PATH, "zt-gate approve" was no command."""
    assert gate("hook", "install", cwd=repo.path).returncode == 0
    script = Path(sys.executable).with_name("zt-gate")
    program = str(script) if script.exists() else f"{sys.executable} -I -m zt_gate"
    env = {**GIT_ENV, "PATH": short_path(tmp_path / "bin"), "HOME": str(tmp_path)}
    env["https_proxy"] = env["http_proxy"] = "http://127.0.0.1:9"
    words, said = ["commit", "-q", "-m", "x"], f"In a terminal, run: {program} approve"
    if change == "key":
        repo.write("key.py", KEY)
    elif change == "package":
        repo.write("requirements.txt", "a-package-of-our-own==1.0\n")
        said = f"{program} scan --scanner dependencies --range HEAD~1..HEAD"
    elif change == "message":
        repo.write("b.py", "x = 1\n")
        words = ["commit", "-q", "-m", KEY]
        said = f"next: {program} explain secrets/"
    else:
        repo.git("init", "-q", "--bare", str(tmp_path / "remote"))
        repo.write("key.py", KEY)
        repo.git("add", "-A")
        repo.git("commit", "-q", "--no-verify", "-m", "x")
        words = ["push", "-q", str(tmp_path / "remote"), "main"]
    repo.git("add", "-A")
    done = subprocess.run(
        ["git", *words], cwd=repo.path, env=env, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, start_new_session=True,
    )  # fmt: skip
    text = " ".join((done.stdout + done.stderr).split())
    assert said in text, text
    assert (done.returncode == 0) == (change == "package")


def test_the_hook_of_a_message_does_not_say_that_nothing_is_staged(repo: Repo) -> None:
    assert gate("hook", "install", cwd=repo.path).returncode == 0
    repo.write("b.py", "x = 1\n")
    repo.git("add", "-A")
    done = subprocess.run(
        ["git", "commit", "-m", "x"], cwd=repo.path, env={**GIT_ENV, "HOME": "/"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "nothing is staged" not in done.stdout + done.stderr


def test_a_named_pipe_as_a_hook_does_not_block(repo: Repo) -> None:
    path = repo.path / ".git" / "hooks" / "pre-commit"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    hook = hook_files.read_hook(hook_files.HookFolder(str(path.parent)), "pre-commit")
    assert (hook.owner, hook.data) == (hook_files.Owner.FOREIGN, b"")


@pytest.mark.parametrize("chain", [False, True])
def test_a_hook_of_a_removed_installation_names_the_line_that_removes_it(
    repo: Repo, tmp_path: Path, *, chain: bool
) -> None:
    path = repo.path / ".git" / "hooks" / "pre-commit"
    name = str(tmp_path / "no such" / "python")
    hook(path, hook_files.hook_script("pre-commit", name, chain=chain).decode())
    before = hook(Path(f"{path}{hook_files.BACKUP_SUFFIX}"), "#!/bin/sh\nexit 0\n")
    repo.write("b.txt", "two\n")
    repo.git("add", "b.txt")
    done = git(repo, "commit", "-m", "nobody looked")
    assert done.returncode == 1
    assert "nothing was checked" in done.stderr
    (line,) = [
        text for text in done.stderr.splitlines() if "to remove its hooks" in text
    ]
    command = line.partition("run: ")[2]
    subprocess.run(["sh", "-c", command], cwd=repo.path, check=True)
    assert git(repo, "commit", "-m", "without the hook").returncode == 0
    assert path.exists() is chain
    assert not chain or path.read_bytes() == before


def test_the_one_line_removes_all_hooks_of_the_gate_and_no_other(
    repo: Repo, tmp_path: Path
) -> None:
    """After the first hook the next ones would stop the commit, too."""
    folder = repo.path / ".git" / "hooks"
    old = hook(folder / "commit-msg", "#!/bin/sh\nexit 0\n")
    install(repo, "--chain")
    for name in NAMES:
        text = (
            (folder / name).read_text().replace(sys.executable, str(tmp_path / "gone"))
        )
        hook(folder / name, text)
    own = hook(folder / "post-commit", "#!/bin/sh\nexit 0\n")
    tree = tmp_path / "linked tree"
    repo.git("worktree", "add", "-q", "-b", "linked", str(tree))
    for cwd in (tree, repo.path):
        done = git(repo, "commit", "--allow-empty", "-m", "nobody looked", cwd=cwd)
        assert done.returncode == 1
    (line,) = [
        text for text in done.stderr.splitlines() if "to remove its hooks" in text
    ]
    command = line.partition("run: ")[2]
    subprocess.run(["sh", "-c", command], cwd=repo.path, check=True)
    left = {path.name for path in folder.iterdir() if not path.name.endswith(".sample")}
    assert left == {"commit-msg", "post-commit"}
    assert (folder / "commit-msg").read_bytes() == old
    assert (folder / "post-commit").read_bytes() == own
    assert git(repo, "commit", "--allow-empty", "-m", "no hook").returncode == 0


@pytest.mark.parametrize("chain", [False, True])
@pytest.mark.parametrize("name", ["pre-commit", "commit-msg"])
def test_a_hook_says_that_the_gate_was_uninstalled(
    name: str,
    repo: Repo,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    chain: bool,
) -> None:
    path = repo.path / ".git" / "hooks" / name
    monkeypatch.setattr(hook_files, "_package", lambda: str(tmp_path / "gone.py"))
    script = hook_files.hook_script(name, sys.executable, chain=chain)
    hook(path, script.decode())
    hook(Path(f"{path}{hook_files.BACKUP_SUFFIX}"), "#!/bin/sh\nexit 0\n")
    done = git(repo, "commit", "--allow-empty", "-m", "nobody looked")
    assert done.returncode == 1
    assert "no longer installed" in done.stderr
    assert "zt-gate hook install" in done.stderr


def test_husky_keeps_its_hooks_and_the_gate_says_where_to_go(repo: Repo) -> None:
    for setting in (".husky/_", ".husky", "web/.husky/_", "./.husky/_"):
        repo.git("config", "core.hooksPath", setting)
        done = gate("hook", "install", cwd=repo.path)
        assert done.returncode == 3
        text = one_line(done)
        assert "husky owns git's hooks" in text
        assert "zt-gate hook pre-commit" in text
        assert "--unset" not in text
    repo.git("config", "core.hooksPath", ".hooks")
    assert "--unset" in one_line(gate("hook", "install", cwd=repo.path))


def test_lefthook_keeps_its_hooks_and_the_gate_says_where_to_go(repo: Repo) -> None:
    path = repo.path / ".git" / "hooks" / "pre-commit"
    hook(path, '#!/bin/sh\ncall_lefthook run "pre-commit" "$@"\n')
    done = gate("hook", "install", cwd=repo.path)
    assert done.returncode == 3
    assert "lefthook.yml: zt-gate hook pre-commit {0}" in one_line(done)


def test_uninstall_says_that_there_is_nothing(repo: Repo) -> None:
    done = gate("hook", "uninstall", cwd=repo.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no hooks are installed" in done.stdout

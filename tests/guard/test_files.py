"""Files that a tool would read or write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zt_gate.guard.action import ReadFile, WriteFile
from zt_gate.guard.context import GuardContext
from zt_gate.guard.decision import Answer, Concern
from zt_gate.guard.files.judge import judge_file
from zt_gate.guard.files.names import is_git_folder
from zt_gate.guard.files.resolve import PathProblemError, real_paths
from zt_gate.guard.task import NARROWEST, Task
from zt_gate.record import replace

DEVELOP = Task("develop", commands=("*",), is_narrow=False, may_write=True)


@pytest.fixture
def context(tmp_path: Path) -> GuardContext:
    home, root = tmp_path / "home", tmp_path / "home" / "project"
    for folder in (".ssh", ".aws", ".claude", ".local/state/zt-gate"):
        (home / folder).mkdir(parents=True)
    (root / ".git" / "hooks").mkdir(parents=True)
    (root / "src").mkdir()
    (root / "src" / "a.py").write_text("x = 1\n")
    (home / ".ssh" / "id_ed25519").write_text("key\n")
    (home / ".aws" / "credentials").write_text("key\n")
    (root / ".git" / "hooks" / "pre-commit").write_text("#!/bin/sh\n")
    own = (str(home / ".claude"), str(home / ".local/state/zt-gate"))
    return GuardContext(str(root), str(home), DEVELOP, {}, own, temporary=("/nowhere",))


def controls(concerns: tuple[Concern, ...]) -> set[str]:
    assert all(concern.reason.endswith(".") for concern in concerns)
    return {concern.control for concern in concerns}


def read(context: GuardContext, path: str) -> set[str]:
    return controls(judge_file(ReadFile(path, context.root), context))


def write(context: GuardContext, path: str) -> set[str]:
    return controls(judge_file(WriteFile(path, context.root, b"x"), context))


@pytest.mark.parametrize(
    "path",
    [
        "~/.ssh/id_ed25519",
        "../.ssh/id_ed25519",
        "src/../../.ssh/id_ed25519",
        "{home}/.SSH/ID_ED25519",
        "{home}//.aws//credentials",
        "/proc/self/root{home}/.aws/credentials",
        "/proc/self/cwd/../.aws/credentials",
        "/proc/thread-self/root/proc/self/root{home}/.aws/credentials",
        "file://{home}/.aws/credentials",
        "/etc/shadow",
        "/root/.ssh/id_rsa",
        "/run/secrets/db",
        "~/.config/gh/hosts.yml",
        "~/.codex/auth.json",
        "~/.claude/.credentials.json",
        "~/.config/git/credentials",
        "~/.gemini/oauth_creds.json",
    ],
)
def test_credentials_are_not_read(context: GuardContext, path: str) -> None:
    path = path.format(home=context.home)
    (concern,) = judge_file(ReadFile(path, context.root), context)
    assert concern.control == "credentials/file-read"
    assert concern.is_attack


@pytest.mark.parametrize(
    "path", ["/proc/1/environ", "/proc/self/environ", "/proc/self/mem"]
)
def test_processes_are_not_read(context: GuardContext, path: str) -> None:
    (concern,) = judge_file(ReadFile(path, context.root), context)
    assert concern.control in {"system/process-read", "credentials/file-read"}
    assert concern.is_attack


@pytest.mark.parametrize("kind", ["link", "folder link", "hard link"])
def test_other_names_of_a_credential_are_not_read(
    context: GuardContext, kind: str
) -> None:
    root, home = Path(context.root), Path(context.home)
    if kind == "link":
        (root / "notes").symlink_to(home / ".ssh" / "id_ed25519")
        path = "notes"
    elif kind == "folder link":
        (root / "keys").symlink_to(home / ".ssh")
        path = "keys/id_ed25519"
    else:
        os.link(home / ".ssh" / "id_ed25519", root / "notes")
        path = "notes"
    assert "credentials/file-read" in read(context, path)


def test_a_link_before_dots_is_followed_as_the_kernel_does(
    context: GuardContext,
) -> None:
    """A tool that makes the path plain first would look elsewhere: both are judged."""
    root, home = Path(context.root), Path(context.home)
    (home / ".ssh" / "sub").mkdir()
    (root / "src" / "link").symlink_to(home / ".ssh" / "sub")
    assert "credentials/file-read" in read(context, "src/link/../id_ed25519")


@pytest.mark.parametrize(
    "path",
    ["src/a.py", "README.md", "/usr/include/stdio.h",
     ".env.example", "/proc/cpuinfo", "/proc/self/status", ".git/config", "src"],
)  # fmt: skip
def test_honest_reading_is_silent(context: GuardContext, path: str) -> None:
    assert read(context, path) == set()


@pytest.mark.parametrize(
    "path", [".env", "config/.env.production", "terraform.tfstate"]
)
def test_secrets_of_the_project_are_asked_about(
    context: GuardContext, path: str
) -> None:
    (concern,) = judge_file(ReadFile(path, context.root), context)
    assert concern.control == "credentials/project-secret"
    assert concern.answer is Answer.ASK
    assert not concern.is_attack


def test_a_search_of_the_home_would_read_credentials(context: GuardContext) -> None:
    assert "credentials/swept" in read(context, "~")
    assert "credentials/swept" in read(context, "/")


@pytest.mark.parametrize(
    ("path", "control"),
    [
        ("~/.claude/settings.json", "guard/own-files"),
        ("~/.CLAUDE/Settings.json", "guard/own-files"),
        ("~/.local/state/zt-gate/guard/pins/all.json", "guard/own-files"),
        (".git/hooks/pre-commit", "gate/git-internals"),
        (".GIT/config", "gate/git-internals"),
        ("sub/.git/hooks/x", "gate/git-internals"),
        (".zt-gate.toml", "gate/hook-files"),
        (".zt-gate-baseline", "gate/hook-files"),
        ("~/.bashrc", "persistence/startup"),
        ("~/.ssh/authorized_keys", "persistence/access"),
        ("/etc/cron.d/x", "persistence/startup"),
        ("~/.aws/credentials", "persistence/access"),
    ],
)
def test_what_no_session_may_change(
    context: GuardContext, path: str, control: str
) -> None:
    (concern,) = judge_file(WriteFile(path, context.root, b"x"), context)
    assert concern.control == control
    assert concern.is_attack


def test_a_folder_above_what_is_protected_is_not_removed(context: GuardContext) -> None:
    home = Path(context.home)
    concerns = judge_file(WriteFile(str(home / ".local"), "/", None), context)
    assert controls(concerns) == {"guard/own-files"}


def test_a_hard_link_to_a_hook_is_not_written(context: GuardContext) -> None:
    root = Path(context.root)
    os.link(root / ".git" / "hooks" / "pre-commit", root / "notes.sh")
    assert "gate/git-internals" in write(context, "notes.sh")


def test_writing_outside_of_the_project_is_denied(context: GuardContext) -> None:
    assert write(context, "~/other/a.py") == {"files/write-outside"}
    assert write(context, "/tmp/../nowhere2/a") == {"files/write-outside"}
    assert write(context, "/nowhere/a") == set()


def test_writing_through_a_link_is_judged_where_it_leads(context: GuardContext) -> None:
    Path(context.root, "out").symlink_to(context.home)
    assert write(context, "out/.bashrc") == {"persistence/startup"}


def test_honest_writing_is_silent(context: GuardContext) -> None:
    for path in (
        "src/a.py",
        "src/new/b.py",
        "tests/test_a.py",
        ".gitignore",
        ".github/x.yml",
    ):
        assert write(context, path) == set()


def test_restricted_paths_of_the_task(context: GuardContext) -> None:
    Path(context.root, "infra").mkdir()
    task = replace(DEVELOP, restricted=("/infra/", "*.lock"))
    narrow = replace(context, task=task)
    for path in ("infra/a", "INFRA/a", "src/x.lock", "src/../infra/a"):
        assert read(narrow, path) == {"task/path-restricted"}, path
        assert write(narrow, path) == {"task/path-restricted"}, path
    assert read(narrow, "src/a.py") == set()
    assert read(narrow, ".") == {"task/path-restricted"}


def test_allowed_paths_of_the_task(context: GuardContext) -> None:
    task = replace(DEVELOP, allowed=("/src/",), is_narrow=True)
    narrow = replace(context, task=task)
    assert read(narrow, "src/a.py") == set()
    assert read(narrow, "src") == set()
    assert read(narrow, "README.md") == {"task/path-not-allowed"}
    assert write(narrow, "tests/a.py") == {"task/path-not-allowed"}
    assert read(narrow, "/usr/include/stdio.h") == {"task/path-outside"}


def test_the_narrowest_task_reads_in_the_project_and_writes_nothing(
    context: GuardContext,
) -> None:
    narrow = replace(context, task=NARROWEST)
    assert read(narrow, "src/a.py") == set()
    assert write(narrow, "src/a.py") == {"task/no-writes"}


def test_a_path_with_nul_is_no_file(context: GuardContext) -> None:
    assert read(context, "src/a.py\0.txt") == {"files/path"}


@pytest.mark.parametrize(
    "name", [".git", ".GIT", ".git ", ".git.", "git~1", ".g\u200cit"]
)
def test_spellings_of_the_git_folder(name: str) -> None:
    assert is_git_folder(f"/r/{name}/hooks/x")


@pytest.mark.parametrize(
    "name", [".gitignore", ".github", "git", ".gitattributes", "x.git"]
)
def test_names_that_are_no_git_folder(name: str) -> None:
    assert not is_git_folder(f"/r/{name}/x")


PARTS = st.sampled_from(
    ["..", ".", "src", "link", "~", ".ssh", "proc", "self", "root", ""]
)


@settings(deadline=None)
@given(st.lists(PARTS, max_size=8), st.booleans())
def test_every_path_is_real_or_a_problem(parts: list[str], absolute: bool) -> None:
    path = ("/" if absolute else "") + "/".join(parts)
    try:
        found = real_paths(path, "/tmp", "/root")
    except PathProblemError:
        assert not path
        return
    for real in found:
        assert os.path.isabs(real)
        assert ".." not in real.split("/")

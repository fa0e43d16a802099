"""What hides content from a plain diff hides nothing from the gate, and runs nothing.

One test for each line of the list of measured tricks.  Each plants a key, plays
the trick in the same change or in the repository's own configuration, and wants
verdict fail with the key's line, and no trace of a program that ran.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import run_gate
from tests.e2e.planted import key
from tests.support.repo import Repo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = "café.py".encode()


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that exists as soon as a program of the repository has run."""
    return tmp_path / "canary"


@pytest.fixture
def tool(tmp_path: Path, canary: Path) -> str:
    """A program that leaves the canary."""
    program = tmp_path / "tool"
    program.write_text(f"#!/bin/sh\ntouch {canary}\ncat\n")
    program.chmod(0o755)
    return str(program)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("README.md", "before\n")
    made.write("app.py", "print(1)\n" * 30)
    made.commit("before")
    return made


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    }  # fmt: skip


def plant() -> str:
    return f'KEY = "{key()}"\n'


def judged(
    repo: Repo, environ: dict[str, str], *words: str
) -> tuple[int, dict[str, Any]]:
    done = run_gate("scan", "--scanner", "secrets", "--format", "json", *words,
                    cwd=repo.path, environ=environ)  # fmt: skip
    assert b"Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def attributes_off(repo: Repo, tool: str) -> None:
    repo.write(".gitattributes", "*.py -diff\n")
    repo.write("new.py", plant())


def attributes_binary(repo: Repo, tool: str) -> None:
    repo.write(".gitattributes", "*.py binary\n")
    repo.write("new.py", plant())


def nul_byte(repo: Repo, tool: str) -> None:
    repo.write("new.py", b"x = 1  # \x00\n" + plant().encode())


def ignored_submodule(repo: Repo, tool: str) -> None:
    repo.write(
        ".gitmodules", '[submodule "s"]\n\tpath = s\n\turl = ./s\n\tignore = all\n'
    )
    repo.write("new.py", plant())
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},s")


def diff_driver(repo: Repo, tool: str) -> None:
    repo.write(".gitattributes", "*.py diff=X\n")
    repo.git("config", "diff.X.command", tool)
    repo.git("config", "diff.X.textconv", tool)
    repo.write("new.py", plant())


def external_diff(repo: Repo, tool: str) -> None:
    repo.git("config", "diff.external", tool)
    repo.write("new.py", plant())


def rename_with_edit(repo: Repo, tool: str) -> None:
    repo.git("mv", "app.py", "moved.py")
    repo.write("moved.py", "print(1)\n" * 30 + plant())


def fsmonitor(repo: Repo, tool: str) -> None:
    repo.git("config", "core.fsmonitor", tool)
    repo.write("new.py", plant())


def patch_format(repo: Repo, tool: str) -> None:
    repo.git("config", "diff.noprefix", "true")
    repo.git("config", "diff.mnemonicPrefix", "true")
    repo.git("config", "color.ui", "always")
    repo.git("config", "diff.interHunkContext", "20")
    repo.git("config", "diff.context", "9")
    repo.git("config", "diff.renames", "false")
    repo.git("config", "diff.orderFile", os.devnull)
    repo.write("new.py", plant())


def nested_bare_repository(repo: Repo, tool: str) -> None:
    for name in ("objects", "refs"):
        os.makedirs(repo.path / name, exist_ok=True)
    repo.write("HEAD", "ref: refs/heads/main\n")
    repo.write("config", f"[core]\n\tbare = true\n\tfsmonitor = {tool}\n")
    repo.write("new.py", plant())


def magic_name(repo: Repo, tool: str) -> None:
    repo.write(":(exclude)new.py", "x = 1\n")
    repo.write("new.py", plant())


def hooks_and_filters(repo: Repo, tool: str) -> None:
    repo.write(".gitattributes", "*.txt filter=x\n")
    repo.git("config", "filter.x.process", tool)
    repo.git("config", "core.hooksPath", str(repo.path / "hooks"))
    repo.write("new.py", plant())


def ignored_path(repo: Repo, tool: str) -> None:
    repo.write(".gitignore", "new.py\n")
    repo.write("new.py", plant())


TRICKS = [
    attributes_off, attributes_binary, nul_byte, ignored_submodule, diff_driver, external_diff,
    rename_with_edit, fsmonitor, patch_format, nested_bare_repository, magic_name,
    hooks_and_filters, ignored_path,
]  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
def test_staged(
    trick: Callable[[Repo, str], None],
    repo: Repo,
    environ: dict[str, str],
    tool: str,
    canary: Path,
) -> None:
    trick(repo, tool)
    repo.git("-c", "core.fsmonitor=false", "-c", "filter.x.process=", "add", "-A", "-f")
    canary.unlink(missing_ok=True)
    code, report = judged(repo, environ)
    assert code == 1, report
    assert [f["rule"] for f in report["findings"] if f["level"] == "block"] == [
        "secrets/anthropic-api-key"
    ]
    assert not canary.exists()


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
def test_range(
    trick: Callable[[Repo, str], None],
    repo: Repo,
    environ: dict[str, str],
    tool: str,
    canary: Path,
) -> None:
    base = repo.head()
    trick(repo, tool)
    safe = (
        "-c",
        "core.fsmonitor=false",
        "-c",
        "filter.x.process=",
        "-c",
        "core.hooksPath=/dev/null",
    )
    repo.git(*safe, "add", "-A", "-f")
    repo.git(*safe, "commit", "-q", "-m", "tricky")
    canary.unlink(missing_ok=True)
    code, report = judged(repo, environ, "--range", f"{base}..HEAD")
    assert code == 1, report
    assert not canary.exists()


def test_worktree_edits_cannot_be_marked_away(
    repo: Repo, environ: dict[str, str], tool: str, canary: Path
) -> None:
    repo.write(".gitattributes", "*.py filter=x\n")
    repo.git("config", "filter.x.clean", tool)
    repo.git("config", "core.fsmonitor", tool)
    repo.git(
        "-c", "core.fsmonitor=false", "update-index", "--assume-unchanged", "app.py"
    )
    repo.git(
        "-c", "core.fsmonitor=false", "update-index", "--skip-worktree", "README.md"
    )
    canary.unlink(missing_ok=True)
    repo.write("app.py", "print(1)\n" * 30 + plant())
    code, report = judged(repo, environ, "--worktree")
    assert code == 1, report
    assert report["findings"][0]["path"] == "app.py"
    assert not canary.exists()


def test_a_link_in_the_work_tree_is_not_followed(
    repo: Repo, environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text(plant())
    os.symlink(tmp_path / "outside", repo.path / "link.py")
    code, report = judged(repo, environ, "--worktree")
    assert code == 0, report
    assert report["verdict"] == "pass"


def test_grafts_do_not_move_the_merge_base(repo: Repo, environ: dict[str, str]) -> None:
    base = repo.head()
    repo.write("new.py", plant())
    with_key = repo.commit("with a key")
    repo.write("other.py", "x = 1\n")
    head = repo.commit("after")
    repo.write(".git/info/grafts", f"{head} {with_key}\n{with_key}\n")
    repo.git("replace", "-f", with_key, base)
    code, report = judged(repo, environ, "--range", f"{base}..{head}")
    assert code == 1, report
    assert report["source"]["base"] == base


def test_a_promisor_remote_fetches_nothing(
    repo: Repo, environ: dict[str, str], tool: str, canary: Path
) -> None:
    repo.write("new.py", plant())
    repo.git("add", "-A")
    oid = repo.git("rev-parse", ":new.py").decode().strip()
    repo.git("config", "core.repositoryformatversion", "1")
    repo.git("config", "extensions.partialClone", "origin")
    repo.git("config", "remote.origin.url", "ssh://localhost/x")
    repo.git("config", "remote.origin.promisor", "true")
    repo.git("config", "core.sshCommand", tool)
    os.unlink(repo.path / ".git" / "objects" / oid[:2] / oid[2:])
    canary.unlink(missing_ok=True)
    done = run_gate("scan", "--format", "json", cwd=repo.path, environ=environ)
    assert done.returncode == 3, done.stdout
    assert not canary.exists()


def test_a_git_in_the_scanned_folder_is_not_run(
    repo: Repo, environ: dict[str, str], tool: str, canary: Path
) -> None:
    for name in (
        "git",
        "semgrep",
        "semgrep-core",
        "osemgrep",
        "pysemgrep",
        "pip-audit",
    ):
        repo.write(name, f"#!/bin/sh\ntouch {canary}\n", 0o755)
    repo.write("new.py", plant())
    repo.git("add", "-A")
    code, report = judged(repo, {**environ, "PATH": f".:{repo.path}:{environ['PATH']}"})
    assert code == 1, report
    assert not canary.exists()


def test_the_users_tokens_do_not_reach_a_child(
    repo: Repo, environ: dict[str, str], tmp_path: Path
) -> None:
    """Git's own trace would name the variables; a wrapper on PATH records what it is given."""
    seen = tmp_path / "seen"
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    real = subprocess.run(
        ["sh", "-c", "command -v git"], capture_output=True, text=True, check=True
    )
    wrapper.write_text(f'#!/bin/sh\nenv >> {seen}\nexec {real.stdout.strip()} "$@"\n')
    wrapper.chmod(0o755)
    repo.write("new.py", plant())
    repo.git("add", "-A")
    hostile = {
        "GITHUB_TOKEN": "t0", "SEMGREP_APP_TOKEN": "t1", "PIP_INDEX_URL": "http://u:t2@localhost/",
        "GIT_EXTERNAL_DIFF": "t3", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": "t4", "GIT_TRACE": "1", "GIT_PAGER": "t5", "LD_PRELOAD": "",
        "PYTHONPATH": "t6", "AWS_SECRET_ACCESS_KEY": "t7",
    }  # fmt: skip
    code, report = judged(
        repo, {**environ, **hostile, "PATH": f"{wrapper.parent}:{environ['PATH']}"}
    )
    assert code == 1, report
    recorded = seen.read_text()
    for name in hostile:
        assert f"\n{name}=" not in f"\n{recorded}", name
    for line in ("GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "GIT_GRAFT_FILE=/dev/null",
                 "GIT_NO_REPLACE_OBJECTS=1", "GIT_LITERAL_PATHSPECS=1"):  # fmt: skip
        assert line in recorded


HOSTILE_NAMES = (
    b"caf\xe9.py", b"new\nline.py", b'quo"te.py', b"back\\slash.py", b"esc\x1b[31m.py",
    b"::error::x.py", b"##[stop-commands].py", b"-dash.py", "\u202ertl.py".encode(), b"tab\t.py",
)  # fmt: skip


@pytest.fixture
def hostile_names(repo: Repo) -> Repo:
    for name in HOSTILE_NAMES:
        repo.write(name, plant())
    repo.git("add", "-A")
    return repo


@pytest.mark.parametrize("form", ["terminal", "json", "sarif", "github", "markdown"])
def test_hostile_names_are_judged_and_shown_safely(
    form: str, hostile_names: Repo, environ: dict[str, str]
) -> None:
    done = run_gate("scan", "--scanner", "secrets", "--format", form, "--verbose",
                    cwd=hostile_names.path, environ=environ)  # fmt: skip
    assert done.returncode == 1, done.stderr
    said = done.stdout.decode("utf-8")
    assert said.count("secrets/anthropic-api-key") >= len(HOSTILE_NAMES)
    assert key() not in said
    assert not set(said) & set("\x1b\x07\x08\r\u202e")
    for line in said.splitlines():
        assert "##[" not in line
        assert form == "github" or not line.lstrip().startswith("::")


def test_each_hostile_name_has_a_finding(
    hostile_names: Repo, environ: dict[str, str]
) -> None:
    code, report = judged(hostile_names, environ)
    assert code == 1, report
    found = {
        base64.b64decode(f["path_b64"]) if "path_b64" in f else f["path"].encode()
        for f in report["findings"]
        if f["rule"] == "secrets/anthropic-api-key"
    }
    assert found == set(HOSTILE_NAMES)


def test_a_line_of_many_megabytes(repo: Repo, environ: dict[str, str]) -> None:
    repo.write("big.js", "x" * (12 * 1024 * 1024) + "\n")
    repo.git("add", "-A")
    code, report = judged(repo, environ)
    assert code == 1, report
    assert [f["rule"] for f in report["findings"]] == ["gate/unreadable"]
    assert report["complete"] is False
    repo.write("big.js", "x " * (2 * 1024 * 1024) + plant())
    repo.git("add", "-A")
    code, report = judged(repo, environ)
    assert code == 1, report
    assert [f["rule"] for f in report["findings"]] == ["secrets/anthropic-api-key"]


def test_binary_files_are_listed_and_pass(repo: Repo, environ: dict[str, str]) -> None:
    repo.write("logo.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    repo.git("add", "-A")
    code, report = judged(repo, environ)
    assert code == 0, report
    (run,) = [run for run in report["runs"] if run["scanner"] == "secrets"]
    assert [skip["kind"] for skip in run["not_inspected"]] == ["not_applicable"]


def test_a_script_that_is_called_a_picture_is_scanned(
    repo: Repo, environ: dict[str, str]
) -> None:
    repo.write("logo.png", "#!/bin/sh\n" + plant())
    repo.git("add", "-A")
    code, report = judged(repo, environ)
    assert code == 1, report

"""``zt-gate fix`` on real repositories: what it shows, changes and leaves alone."""

from __future__ import annotations

import os
import pty
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import Repo
from tests.test_cli import gate, one_line
from zt_gate.system.replace_file import FileChangedError, read_below, replace_below

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

BEFORE = (
    "import requests\nimport yaml\n\n\ndef load(text):\n"
    '    requests.get("https://a.example", verify=False)\n'
    "    return yaml.load(text, Loader=yaml.Loader)\n"
)
AFTER = BEFORE.replace("verify=False", "verify=True").replace(
    "yaml.Loader", "yaml.SafeLoader"
)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "repo")
    repo.commit("start")
    return repo


def fix(repo: Repo, *words: str) -> CompletedProcess[str]:
    return gate("fix", "--offline", *words, cwd=repo.path)


def stage(repo: Repo, name: str, content: str | bytes) -> Path:
    repo.write(name, content)
    repo.git("add", "-A", "-f")
    return repo.path / name


def test_a_dry_run_shows_the_diff_and_changes_nothing(repo: Repo) -> None:
    file = stage(repo, "app.py", BEFORE)
    done = fix(repo, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "+    return yaml.load(text, Loader=yaml.SafeLoader)" in done.stdout
    assert "-    requests.get" in done.stdout
    assert "2 fixes in 1 file" in done.stdout
    assert file.read_text() == BEFORE


def test_without_a_terminal_it_asks_for_an_option(repo: Repo) -> None:
    file = stage(repo, "app.py", BEFORE)
    done = fix(repo)
    assert done.returncode == 2
    assert "--yes" in one_line(done)
    assert file.read_text() == BEFORE
    assert fix(repo, "--yes", "--dry-run").returncode == 2


@pytest.mark.parametrize(
    ("words", "is_staged"),
    [((), True), (("--worktree",), False), (("--tree",), False), (("--base", "HEAD~1"), None)],
)  # fmt: skip
def test_with_consent_the_file_is_fixed(
    repo: Repo, words: tuple[str, ...], *, is_staged: bool | None
) -> None:
    repo.write("app.py", BEFORE, mode=0o755)
    if is_staged:
        repo.git("add", "-A")
    if is_staged is None:
        repo.commit("add the application")
    done = fix(repo, "--yes", *words)
    assert done.returncode == 0, done.stderr
    file = repo.path / "app.py"
    assert file.read_text() == AFTER
    assert file.stat().st_mode & 0o777 == 0o755
    assert [item.name for item in repo.path.iterdir() if "zt-gate" in item.name] == []
    assert "0 fixes" in fix(repo, "--yes", *words).stdout or is_staged in {True, None}


@pytest.mark.parametrize(("answer", "expected"), [("y", AFTER), ("n", BEFORE)])
def test_a_person_answers_on_the_terminal(
    repo: Repo, answer: str, expected: str
) -> None:
    file = stage(repo, "app.py", BEFORE)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(repo.path)
        os.execv(
            sys.executable,
            [sys.executable, "-I", "-m", "zt_gate", "fix", "--offline"],
        )
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(terminal, 4096)
    os.write(terminal, answer.encode() + b"\n")
    try:
        while data := os.read(terminal, 4096):
            shown += data
    except OSError:
        pass  # the terminal of a program that has ended
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert file.read_text() == expected
    assert b"SafeLoader" in shown


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.write_text(BEFORE + "x = 1\n"),
        lambda file: file.unlink(),
        lambda file: (file.unlink(), file.symlink_to("/etc/hostname")),
        lambda file: (file.unlink(), file.mkdir()),
    ],
    ids=["content", "gone", "link", "folder"],
)
def test_a_file_that_is_not_what_was_scanned_is_left_alone(
    repo: Repo, change: object
) -> None:
    file = stage(repo, "app.py", BEFORE)
    assert callable(change)
    change(file)
    done = fix(repo, "--yes")
    assert done.returncode == 0, done.stderr
    assert "not fixed: app.py: " in done.stdout
    assert "0 fixes in 0 files" in done.stdout


def test_a_change_that_is_staged_in_part_is_refused(repo: Repo) -> None:
    stage(repo, "app.py", BEFORE)
    repo.write("app.py", BEFORE + "x = 1\n")
    done = fix(repo, "--worktree", "--yes")
    assert done.returncode == 2
    assert "staged differs" in one_line(done)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bom.py", b"\xef\xbb\xbf" + BEFORE.encode()),
        ("latin.py", b"# coding: latin-1\n# caf\xe9\n" + BEFORE.encode()),
        ("utf16.py", BEFORE.encode("utf-16")),
        (".zt-gate.toml", b"[gate]\n"),
    ],
)
def test_what_is_not_certain_stays(repo: Repo, name: str, content: bytes) -> None:
    file = stage(repo, name, content)
    assert fix(repo, "--yes").returncode in {0, 2}
    assert file.read_bytes() == content


def test_line_ends_and_other_lines_stay(repo: Repo) -> None:
    text = "# é 日本 \U0001f600\r\n" + BEFORE.replace("\n", "\r\n")
    file = stage(repo, "app.py", text.encode())
    assert fix(repo, "--yes").returncode == 0
    expected = "# é 日本 \U0001f600\r\n" + AFTER.replace("\n", "\r\n")
    assert file.read_bytes() == expected.encode()


def test_a_secret_is_neither_shown_nor_changed(repo: Repo) -> None:
    key = "AKIA" + "Q3EGRIIZ7PYFK5WL"
    text = (
        f'import requests\n\nrequests.get("https://a.example/?k={key}", verify=False)\n'
    )
    file = stage(repo, "app.py", text)
    done = fix(repo, "--yes")
    assert done.returncode == 0, done.stderr
    assert key not in done.stdout + done.stderr
    assert "its line holds a secret" in done.stdout
    assert file.read_text() == text


def test_the_gates_own_policy_is_never_changed(repo: Repo) -> None:
    """Not even by --pin, whose entries a pyproject.toml has beside the policy."""
    text = '[project]\nname = "x"\ndependencies = ["requests>=2"]\n'
    repo.write("uv.lock", LOCK)
    file = stage(repo, "pyproject.toml", text)
    done = fix(repo, "--yes", "--pin")
    assert "never change the gate's own policy" in done.stdout
    assert file.read_text() == text


LOCK = (
    'version = 1\n[[package]]\nname = "requests"\nversion = "2.31.0"\n'
    'source = { registry = "https://index.example/simple" }\n'
)
PACKAGE = '{\n  "name": "x",\n  "dependencies": {\n    "left-pad": "^1.3.0"\n  }\n}\n'
PACKAGE_LOCK = (
    '{"name":"x","lockfileVersion":3,"packages":{"":{"dependencies":{"left-pad":"^1.3.0"}},'
    '"node_modules/left-pad":{"version":"1.3.1"}}}'
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("requests>=2.0,<3", "requests==2.31.0"),
        ("requests[socks] >= 2.0, <3 ; python_version > '3'",
         "requests[socks] ==2.31.0 ; python_version > '3'"),
        ("requests", "requests==2.31.0"),
        ("requests  # newest", "requests==2.31.0  # newest"),
        ("requests ~= 2.0  # c", "requests ==2.31.0  # c"),
        ("requests==2.30.0", "requests==2.30.0"),
        ("flask>=2", "flask>=2"),
    ],
)  # fmt: skip
def test_versions_become_those_of_the_lock_file(
    repo: Repo, line: str, expected: str
) -> None:
    repo.write("uv.lock", LOCK)
    file = stage(repo, "requirements.txt", line + "\n")
    assert fix(repo, "--yes", "--pin").returncode == 0
    assert file.read_text() == expected + "\n"


def test_npm_versions_become_those_of_the_lock_file(repo: Repo) -> None:
    repo.write("package-lock.json", PACKAGE_LOCK)
    file = stage(repo, "package.json", PACKAGE)
    assert fix(repo, "--yes").returncode == 0
    assert file.read_text() == PACKAGE
    assert fix(repo, "--yes", "--pin").returncode == 0
    assert file.read_text() == PACKAGE.replace("^1.3.0", "1.3.1")


def test_actions_are_pinned_to_the_commit_that_their_repository_names(
    repo: Repo, tmp_path: Path
) -> None:
    """A lightweight tag, an annotated tag (its commit), a branch, and what is none."""
    action = Repo.create(tmp_path / "forge" / "octo" / "act")
    first = action.commit("one")
    action.git("tag", "v1")
    second = action.commit("two")
    action.git("tag", "-a", "v2", "-m", "two")
    workflow = (
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"
        "      - uses: octo/act@v1\n      - uses: 'octo/act/sub@v2'\n"
        "      - uses: octo/act@main # kept\n      - uses: octo/act@v9\n"
        "      - uses: octo/none@v1\n      - uses: ./here\n"
        f"      - uses: octo/act@{first}\n"
    )
    file = stage(repo, ".github/workflows/ci.yml", workflow)
    forge = (tmp_path / "forge").as_uri()
    done = fix(repo, "--yes", "--pin", "--actions-from", forge)
    assert done.returncode == 0, done.stderr
    expected = (
        workflow.replace("octo/act@v1\n", f"octo/act@{first} # v1\n")
        .replace("octo/act/sub@v2'", f"octo/act/sub@{second}' # v2")
        .replace("octo/act@main", f"octo/act@{second}")
    )
    assert file.read_text() == expected
    assert "octo/act@v9 is not pinned: octo/act has no such tag" in done.stdout
    assert "octo/none@v1 is not pinned" in done.stdout


@pytest.mark.parametrize(
    "ref", ["--upload-pack=touch x", "v1/../..", "$(x)", "v1^{commit}"]
)
def test_a_hostile_reference_starts_nothing(
    repo: Repo, tmp_path: Path, ref: str
) -> None:
    text = f"on: push\njobs:\n  a:\n    steps:\n      - uses: octo/act@{ref}\n"
    file = stage(repo, ".github/workflows/ci.yml", text)
    done = fix(repo, "--yes", "--pin", "--actions-from", tmp_path.as_uri())
    assert done.returncode == 0, done.stderr
    assert file.read_text() == text
    assert not (repo.path / "x").exists()


def test_nothing_is_lost_when_the_file_changes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that writes between the last look and the rename keeps its content."""
    file = tmp_path / "a.txt"
    file.write_bytes(b"old")
    rename = os.rename

    def write_first(*words: object, **more: object) -> None:
        if b"new" in os.fsencode(str(words[0])):
            file.write_bytes(b"of another program")
        rename(*words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "rename", write_first)
    with pytest.raises(FileChangedError):
        replace_below(str(tmp_path), b"a.txt", b"old", b"new")
    assert file.read_bytes() == b"of another program"
    assert [item.name for item in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    "path", [b"../x", b"a//b", b"/etc/hostname", b"a/./b", b"", b"link/x", b"pipe"]
)
def test_a_path_that_leads_elsewhere_is_refused(tmp_path: Path, path: bytes) -> None:
    (tmp_path / "link").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileChangedError):
        read_below(str(tmp_path), path, 100)
    with pytest.raises(FileChangedError):
        replace_below(str(tmp_path), path, b"", b"x")


def test_it_needs_a_repository(tmp_path: Path) -> None:
    done = gate("fix", "--dry-run", cwd=tmp_path)
    assert done.returncode != 0
    assert one_line(done)

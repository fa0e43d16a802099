"""The user's own review command in a local hook: it informs, and decides nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import Repo
from tests.test_cli import gate

if TYPE_CHECKING:
    import subprocess

KEY = "-".join(("sk", "ant", "api03", "Zq7" * 31 + "AA"))
SHOWN = "review command (no part of the verdict"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("a.txt", "one\n")
    made.commit()
    made.write("a.txt", "one\ntwo\n")
    made.git("add", "-A")
    return made


def tool(folder: Path, body: str) -> Path:
    """A review program outside of the repository, which also leaves a mark when it runs."""
    program = folder / "tool"
    program.write_text(f"#!/bin/sh\n: > '{folder}/ran'\n{body}\n")
    program.chmod(0o755)
    return program


def settings(home: Path, text: str) -> Path:
    file = home / ".config" / "zt-gate" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_text(text)
    return file


def committing(
    repo: Repo, home: Path, **added: str
) -> subprocess.CompletedProcess[str]:
    return gate("hook", "pre-commit", cwd=repo.path, HOME=str(home), **added)


def test_the_command_gets_the_masked_diff_and_nothing_else(
    repo: Repo, home: Path, tmp_path: Path
) -> None:
    repo.write(
        ".zt-gate.toml",
        '[[ignore]]\nrule = "secrets/*"\npath = "keys.txt"\nreason = "an example"\n',
    )
    repo.commit()
    repo.write("keys.txt", f"key = {KEY}\n")
    repo.git("add", "-A")
    program = tool(tmp_path, "echo ARGS $*; pwd; ls -A; env; cat")
    settings(
        home,
        f"[review]\ncommand = \"{program} --print 'look at it'\"\n"
        'environment = ["MODEL_KEY", "HOME"]\n',
    )
    done = committing(repo, home, MODEL_KEY="for the tool", OTHER="not for it")
    assert done.returncode == 0, done.stderr
    _, _, output = done.stderr.partition(SHOWN)
    assert "  | ARGS --print look at it\n" in output
    assert "  | MODEL_KEY=for the tool\n" in output
    assert f"  | HOME={home}\n" in output
    assert "OTHER" not in output
    assert "GIT_" not in output
    assert "  | +key = sk-a" in output
    assert KEY not in done.stdout + done.stderr
    assert f"  | {repo.path}\n" not in output
    # Without its name the home is the empty folder.
    settings(home, f'[review]\ncommand = "{program}"\n')
    assert f"HOME={home}\n" not in committing(repo, home).stderr


def test_its_text_is_shown_without_terminal_escapes_and_log_commands(
    repo: Repo, home: Path, tmp_path: Path
) -> None:
    text = r"\033[2J\033]0;title\007 PASS\r\n::error::x\n##[group]y\nzt-gate: all is well\n"
    settings(home, f'[review]\ncommand = "{tool(tmp_path, f"printf {text!r}")}"\n')
    done = committing(repo, home)
    _, _, output = done.stderr.partition(SHOWN)
    assert "PASS" in output
    assert "\x1b" not in done.stderr
    assert "\x07" not in done.stderr
    assert "\r" not in done.stderr
    lines = output.splitlines()[1:]
    assert lines
    assert all(line.startswith("  | ") for line in lines)
    assert "##[" not in output
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo FAIL; exit 1", "ended with exit code 1"),
        ("kill -9 $$", "ended with exit code -9"),
        ("exit 0", "printed nothing"),
        ("yes", "printed more than"),
        ("exec sleep 600", "tool"),
    ],
)
def test_a_failure_or_a_time_out_is_said_and_stops_nobody(
    repo: Repo, home: Path, tmp_path: Path, body: str, said: str
) -> None:
    program = tool(tmp_path, body)
    settings(home, f'[review]\ncommand = "{program}"\ntimeout-seconds = 1\n')
    done = committing(repo, home)
    assert done.returncode == 0
    _, _, output = done.stderr.partition(SHOWN)
    assert "Review command" in output
    assert said in output
    assert (tmp_path / "ran").exists()


def test_the_settings_in_the_documentation(
    repo: Repo, home: Path, tmp_path: Path
) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "hooks.md").read_text()
    (example,) = re.findall(r"```toml\n(\[review\].*?)```", page, re.DOTALL)
    program = tool(tmp_path, 'echo "$1/$2"')
    program.rename(tmp_path / "claude")
    settings(home, example)
    done = committing(repo, home, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 0
    assert "  | --print/Review the change on standard input" in done.stderr


def test_its_praise_passes_nothing(repo: Repo, home: Path, tmp_path: Path) -> None:
    repo.write("keys.txt", f"key = {KEY}\n")
    repo.git("add", "-A")
    settings(home, f'[review]\ncommand = "{tool(tmp_path, "echo PASS")}"\n')
    done = committing(repo, home)
    assert done.returncode == 1
    assert "review command not run" in done.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[review\n", "config.toml:1"),
        ('[review]\ncommand = "x"\nprofile = "advisory"\n', "unknown key 'profile'"),
        ('profile = "advisory"\n', "unknown key 'profile'"),
        ("[review]\n", "command in [review] is missing"),
        ("[review]\ncommand = 1\n", "must be a string"),
        ('[review]\ncommand = "x"\ntimeout-seconds = 0\n', "must be 1 to 3600"),
        ('[review]\ncommand = "x"\ntimeout-seconds = true\n', "must be 1 to 3600"),
        ('[review]\ncommand = "\'"\n', "not a valid shell command"),
        ('[review]\ncommand = "no-such-program"\n', "not on PATH"),
        ("# " + "x" * 70_000, "larger than 64 KB"),
    ],
)
def test_wrong_settings_are_one_line_and_stop_nobody(
    repo: Repo, home: Path, text: str, said: str
) -> None:
    settings(home, text)
    done = committing(repo, home)
    assert done.returncode == 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_repository_cannot_bring_the_settings(
    repo: Repo, home: Path, tmp_path: Path
) -> None:
    program = tool(tmp_path, "echo ran")
    text = f'[review]\ncommand = "{program}"\n'
    for name in (".zt-gate.toml", ".config/zt-gate/config.toml", "zt-gate/config.toml"):
        repo.write(name, text)
    file = settings(home, text)
    file.unlink()
    # The home or XDG_CONFIG_HOME is in the repository, the file links into it, or others
    # can write it.
    inside = committing(repo, repo.path)
    assert "inside of the repository" in inside.stderr
    assert inside.returncode == 0
    configured = committing(repo, home, XDG_CONFIG_HOME=str(repo.path))
    assert "inside of the repository" in configured.stderr
    os.symlink(repo.path / "zt-gate" / "config.toml", file)
    assert "inside of the repository" in committing(repo, home).stderr
    file.unlink()
    file.write_text(text)
    file.chmod(0o666)
    assert "other users can write it" in committing(repo, home).stderr
    file.unlink()
    os.mkfifo(file)
    assert "named pipe" in committing(repo, home).stderr
    file.unlink()
    assert "review command" not in committing(repo, home).stderr
    assert not (tmp_path / "ran").exists()


def test_a_program_of_the_repository_is_not_started(
    repo: Repo, home: Path, tmp_path: Path
) -> None:
    program = tool(repo.path, "echo ran")
    for command in (str(program), "./tool", "tool"):
        settings(home, f'[review]\ncommand = "{command}"\n')
        done = committing(repo, home, PATH=f".:{repo.path}:{os.environ['PATH']}")
        assert done.returncode == 0
        assert "Review command failed" in done.stderr
    assert not (repo.path / "ran").exists()


def test_where_it_does_not_run(repo: Repo, home: Path, tmp_path: Path) -> None:
    settings(home, f'[review]\ncommand = "{tool(tmp_path, "echo ran")}"\n')
    assert "review command" not in committing(repo, home, CI="true").stderr
    (repo.path / ".git" / "MESSAGE").write_text("a message\n")
    message = gate("hook", "commit-msg", ".git/MESSAGE", cwd=repo.path, HOME=str(home))
    assert "review command" not in message.stderr
    assert "review command" not in gate("scan", cwd=repo.path, HOME=str(home)).stderr
    assert not (tmp_path / "ran").exists()
    repo.write("big.txt", "a line of text\n" * 30_000)
    repo.git("add", "-A")
    assert "more than 400,000 bytes" in committing(repo, home).stderr
    assert not (tmp_path / "ran").exists()

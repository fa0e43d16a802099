"""Completion scripts, run in real shells, and the man page: both made from the parsers."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repo import GIT_ENV, Repo
from tests.test_cli import gate, one_line
from zt_gate import rulebook
from zt_gate.commands import COMMANDS
from zt_gate.commands.command_tree import CommandNode, command_tree
from zt_gate.commands.completion_scripts import SCRIPTS
from zt_gate.commands.man_page import man_page
from zt_gate.reports import FORMATS
from zt_gate.scanners import registered

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "zt-gate.1"
TREE = command_tree()


def leaves(nodes: tuple[CommandNode, ...] = TREE) -> list[CommandNode]:
    return [leaf for node in nodes for leaf in (leaves(node.commands) or [node])]


class Shell:
    """bash with the script, in a folder; ``zt-gate`` is the one under test."""

    def __init__(self, folder: Path, script: str) -> None:
        self.folder = folder
        self.script = folder.parent / "completion.bash"
        self.script.write_text(script)
        tools = folder.parent / "tools"
        tools.mkdir(exist_ok=True)
        tool = tools / "zt-gate"
        tool.write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -m zt_gate "$@"\n'
        )
        tool.chmod(0o755)
        self.environ = {
            **GIT_ENV,
            "PATH": f"{tools}:{GIT_ENV['PATH']}",
            "HOME": str(folder),
        }

    def complete(self, *words: str) -> list[str]:
        """Return what TAB offers behind the words; the last one may be empty."""
        code = (
            'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
            "_zt_gate; printf '%s\\n' \"${COMPREPLY[@]}\""
        )
        done = subprocess.run(
            ["bash", "--norc", "-u", "-c", code, "bash", str(self.script), "zt-gate", *words],
            cwd=self.folder, env=self.environ, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stderr == "", done.stderr
        return [line for line in done.stdout.splitlines() if line]


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = gate("completion", "bash", cwd=tmp_path_factory.mktemp("any"))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def shell(script: str, tmp_path: Path) -> Shell:
    repo = Repo.create(tmp_path / "repository")
    repo.write("a file.txt", "1\n")
    repo.write("src/app.py", "x = 1\n")
    repo.commit()
    repo.git("branch", "topic")
    return Shell(repo.path, script)


def test_bash_completes_commands_options_and_values(shell: Shell) -> None:
    commands = [name for name, _, _ in COMMANDS]
    assert shell.complete("") == [*commands, "--help", "--version"]
    assert shell.complete("sc") == ["scan"]
    assert shell.complete("scan", "--sta") == ["--staged"]
    assert shell.complete("scan", "--format", "") == [name for name, _ in FORMATS]
    assert shell.complete("scan", "--format", "=", "js") == ["json"]
    assert shell.complete("scan", "--format", "=") == [name for name, _ in FORMATS]
    assert shell.complete("scan", "--offline", "--scanner", "se") == ["secrets"]
    assert shell.complete("scan", "--scanner", "") == list(registered())
    assert shell.complete("scan", "--profile", "st") == ["standard", "strict"]
    assert shell.complete("scan", "--label", "") == []
    assert shell.complete("policy", "") == ["--help", "show", "test", "schema"]
    assert shell.complete("policy", "show", "--po") == ["--policy-rev"]
    assert shell.complete("hook", "un") == ["uninstall"]
    assert shell.complete("hook", "uninstall", "--a") == ["--all"]
    assert shell.complete("guard", "ses") == ["session"]
    assert shell.complete("guard", "session", "rel") == ["release"]
    assert shell.complete("guard", "session", "release", "--rea") == ["--reason"]
    assert shell.complete("guard", "install", "--agent", "co") == ["codex"]
    assert shell.complete("completion", "") == ["--help", "bash", "zsh", "fish"]
    assert shell.complete("rules", "--level", "") == ["block", "warn", "info"]
    assert shell.complete("no-such-command", "") == []


def test_bash_completes_revisions_paths_and_rules(shell: Shell) -> None:
    assert shell.complete("scan", "--base", "to") == ["topic"]
    assert shell.complete("policy", "show", "--policy-rev", "") == ["main", "topic"]
    assert shell.complete("scan", "--config", "a") == ["a file.txt"]
    assert shell.complete("scan", "--tree", "sr") == ["src"]
    assert "src" in shell.complete("policy", "test", "s")
    offered = shell.complete("explain", "code/python-sql-inj")
    assert offered == ["code/python-sql-injection"]
    rules = rulebook.load("tampering")
    assert shell.complete("ignore", "tampering/") == list(rules)


def test_bash_without_a_repository_offers_the_rest_and_says_nothing(
    script: str, tmp_path: Path
) -> None:
    (tmp_path / "plain").mkdir()
    shell = Shell(tmp_path / "plain", script)
    assert shell.complete("scan", "--base", "") == []
    assert shell.complete("scan", "--sta") == ["--staged"]


def test_a_hostile_branch_name_is_not_run(shell: Shell) -> None:
    repo = Repo(shell.folder)
    repo.git("update-ref", "refs/heads/$(touch${IFS}ran)`touch${IFS}ran`", "HEAD")
    repo.git("update-ref", "refs/heads/-x", "HEAD")
    assert shell.complete("scan", "--base", "") == ["main", "topic"]
    (shell.folder / "$(touch ran) *").write_text("")
    assert "$(touch ran) *" in shell.complete("scan", "--config", "")
    assert not (shell.folder / "ran").exists()


def test_bash_registers_the_function(shell: Shell) -> None:
    code = 'eval "$(zt-gate completion bash)"; complete -p zt-gate'
    done = subprocess.run(
        ["bash", "--norc", "-c", code],
        cwd=shell.folder, env=shell.environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "complete -F _zt_gate zt-gate\n"


@pytest.mark.parametrize("name", list(SCRIPTS))
def test_every_option_and_value_is_in_every_script(name: str) -> None:
    text = "\n".join(SCRIPTS[name](TREE))
    for node in leaves():
        for option in node.options:
            for word in option.names:
                if word.startswith("--"):
                    spelling = f"-l {word[2:]}" if name == "fish" else word
                    assert spelling in text, f"{node.name} {word}"
            for choice in option.value.choices if option.value else ():
                assert choice in text, f"{node.name} {choice}"


@pytest.mark.parametrize(("name", "words"), [
    ("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"]),
])  # fmt: skip
def test_the_shell_parses_its_script(
    name: str, words: list[str], tmp_path: Path
) -> None:
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    file = tmp_path / "script"
    file.write_text("\n".join(SCRIPTS[name](TREE)) + "\n")
    done = subprocess.run(
        [*words, str(file)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_fish_completes(tmp_path: Path) -> None:
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    file = tmp_path / "zt-gate.fish"
    file.write_text("\n".join(SCRIPTS["fish"](TREE)) + "\n")
    for line, word in (
        ("zt-gate sc", "scan"), ("zt-gate scan --sta", "--staged"),
        ("zt-gate scan --format j", "json"), ("zt-gate policy sh", "show"),
    ):  # fmt: skip
        code = f"source {shlex.quote(str(file))}; complete -C {shlex.quote(line)}"
        done = subprocess.run(
            ["fish", "--no-config", "-c", code],
            capture_output=True,
            text=True,
            check=True,
        )
        assert word in [row.split("\t")[0] for row in done.stdout.splitlines()], line


def test_an_unknown_shell_is_wrong_usage(tmp_path: Path) -> None:
    done = gate("completion", "fihs", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean fish?" in one_line(done)
    assert gate("completion", cwd=tmp_path).returncode == 2


def test_the_man_page_is_current_and_has_every_option() -> None:
    text = PAGE.read_text("utf-8")
    assert text == man_page(TREE), "run: python scripts/man_page.py"
    for node in leaves():
        for option in node.options:
            for word in option.names:
                assert word in {"-h", "--help"} or word.replace("-", "\\-") in text


def test_the_man_page_is_valid() -> None:
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", str(PAGE)],
        env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""

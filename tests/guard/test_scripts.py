"""Scripts that a session made, when it runs them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.guard.test_content import HIDDEN
from tests.guard.test_hook import Guarded, guarded, is_silent, reason_of
from tests.guard.test_log import TOKEN
from zt_gate.guard.session import records

if TYPE_CHECKING:
    from zt_gate.guard.clients.base import Rendered

__all__ = ["guarded"]

BAD = "git commit --no-verify -m x"
HIDE = f"# {HIDDEN}\n"
SCAN = f'token = "{TOKEN}"\n'


def run(guarded: Guarded, command: str) -> Rendered:
    return guarded.tool("Bash", command=command)


def make(guarded: Guarded, name: str, content: str) -> None:
    """Write a file past the guard, as a program of the session could."""
    path = Path(guarded.root, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)


@pytest.fixture
def started(guarded: Guarded) -> Guarded:
    """A session that has begun: what is written now is newer than it."""
    assert is_silent(guarded.read("src/a.py"))
    time.sleep(0.02)  # ctime has the kernel's own, coarser clock
    return guarded


def test_honest_commands_are_silent(started: Guarded) -> None:
    for command in ("git status", "ls src | head", "python -c 'print(1)'", "pytest -q"):
        assert is_silent(run(started, command)), command


def test_a_denied_command_is_logged_without_its_secret(started: Guarded) -> None:
    reason_of(run(started, f"GITHUB_TOKEN={TOKEN} {BAD}"))
    entry = started.entries()[-1]
    assert entry["answer"] == "deny"
    assert "git commit --no-verify" in entry["actions"][0]["text"]
    assert TOKEN not in str(entry)


@pytest.mark.parametrize(
    ("name", "content", "command"),
    [
        ("x.sh", f"set -e\n{BAD}\n", "bash x.sh"),
        ("x.sh", f"#!/bin/sh\n{BAD}\n", "./x.sh"),
        ("x", f"#!/usr/bin/env bash\n{BAD}\n", "./x"),
        ("x.sh", f"{BAD}\n", "source x.sh"),
        ("x.sh", f"{BAD}\n", "sh < x.sh"),
        ("x.sh", f"{BAD}\n", "cd src && bash ../x.sh"),
        ("x.sh", f"{BAD}\n", "env A=1 bash -e ./x.sh"),
        ("x.sh", f"{BAD}\n", "bash -c 'bash x.sh'"),
        ("Makefile", f"all:\n\t@{BAD}\n", "make"),
        ("Makefile", f"all:\n\t@{BAD}\n", "make -s all"),
        ("tools/Makefile", f"all:\n\t{BAD}\n", "make -C tools"),
        ("other.mk", f"all:\n\t{BAD}\n", "make -f other.mk"),
        ("package.json", f'{{"scripts": {{"test": "{BAD}"}}}}', "npm test"),
        ("package.json", f'{{"scripts": {{"x": "{BAD}"}}}}', "npm run x"),
        (".husky/pre-push", f"{BAD}\n", "git push origin topic"),
        ("x.py", SCAN, "python x.py"),
        ("x.py", SCAN, "python3 ./x.py"),
        ("conftest.py", HIDE, "pytest"),
        ("tests/conftest.py", HIDE, "python -m pytest -q"),
        ("tests/test_x.py", HIDE, "pytest tests/test_x.py::test_a"),
        ("x", f"{BAD}\n", "./x"),
        ("x.sh", f"{BAD}\n", "cat x.sh | bash"),
        ("x.py", SCAN, "python -m x"),
        ("x/__main__.py", SCAN, "python -m x"),
        ("x/__main__.py", SCAN, "python x"),
        ("x.js", f"const t = '{TOKEN}';\n", "node -r ./x.js src/a.py"),
        ("x.js", f"const token = '{TOKEN}';\n", "node x.js"),
    ],
)
def test_a_new_script_is_judged_when_it_is_run(
    started: Guarded, name: str, content: str, command: str
) -> None:
    make(started, name, content)
    text = reason_of(run(started, command))
    assert f"In {os.path.basename(name)}, which the command runs:" in text


def test_a_script_that_is_older_than_the_session_is_the_projects_own(
    guarded: Guarded,
) -> None:
    make(guarded, "x.sh", f"{BAD}\n")
    time.sleep(0.05)
    assert is_silent(run(guarded, "bash x.sh"))


def test_another_time_of_a_file_does_not_make_it_old(started: Guarded) -> None:
    make(started, "x.sh", f"{BAD}\n")
    os.utime(Path(started.root, "x.sh"), (0, 0))
    reason_of(run(started, "bash x.sh"))


def test_a_verdict_counts_for_its_content_only(started: Guarded) -> None:
    assert is_silent(started.write("src/x.py", "print(1)\n"))
    make(started, "src/x.py", "print(1)\n")
    assert is_silent(run(started, "python src/x.py"))
    make(started, "src/x.py", SCAN)
    reason_of(run(started, "python src/x.py"))


def test_a_clean_verdict_is_kept(started: Guarded) -> None:
    make(started, "x.py", "print(1)\n")
    assert is_silent(run(started, "python x.py"))
    path = os.path.realpath(Path(started.root, "x.py"))
    assert path in started.session().scripts


def test_a_harmless_new_script_runs(started: Guarded) -> None:
    make(started, "x.sh", "set -e\necho one\nls src\n")
    assert is_silent(run(started, "bash x.sh"))
    make(started, "Makefile", "all:\n\t@echo $$HOME\n\tpython -m compileall src\n")
    assert is_silent(run(started, "make"))


def test_hidden_instructions_in_a_new_script_are_found(started: Guarded) -> None:
    make(started, "x.py", f"# {HIDDEN}\nprint(1)\n")
    assert "content" not in reason_of(run(started, "python x.py"))[:3]


def test_three_attacks_by_different_tools_contain(started: Guarded) -> None:
    reason_of(run(started, BAD))
    reason_of(started.read("~/.aws/credentials"))
    make(started, "x.sh", "git config core.hooksPath /dev/null\n")
    reason_of(run(started, "bash x.sh"))
    assert "is contained" in reason_of(run(started, "git status"))


def test_what_was_denied_stays_denied_by_another_tool(started: Guarded) -> None:
    """The effect is denied again although its own answer would be a question."""
    with records.opened(started.places) as sessions:
        sessions.known[0].denied.append("files/read-outside /home/ada/notes")
        sessions.changed = True
    text = reason_of(started.read("/home/ada/other/../notes"))
    assert "denied before" in text
    assert started.session().attempts == 1


def test_a_script_that_a_script_runs_is_judged(started: Guarded) -> None:
    make(started, "a.sh", ". ./b.sh\n")
    make(started, "b.sh", "bash c.sh\n")
    make(started, "c.sh", f"{BAD}\n")
    assert "In c.sh" in reason_of(run(started, "bash a.sh"))


def test_scripts_that_run_each_other_end(started: Guarded) -> None:
    make(started, "a.sh", "bash b.sh\n")
    make(started, "b.sh", "bash a.sh\n")
    assert is_silent(run(started, "bash a.sh"))


def test_files_of_git_commands_are_no_scripts(started: Guarded) -> None:
    """The gate judges them when they are committed."""
    make(started, "src/x.py", SCAN)
    assert is_silent(run(started, "git add src/x.py"))


def test_a_compiled_program_is_the_sandboxs(started: Guarded) -> None:
    make(started, "app", "x")
    Path(started.root, "app").write_bytes(b"\x7fELF" + bytes(3 << 20))
    text = run(started, "./app").stdout.decode()
    assert "not judged" not in text


def test_an_installed_package_runs(started: Guarded) -> None:
    make(started, "node_modules/.bin/tsc", "#!/usr/bin/env node\n" + "x;" * 800_000)
    text = run(started, "./node_modules/.bin/tsc").stdout.decode()
    assert "not judged" not in text


CALL = (
    "import subprocess\nsubprocess.run(['git', 'commit', '--no-verify', '-m', 'x'])\n"
)


@pytest.mark.parametrize(
    ("name", "content", "command"),
    [
        ("x", f"#!/bin/bash -e\n{BAD}\n", "./x"),
        ("x", f"#!/usr/bin/env -S bash -e\n{BAD}\n", "./x"),
        ("x.sh", f"{BAD}\n", "bash -eo pipefail x.sh"),
        ("venv/x.sh", f"{BAD}\n", "bash venv/x.sh"),
        ("node_modules/a/x", f"#!/bin/sh\n{BAD}\n", "node_modules/a/x"),
        ("Makefile", f"t: ; {BAD}\n", "make t"),
        ("Makefile", f"X := $(shell {BAD})\nt:\n\ttrue\n", "make t"),
        ("Makefile", f"X != {BAD}\nt:\n\ttrue\n", "make t"),
        ("Makefile", f".RECIPEPREFIX = >\nt:\n>{BAD}\n", "make t"),
        ("Makefile", "A = --no-verify\nt:\n\tgit commit $(A) -m x\n", "make t"),
        ("rules.txt", f"t:\n\t{BAD}\n", "make -f rules.txt t"),
        ("a.mk", f"t:\n\t{BAD}\n", "make -fa.mk t"),
        ("d/Makefile", f"t:\n\t{BAD}\n", "make --directory=d t"),
        ("d/Makefile", f"t:\n\t{BAD}\n", "make -sC d t"),
        ("package.json", f'{{"scripts": {{"test": "{BAD}"}}}}', "node --run test"),
        ("Taskfile.yml", f"tasks:\n  t:\n    cmds:\n      - {BAD}\n", "task t"),
        ("tox.ini", f"[testenv]\ncommands = {BAD}\n", "tox"),
        ("x.py", CALL, "python3 x.py"),
        ("x.py", f"import os\nos.system('{BAD}')\n", "python3 x.py"),
        ("x", f"#!/usr/bin/python3\n{CALL}", "./x"),
        ("x.js", f"require('child_process').execSync('{BAD}')\n", "node x.js"),
        ("x.pl", f"system('{BAD}');\n", "perl x.pl"),
        ("x.awk", f'BEGIN {{ system("{BAD}") }}\n', "awk -f x.awk"),
        ("x.sed", f"1e {BAD}\n", "sed -f x.sed README.md"),
    ],
)
def test_an_attack_in_a_new_script_is_found_however_it_is_run(
    started: Guarded, name: str, content: str, command: str
) -> None:
    make(started, name, content)
    assert "--no-verify" in reason_of(run(started, command))


def test_a_makefile_that_another_includes_is_judged(started: Guarded) -> None:
    make(started, "Makefile", "include inner.txt\n")
    make(started, "inner.txt", f"t:\n\t{BAD}\n")
    assert "--no-verify" in reason_of(run(started, "make t"))


@pytest.mark.parametrize(
    ("name", "content", "command"),
    [
        ("x.py", "import subprocess\nsubprocess.run(['git', 'status'])\n", "python x.py"),
        ("x.py", "FORBIDDEN = '--no-verify'\nprint('~/.ssh/id_rsa')\n", "python x.py"),
        ("Makefile", "A = src\nt: ; ls $(A)\nB := $(shell git log -1)\n", "make t"),
        ("Taskfile.yml", "tasks:\n  t:\n    cmds:\n      - go test ./...\n", "task t"),
        ("venv/bin/activate", 'PATH="$VIRTUAL_ENV/bin:$PATH"\nexport PATH\n',
         ". venv/bin/activate"),
        ("x.sed", "s/a/b/\n", "sed -f x.sed src/a.py"),
    ],
)  # fmt: skip
def test_honest_new_scripts_are_not_denied(
    started: Guarded, name: str, content: str, command: str
) -> None:
    make(started, name, content)
    assert b"deny" not in run(started, command).stdout

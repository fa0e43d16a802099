"""A person's decisions are refused to a known agent, as a courtesy."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.offenders import check_each
from tests.support.repo import GIT_ENV, Repo
from zt_gate import rulebook
from zt_gate.errors import UsageError
from zt_gate.review import running_agent
from zt_gate.review.authorship import RULE
from zt_gate.review.running_agent import mark_of_agent
from zt_gate.system import ancestors as process_tree
from zt_gate.system.ancestors import Ancestor, ancestors, ancestors_in_table

if TYPE_CHECKING:
    from pathlib import Path

AGENTS: Any = rulebook.load("gate")[RULE].data["agents"]
SHELL = Ancestor("bash", ("-bash",))


def process(words: list[str]) -> Ancestor:
    """A process as Linux shows it: its name is cut to 15 bytes."""
    return Ancestor(os.path.basename(words[0])[:15], tuple(words))


def mark(*tree: str | Ancestor, **environ: str) -> str:
    processes = [
        one if isinstance(one, Ancestor) else process(one.split()) for one in tree
    ]
    return mark_of_agent(AGENTS, environ, processes)


def test_agents_up_the_process_tree_are_known() -> None:
    commands = (
        "claude",
        "/usr/local/bin/claude --continue",
        "node /usr/lib/node_modules/@anthropic-ai/claude-code/cli.js",
        "/home/a/.local/share/claude/versions/claude",
        "codex exec fix",
        "node /opt/lib/node_modules/@openai/codex/bin/codex.js",
        "cursor-agent -p fix",
        "cursor agent",
        "python3 /home/a/.venv/bin/aider --yes",
        "python -m aider",
        "/usr/bin/python3.12 -I /usr/bin/aider",
        "gemini",
        "node --no-warnings /usr/bin/gemini",
        "node /x/node_modules/@google/gemini-cli/dist/index.js",
        "copilot",
        "npx @github/copilot@latest",
        "node /x/node_modules/@github/copilot/index.js",
        "opencode run fix",
        "bun run /x/node_modules/opencode-ai/bin/opencode",
        "goose session",
        "uvx aider-chat",
        "qwen",
        "/Applications/Claude-Code.app/claude.exe",
        "CLAUDE",
    )
    check_each(commands, lambda command: not mark("bash", command, "bash", "init"))
    check_each(
        commands, lambda command: not mark("git commit", "bash", "make", command)
    )
    assert mark("bash", "node tool.js --type=x", "claude")
    by_name_only = Ancestor("claude", ())
    assert "Claude Code" in mark(SHELL, by_name_only)


def test_agents_variables_are_known() -> None:
    forms = (
        {"CLAUDECODE": "1"}, {"CLAUDE_CODE_ENTRYPOINT": "cli"}, {"CODEX_SANDBOX": "seatbelt"},
        {"CODEX_SANDBOX_NETWORK_DISABLED": "1"}, {"CURSOR_AGENT": "1"}, {"GEMINI_CLI": "1"},
        {"OPENCODE": "1"}, {"AGENT": "amp"}, {"AGENT": "goose"}, {"QWEN_CODE": "1"},
        {"AI_AGENT": "x"},
    )  # fmt: skip
    check_each(forms, lambda form: not mark("bash", **form))


def test_people_are_not_taken_for_agents() -> None:
    trees: tuple[tuple[str, ...], ...] = (
        ("-bash", "sshd: ada@pts/0", "sshd", "systemd"),
        ("zsh", "tmux new -s claude", "systemd"),
        ("bash", "/usr/share/cursor/cursor --type=utility", "/usr/share/cursor/cursor", "systemd"),
        ("zsh", "/Applications/Cursor.app/Contents/Cursor Helper --type=utility",
         "/Applications/Cursor.app/Contents/MacOS/Cursor", "launchd"),
        ("fish", "/usr/share/code/code --type=utility", "code"),
        ("bash", "vim claude.md"),
        ("bash", "python -m pytest tests/test_claude.py"),
        ("sh -c zt-gate ignore x y", "make claude"),
        ("bash", "node /srv/claude/server.js"),
        ("bash", "python -c codex"),
        ("bash", "node server.js --agent codex"),
        ("bash", "less /home/codex/notes"),
        ("bash", "aider-notes"),
        ("bash", "/opt/claude/bin/python tool.py"),
    )  # fmt: skip
    check_each(trees, lambda tree: mark(*tree))
    quiet = (
        {"CLAUDECODE": ""}, {"CLAUDECODE": "0"}, {"CURSOR_TRACE_ID": "x"}, {"AGENT": "ssh"},
        {"TERM_PROGRAM": "vscode"}, {"AIDER_MODEL": "x"}, {"ANTHROPIC_API_KEY": "x"},
    )  # fmt: skip
    check_each(quiet, lambda form: mark("bash", **form))
    assert not mark()


def test_the_ancestors_are_those_of_the_system() -> None:
    found = ancestors()
    assert found
    names = " ".join(word for one in found[:1] for word in one.words)
    parent = subprocess.run(
        ["ps", "-o", "args=", "-p", str(os.getppid())],
        capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    assert not parent or parent.split()[0] in names


def test_the_table_of_ps_gives_the_ancestors() -> None:
    table = b"  1 0 /sbin/launchd\n 20 1 /bin/zsh -l\n 21 20 claude --continue\n 22 21 bash\nx\n"
    assert [one.name for one in ancestors_in_table(table, 22)] == [
        "bash", "claude", "zsh", "launchd",
    ]  # fmt: skip
    circle = b"5 6 a\n6 5 b\n"
    assert len(list(ancestors_in_table(circle, 5))) == 64
    assert list(ancestors_in_table(b"", 1)) == []


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("README", "nothing\n")
    made.commit()
    return made


VERBS = (("approve",), ("approve", "--revoke"), ("baseline", "--offline"),
         ("ignore", "secrets/*", "a.py", "--reason", "x"))  # fmt: skip


def test_every_verb_that_is_a_persons_decision_refuses(
    repo: Repo, tmp_path: Path
) -> None:
    fake = tmp_path / "codex"
    fake.symlink_to(sys.executable)
    code = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"

    def check(words: tuple[str, ...]) -> None:
        gate = [sys.executable, "-I", "-m", "zt_gate", *words]
        for command, env in (
            (gate, {"CLAUDECODE": "1"}),
            ([str(fake), "-I", "-c", code, *gate], {}),
        ):
            done = subprocess.run(
                command, cwd=repo.path, env={**GIT_ENV, "HOME": str(tmp_path), **env},
                capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            assert done.returncode == 2, done.stderr
            assert "an agent seems to have started it" in done.stderr
            assert "courtesy" in done.stderr

    check_each(VERBS, check)
    assert not (repo.path / ".zt-gate.toml").exists()


def test_a_scan_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        process_tree, "ancestors", lambda: (Ancestor("codex", ("codex",)),)
    )
    with pytest.raises(UsageError, match="Codex"):
        running_agent.refuse_agent("approve", {})
    monkeypatch.setattr(process_tree, "ancestors", lambda: (SHELL,))
    running_agent.refuse_agent("approve", {})

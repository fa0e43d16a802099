"""The pages of the servers: every command is run, every configuration is read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.registry import Registry
from tests.support.repo import GIT_ENV, Repo

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r")
    made.write("src/app.py", "import os\n")
    made.commit()
    made.write("page.md", "All is well.\n")
    made.write("draft.py", "import requests\nrequests.get('https://a', verify=False)\n")
    return made


@pytest.fixture
def environ(tmp_path: Path) -> Iterator[dict[str, str]]:
    with Registry() as registry:
        registry.npm("left-pad", days=4000)
        yield {**GIT_ENV, **registry.environment(), "HOME": str(tmp_path)}


def test_the_commands_of_the_pages(repo: Repo, environ: dict[str, str]) -> None:
    program = f"{sys.executable} -I -m zt_gate"
    codes = {}
    for page in ("mcp.md", "editors.md"):
        for block in blocks(page, "sh"):
            for line in block.splitlines():
                done = subprocess.run(
                    ["sh", "-c", line.replace("zt-gate", program, 1)],
                    cwd=repo.path, env=environ, capture_output=True, check=False,
                )  # fmt: skip
                assert done.returncode in {0, 1}, (line, done.stderr)
                codes[line] = done.returncode
    assert codes["zt-gate scan --text page.md"] == 0
    assert codes["zt-gate scan --buffer src/app.py < draft.py"] == 1
    assert codes["zt-gate scan --worktree --profile strict"] == 1


def test_configurations_are_valid_and_start_the_server() -> None:
    documents = [json.loads(text) for text in blocks("mcp.md", "json")]
    assert documents[0]["mcpServers"]["zt-gate"] == {
        "command": "zt-gate",
        "args": ["mcp"],
    }
    generic, tasks = (json.loads(text) for text in blocks("editors.md", "json"))
    assert generic["glspc.server.commandArguments"] == ["lsp"]
    helix, zed = (tomllib.loads(text) for text in blocks("editors.md", "toml"))
    assert helix["language-server"]["zt-gate"] == {
        "command": "zt-gate",
        "args": ["lsp"],
    }
    for language in helix["language"]:
        assert "zt-gate" in language["language-servers"]
    assert "zt-gate" in zed["language_servers"]
    assert tasks["tasks"][0]["command"] == "zt-gate"


def test_the_problem_matcher_finds_the_lines_of_the_terminal_report(
    repo: Repo, environ: dict[str, str]
) -> None:
    (task,) = json.loads(blocks("editors.md", "json")[1])["tasks"]
    pattern = task["problemMatcher"]["pattern"]
    done = subprocess.run(
        [sys.executable, "-I", "-m", "zt_gate", *task["args"]],
        cwd=repo.path, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    matches = [re.match(pattern["regexp"], line) for line in done.stdout.splitlines()]
    (match,) = filter(None, matches)
    assert match[pattern["file"]] == "draft.py"
    assert (match[pattern["line"]], match[pattern["column"]]) == ("2", "1")
    assert match[pattern["code"]] == "code/python-tls-verification-off"
    assert match[pattern["message"]]

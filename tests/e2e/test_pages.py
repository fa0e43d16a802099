"""The commands of the pages for tasks, run in the order in which a reader would."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT
from tests.support.repo import Repo

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.slow]

#: A block, and the exit code that its last command has.
BLOCK = re.compile(
    r"^<!-- run(?:: (?P<code>[0-9]+))? -->\n```sh\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
PAGES = sorted(
    path for path in ROOT.glob("docs/*.md") if BLOCK.search(path.read_text("utf-8"))
)


def test_there_are_pages_to_run() -> None:
    assert {"tutorial.md", "exercise.md", "adopt.md", "incident.md"} <= {
        path.name for path in PAGES
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_end_as_it_says(
    page: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    repo = Repo.create(tmp_path / "project")
    repo.write("README.md", "# A project\n")
    repo.write("app.py", "import pickle\n\n\ndef read(data):\n    return eval(data)\n")
    repo.commit("What was there before")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n", "utf-8"
    )
    settings = {
        **environ,
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "PATH": f"{Path(sys.executable).parent}:{environ['PATH']}",
    }
    assert shutil.which("zt-gate", path=settings["PATH"])
    folder = str(repo.path)
    for match in BLOCK.finditer(page.read_text("utf-8")):
        expected = int(match["code"] or 0)
        *before, last = statements(match["text"])
        script = "set -eu\n" + "".join(before) + f"set +e\n{last}code=$?\n"
        script += 'printf "%s" "$PWD" > "$HOME/folder"\nexit $code\n'
        done = subprocess.run(
            ["bash", "-c", script], cwd=folder, env=settings, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = f"{match['text']}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        assert done.returncode == expected, said
        folder = (home / "folder").read_text("utf-8")


def statements(text: str) -> list[str]:
    """Return the lines of a block, a here-document as one."""
    found: list[str] = []
    end = ""
    for line in text.splitlines(keepends=True):
        if end:
            found[-1] += line
            if line.strip() == end:
                end = ""
            continue
        found.append(line)
        opened = re.search(r"<<'?(\w+)'?", line)
        end = opened[1] if opened else ""
    return found

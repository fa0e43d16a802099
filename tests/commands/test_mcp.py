"""``zt-gate mcp``: what it says before a client is connected."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import GIT_ENV

if TYPE_CHECKING:
    from pathlib import Path

_RUN = (
    "import sys; {before}; from zt_gate.cli import main; sys.exit(main(sys.argv[1:]))"
)


def run(
    folder: Path, *words: str, before: str = "pass"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", _RUN.format(before=before), *words],
        cwd=folder, env={**GIT_ENV, "HOME": str(folder)}, input="", capture_output=True,
        text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("verb", "module"), [("mcp", "mcp"), ("lsp", "pygls")])
def test_without_the_extra_one_line_says_how_to_install_it(
    tmp_path: Path, verb: str, module: str
) -> None:
    done = run(tmp_path, verb, before=f"sys.modules[{module!r}] = None")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"zt-gate {verb} needs the extra '{verb}' of zt-gate" in done.stderr
    assert f"{sys.executable} -m pip install " in done.stderr
    assert f"'{module}>=" in done.stderr
    assert done.stdout == ""


def test_the_servers_are_not_imported_by_other_verbs(tmp_path: Path) -> None:
    """A hook runs on every commit: none of their packages may slow it."""
    code = (
        "import sys\nfrom zt_gate.cli import main\n"
        "main(['scan', '--tree', '--scanner', 'secrets', '--format', 'json'])\n"
        "print('MODULES', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True,
        check=True, env={**GIT_ENV, "HOME": str(tmp_path)},
    )  # fmt: skip
    loaded = {name.split(".")[0] for name in done.stdout.split("MODULES")[1].split()}
    assert "zt_gate" in loaded
    assert not loaded & {"mcp", "pygls", "lsprotocol", "anyio", "pydantic", "asyncio"}
    assert "zt_gate.servers" not in done.stdout.split("MODULES")[1].split()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--timeout", "0"), "--timeout takes 1 to 3600 seconds"),
        (("--timeout", "x"), "invalid int value"),
        (("--folder", "none"), "is no folder"),
        (("--approve", "x"), "unrecognized arguments"),
    ],
)
def test_wrong_options(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = run(tmp_path, "mcp", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr

"""The verbs of ``zt-gate guard`` on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from zt_gate.cli import main
from zt_gate.commands.guard_hook import run_fast
from zt_gate.guard import places as places_module
from zt_gate.guard.places import GuardPlaces

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard's state of these tests is not the developer's."""
    home = str(tmp_path / "home")
    places = GuardPlaces(home, f"{home}/state", os.getuid(), str(tmp_path / "managed"))
    monkeypatch.setattr(places_module, "guard_places", lambda: places)


def test_import_prints_toml_and_what_became_of_each_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "profiles.json"
    file.write_text('{"profiles": {"small": {"tools": ["Read"], "network": false}}}')
    assert main(["guard", "import", str(file)]) == 0
    said = capsys.readouterr().out
    assert "# profiles.small.network: network: none" in said
    assert "[tasks.small]\n" in said
    assert main(["guard", "import", str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_capabilities_as_text_json_and_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guard", "capabilities", "--agent", "codex"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("codex ")
    assert "claude-code" not in said
    assert main(["guard", "capabilities", "--json"]) == 0
    assert "attacks" in json.loads(capsys.readouterr().out)
    assert main(["guard", "capabilities", "--page"]) == 0
    assert capsys.readouterr().out.startswith("# What the guard holds")


def hook(
    folder: Path, data: bytes, *words: str, flags: tuple[str, ...] = ("-I",)
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *flags, "-m", "zt_gate", "guard", "hook", *words],
        input=data,
        cwd=folder,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 9999, b"x" * (2 << 20)])
def test_what_is_no_event_is_denied_with_a_reason(data: bytes, tmp_path: Path) -> None:
    done = hook(tmp_path, data, "codex")
    assert done.returncode == 2
    assert done.stderr.startswith(b"zt-gate guard: ")


def test_a_client_that_nobody_knows_is_denied(tmp_path: Path) -> None:
    done = hook(tmp_path, b"{}", "nobody")
    assert done.returncode == 2
    assert b"unknown client" in done.stderr


def test_the_fast_way_takes_only_the_usual_words() -> None:
    for words in (
        [],
        ["--help"],
        ["codex", "--tsk", "x"],
        ["codex", "--task"],
        ["a", "b"],
    ):
        assert run_fast(words) is None


def test_other_words_are_read_by_the_usual_parser(tmp_path: Path) -> None:
    done = hook(tmp_path, b"{}", "--help")
    assert done.returncode == 0
    assert b"--task" in done.stdout
    assert hook(tmp_path, b"{}", "nobody", flags=()).returncode == 2


def test_check_judges_a_command_and_a_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["guard", "check", "--command", "--task", "develop"]
    assert main([*words, "git status"]) == 0
    assert "nothing speaks against it" in capsys.readouterr().out
    assert main([*words, "git log; rm -rf ~"]) == 1
    assert "deny  files/destroyed-outside" in capsys.readouterr().out


def test_permissions_lists_remarks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".claude").mkdir()
    rules = {"permissions": {"allow": ["Bash"]}}
    (tmp_path / ".claude" / "settings.json").write_text(json.dumps(rules))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert main(["guard", "permissions"]) == 1
    said = capsys.readouterr().out
    assert "broad        permissions.allow Bash: runs any command" in said
    assert "narrower: Bash(" in said
    assert main(["guard", "permissions", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["kind"] == "broad"
    os.unlink(tmp_path / ".claude" / "settings.json")
    assert main(["guard", "permissions"]) == 0

"""The script that walks a new user's whole path: what it runs, and how it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.lock import ROOT
from tests.support.scripts import load

if TYPE_CHECKING:
    from pathlib import Path

whole_path = load("whole_path")


def test_ci_runs_the_script() -> None:
    run = (ROOT / ".ci" / "run").read_text("utf-8")
    assert ".venv/bin/python scripts/whole_path.py\n" in run
    assert "run: .ci/run" in (ROOT / ".github/workflows/ci.yml").read_text("utf-8")


def test_every_part_that_a_user_sees_is_a_step() -> None:
    names = [name for name, _ in whole_path.STEPS]
    assert names == [
        "wheel", "install", "demo", "first verdict", "hooks", "action", "completion",
        "man page", "HTML", "LSP", "MCP", "shards", "uninstall",
    ]  # fmt: skip


def test_the_step_that_fails_is_named_and_ends_the_walk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(place: object) -> str:
        raise whole_path.StepError("the reason")

    steps = (("first", lambda _: "done"), ("second", failing), ("third", failing))
    assert whole_path.walk(whole_path.Place(tmp_path), steps) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("first: done (")
    assert shown.out.endswith("second: FAILED: the reason\n")
    assert shown.err == "the step that failed: second\n"


def test_a_command_with_another_exit_code_fails_its_step(tmp_path: Path) -> None:
    place = whole_path.Place(tmp_path)
    assert place.run("sh", "-c", "echo yes; exit 3", code=3, cwd=tmp_path) == "yes\n"
    with pytest.raises(whole_path.StepError, match=r"ended with 3 instead of 0:\nyes"):
        place.run("sh", "-c", "echo yes; exit 3", cwd=tmp_path)


def test_output_with_the_key_fails_its_step() -> None:
    whole_path.expect("a", "abc")
    with pytest.raises(whole_path.StepError, match="is not in"):
        whole_path.expect("d", "abc")
    with pytest.raises(whole_path.StepError, match="contains the key"):
        whole_path.expect("a", f"abc {whole_path.KEY}")

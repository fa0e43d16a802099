"""``zt-gate guard install``, its check and its end, in a home folder of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.repo import Repo
from zt_gate.cli import main
from zt_gate.guard import places as places_module
from zt_gate.guard.places import GuardPlaces
from zt_gate.guard.policy import pinned_policy
from zt_gate.guard.repository import surroundings


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GuardPlaces:
    """A user's places; an empty repository is the current folder."""
    home = tmp_path / "home"
    home.mkdir()
    state = str(home / ".local" / "state" / "zt-gate" / "guard")
    found = GuardPlaces(str(home), state, os.getuid(), str(tmp_path / "managed"))
    monkeypatch.setattr(places_module, "guard_places", lambda: found)
    monkeypatch.setenv("HOME", str(home))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "CLAUDECODE", "AI_AGENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("zt_gate.review.running_agent.refuse_agent", lambda *_: None)
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    return found


INSTALL = ("guard", "install", "--agent", "claude-code", "--agent", "codex")


def test_install_check_and_uninstall(
    places: GuardPlaces, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*INSTALL, "--task", "develop", "--yes"]) == 0
    said = capsys.readouterr().out
    assert '+  "hooks": {' in said
    assert "until a person has reviewed it" in said
    assert "Grade: advises" in said
    assert main(["guard", "install", "--check", "--agent", "claude-code"]) == 0
    # Nobody has reviewed the hooks in Codex.
    assert main([*INSTALL, "--check"]) == 1
    assert "no person has reviewed" in capsys.readouterr().out
    settings = Path(places.home, ".claude", "settings.json")
    assert "guard hook claude-code" in settings.read_text()
    assert main(["guard", "uninstall", "--agent", "claude-code", "--yes"]) == 0
    assert json.loads(settings.read_text()) == {}
    assert main(["guard", "install", "--check", "--agent", "claude-code"]) == 1


def test_the_pin_is_of_the_policy_at_head(places: GuardPlaces, tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "git")
    os.chdir(repo.path)
    repo.write(".zt-gate.toml", '[tasks.small]\nallowed = ["src/"]\ntools = ["Read"]\n')
    repo.commit("policy")
    repo.write(".zt-gate.toml", '[tasks.small]\nallowed = ["/"]\n')  # not committed
    assert (
        main(["guard", "install", "--agent", "codex", "--task", "small", "--yes"]) == 0
    )
    key = surroundings(str(repo.path)).key
    policy = pinned_policy(places, key)
    assert policy.task == "small"
    assert policy.rights["small"]["allowed"] == ["src/"]
    assert policy.source.startswith(".zt-gate.toml at ")
    assert pinned_policy(places, "another repository").task == ""


def test_a_policy_in_pyproject_is_pinned_as_a_policy_file(
    places: GuardPlaces, tmp_path: Path
) -> None:
    import tomllib

    repo = Repo.create(tmp_path / "git")
    os.chdir(repo.path)
    repo.write(
        "pyproject.toml",
        '[project]\nname = "x"\n[tool.zt-gate]\nprofile = "strict"\n'
        '[tool.zt-gate.tasks.small]\nallowed = ["src/\u00e9"]\n',
    )
    repo.commit("policy")
    assert (
        main(["guard", "install", "--agent", "codex", "--task", "small", "--yes"]) == 0
    )
    policy = pinned_policy(places, surroundings(str(repo.path)).key)
    assert tomllib.loads(policy.scan_policy) == {
        "profile": "strict",
        "tasks": {"small": {"allowed": ["src/\u00e9"]}},
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--yes",), "--task is missing"),
        (("--task", "nonsense", "--yes"), "has no task 'nonsense'"),
        (("--task", "develop"), "give --yes, or run it at a terminal"),
        (("--task", "develop", "--config", "none.toml", "--yes"), "cannot be read"),
        (
            ("--task", "develop", "--config", "a", "--policy-rev", "b", "--yes"),
            "not both",
        ),
    ],
)
def test_what_cannot_be_installed_changes_nothing(
    words: tuple[str, ...],
    said: str,
    places: GuardPlaces,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*INSTALL, *words]) in {2, 3}
    assert said in capsys.readouterr().err
    assert os.listdir(places.home) == []


def test_an_agent_installs_nothing(
    places: GuardPlaces,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("CLAUDECODE", "1")
    assert main([*INSTALL, "--task", "develop", "--yes"]) == 2
    assert "a person's decision" in capsys.readouterr().err


def test_only_root_installs_a_managed_guard(
    places: GuardPlaces,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main([*INSTALL, "--task", "develop", "--managed", "--yes"]) == 2
    assert "run it as root" in capsys.readouterr().err

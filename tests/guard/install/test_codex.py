"""Codex's settings with the guard in them."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from zt_gate.errors import GateError
from zt_gate.guard.install.codex import EVENTS, INSTALLER, requirements
from zt_gate.guard.install.setup import InstallPlan, Setup
from zt_gate.guard.task import Task
from zt_gate.syntax import guard_hook

if TYPE_CHECKING:
    from pathlib import Path

DEVELOP = Task("develop", network=("*",), is_narrow=False, may_write=True)


def setup(home: Path, **changes: Any) -> Setup:
    return Setup(str(home), DEVELOP, root=str(home / "root"), **changes)


def apply(plan: InstallPlan) -> dict[str, Any]:
    for change in plan.changes:
        if change.is_change:
            change.write()
    return plan.record


def config(home: Path) -> Path:
    return home / ".codex" / "config.toml"


def reviewed(home: Path) -> None:
    """What Codex writes after a person has accepted the hooks."""
    key = f"{home}/.codex/hooks.json:pre_tool_use:0:0"
    with config(home).open("a") as file:
        file.write(f'\n[hooks.state."{key}"]\ntrusted_hash = "sha256:00"\n')


def test_hooks_and_the_features_that_they_need(tmp_path: Path) -> None:
    plan = INSTALLER.install(setup(tmp_path), {})
    apply(plan)
    hooks = json.loads((tmp_path / ".codex/hooks.json").read_bytes())["hooks"]
    assert list(hooks) == list(EVENTS)
    assert all(guard_hook.client_of(hooks[event][0]) == "codex" for event in EVENTS)
    features = tomllib.loads(config(tmp_path).read_text())["features"]
    assert features == {"hooks": True, "unified_exec_tty": False}
    assert "until a person has reviewed it" in plan.notes[0]


def test_hooks_that_nobody_reviewed_are_reported(tmp_path: Path) -> None:
    apply(INSTALLER.install(setup(tmp_path), {}))
    (problem,) = INSTALLER.problems(setup(tmp_path))
    assert "no person has reviewed" in problem
    reviewed(tmp_path)
    assert INSTALLER.problems(setup(tmp_path)) == ()


def test_uninstalling_restores_what_was_there(tmp_path: Path) -> None:
    config(tmp_path).parent.mkdir()
    text = 'model = "m"\n\n[features]\nhooks = false\nweb = true\n'
    config(tmp_path).write_text(text)
    (tmp_path / ".codex/hooks.json").write_text('{"hooks": {"Stop": []}}')
    record = apply(INSTALLER.install(setup(tmp_path), {}))
    record = apply(INSTALLER.install(setup(tmp_path), record))
    assert tomllib.loads(config(tmp_path).read_text())["features"]["hooks"] is True
    apply(INSTALLER.uninstall(setup(tmp_path), record))
    assert config(tmp_path).read_text() == text
    assert json.loads((tmp_path / ".codex/hooks.json").read_text()) == {
        "hooks": {"Stop": []}
    }
    assert not (tmp_path / ".codex/rules/zt-gate.rules").exists()


def test_the_sandbox_is_set_only_on_request(tmp_path: Path) -> None:
    record = apply(INSTALLER.install(setup(tmp_path), {}))
    assert "sandbox_mode" not in config(tmp_path).read_text()
    record = apply(INSTALLER.install(setup(tmp_path, with_sandbox=True), record))
    found = tomllib.loads(config(tmp_path).read_text())
    assert (found["sandbox_mode"], found["approval_policy"]) == (
        "workspace-write",
        "on-request",
    )
    apply(INSTALLER.uninstall(setup(tmp_path), record))
    assert tomllib.loads(config(tmp_path).read_text()) == {}


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("config.toml", "[features]\nhooks = false\n", "features.hooks is not true"),
        (
            "config.toml",
            "[features]\nhooks = true\n",
            "features.unified_exec_tty is not false",
        ),
        ("hooks.json", "{}", "hooks.PreToolUse"),
        ("rules/zt-gate.rules", "", "not as it was installed"),
    ],
)
def test_drift_is_named(file: str, content: str, said: str, tmp_path: Path) -> None:
    apply(INSTALLER.install(setup(tmp_path), {}))
    (tmp_path / ".codex" / file).write_text(content)
    assert said in " ".join(INSTALLER.problems(setup(tmp_path)))


def test_a_malformed_neighbour_is_named(tmp_path: Path) -> None:
    """Codex drops every hook of the file then, and the call runs."""
    apply(INSTALLER.install(setup(tmp_path), {}))
    file = tmp_path / ".codex/hooks.json"
    found = json.loads(file.read_bytes())
    found["hooks"]["Stop"] = [{"hooks": "x"}]
    file.write_text(json.dumps(found))
    assert "is malformed" in " ".join(INSTALLER.problems(setup(tmp_path)))


def test_managed_requirements_pin_the_features(tmp_path: Path) -> None:
    apply(INSTALLER.managed(setup(tmp_path)))
    file = tmp_path / "root/etc/codex/requirements.toml"
    found = tomllib.loads(file.read_text())
    assert found["features"] == {"hooks": True, "unified_exec_tty": False}
    (group,) = found["hooks"]["PreToolUse"]
    assert guard_hook.client_of(group) == "codex"
    assert INSTALLER.managed_problems(setup(tmp_path)) == ()
    file.write_text(
        requirements(setup(tmp_path)).replace("hooks = true", "hooks = false")
    )
    assert INSTALLER.managed_problems(setup(tmp_path)) != ()
    apply(INSTALLER.managed(setup(tmp_path)))  # our own file is replaced


def test_requirements_of_somebody_else_are_left_to_a_person(tmp_path: Path) -> None:
    file = tmp_path / "root/etc/codex/requirements.toml"
    file.parent.mkdir(parents=True)
    file.write_text('allowed_approval_policies = ["never"]\n')
    with pytest.raises(GateError, match="is there already"):
        INSTALLER.managed(setup(tmp_path))

"""Claude Code's settings with the guard in them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from zt_gate.errors import GateError
from zt_gate.guard.install.claude_code import EVENTS, INSTALLER
from zt_gate.guard.install.setup import InstallPlan, Setup
from zt_gate.guard.task import Task
from zt_gate.syntax import guard_hook

if TYPE_CHECKING:
    from pathlib import Path

DEVELOP = Task(
    "develop", network=("registry.example",), is_narrow=False, may_write=True
)
REVIEW = Task("code-review", restricted=("secret/", "*.pem"), is_narrow=True)


def setup(home: Path, task: Task = DEVELOP, **changes: Any) -> Setup:
    return Setup(str(home), task, root=str(home / "root"), **changes)


def settings(home: Path) -> Path:
    return home / ".claude" / "settings.json"


def read(home: Path) -> Any:
    return json.loads(settings(home).read_bytes())


def apply(plan: InstallPlan) -> dict[str, Any]:
    for change in plan.changes:
        if change.is_change:
            change.write()
    return plan.record


def test_every_event_has_the_guards_hook_and_nothing_is_allowed(tmp_path: Path) -> None:
    apply(INSTALLER.install(setup(tmp_path), {}))
    found = read(tmp_path)
    for event in EVENTS:
        (group,) = found["hooks"][event]
        assert guard_hook.client_of(group) == "claude-code"
        assert group["hooks"][0]["onFailure"] == "block"
    assert "allow" not in found["permissions"]
    assert INSTALLER.problems(setup(tmp_path)) == ()


def test_the_command_cannot_be_redirected_by_the_path() -> None:
    command = guard_hook.hook_command("/opt/my tools/python3", "claude-code")
    assert command.startswith(
        "'/opt/my tools/python3' -I -m zt_gate guard hook claude-code ||"
    )
    assert command.endswith(">&2; exit 2; }")


def test_installing_twice_changes_nothing_and_uninstalling_restores(
    tmp_path: Path,
) -> None:
    old = {
        "model": "m",
        "permissions": {"deny": ["Read(~/.ssh/**)"], "allow": ["Bash(make test)"]},
        "hooks": {
            "PreToolUse": [
                {"matcher": "Bash", "hooks": [{"type": "command", "command": "x"}]}
            ]
        },
        "sandbox": {"failIfUnavailable": False},
    }
    settings(tmp_path).parent.mkdir()
    settings(tmp_path).write_text(json.dumps(old))
    record = apply(INSTALLER.install(setup(tmp_path), {}))
    assert read(tmp_path)["permissions"]["allow"] == ["Bash(make test)"]
    assert len(read(tmp_path)["hooks"]["PreToolUse"]) == 2
    again = INSTALLER.install(setup(tmp_path), record)
    assert not any(change.is_change for change in again.changes)
    assert again.record == record
    apply(INSTALLER.uninstall(setup(tmp_path), record))
    assert read(tmp_path) == old


def test_another_interpreter_replaces_the_hook(tmp_path: Path) -> None:
    record = apply(INSTALLER.install(setup(tmp_path, interpreter="/old/python"), {}))
    assert INSTALLER.problems(setup(tmp_path)) != ()
    apply(INSTALLER.install(setup(tmp_path), record))
    (group,) = read(tmp_path)["hooks"]["PreToolUse"]
    assert sys.executable in group["hooks"][0]["command"]


def test_a_hook_goes_even_if_the_record_is_lost(tmp_path: Path) -> None:
    apply(INSTALLER.install(setup(tmp_path), {}))
    apply(INSTALLER.uninstall(setup(tmp_path), {}))
    assert "hooks" not in read(tmp_path)


def test_rules_for_paths_stand_on_tools_that_consult_them(tmp_path: Path) -> None:
    apply(INSTALLER.install(setup(tmp_path, REVIEW), {}))
    denied = read(tmp_path)["permissions"]["deny"]
    with_paths = {rule.partition("(")[0] for rule in denied if "(" in rule}
    assert with_paths == {"Read", "Edit"}
    assert {"Read(**/secret/**)", "Edit(**/secret/**)", "Read(**/*.pem)"} <= set(denied)
    assert {"Edit", "Write", "NotebookEdit", "WebFetch", "WebSearch"} <= set(denied)


def test_develop_may_write_and_fetch(tmp_path: Path) -> None:
    apply(INSTALLER.install(setup(tmp_path), {}))
    assert {"Edit", "WebFetch"}.isdisjoint(read(tmp_path)["permissions"]["deny"])


def test_prompts_go_only_with_a_sandbox_that_fails_closed(tmp_path: Path) -> None:
    apply(INSTALLER.install(setup(tmp_path), {}))
    assert read(tmp_path)["sandbox"] == {
        "failIfUnavailable": True,
        "allowUnsandboxedCommands": False,
    }
    apply(INSTALLER.install(setup(tmp_path, with_sandbox=True), {}))
    sandbox = read(tmp_path)["sandbox"]
    assert sandbox["enabled"]
    assert sandbox["failIfUnavailable"]
    assert not sandbox["allowUnsandboxedCommands"]
    assert sandbox["autoAllowBashIfSandboxed"]
    assert sandbox["network"]["allowedDomains"] == ["registry.example"]


def test_commands_in_the_clients_sandbox_see_no_credentials(tmp_path: Path) -> None:
    """An entry to mask without hosts would be given to every host."""
    apply(INSTALLER.install(setup(tmp_path, with_sandbox=True), {}))
    variables = read(tmp_path)["sandbox"]["credentials"]["envVars"]
    modes = {entry["name"]: entry["mode"] for entry in variables}
    assert modes["ANTHROPIC_API_KEY"] == "deny"
    assert modes["GITHUB_TOKEN"] == "mask"
    assert all(entry["injectHosts"] for entry in variables if entry["mode"] == "mask")


def change_hook(found: Any, **changes: Any) -> None:
    found["hooks"]["PreToolUse"][0]["hooks"][0].update(changes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found["hooks"].pop("PreToolUse"), "hooks.PreToolUse: the guard"),
        (lambda found: change_hook(found, onFailure="ignore"), "hooks.PreToolUse"),
        (lambda found: change_hook(found, **{"async": True}), "hooks.PreToolUse"),
        (lambda found: change_hook(found, timeout=1), "hooks.PreToolUse"),
        (lambda found: found["hooks"]["PreToolUse"][0].update(matcher="Bash"), "PreToolUse"),
        (lambda found: found.update(disableAllHooks=True), "disableAllHooks switches"),
        (lambda found: found["hooks"].update(Stop=[{"hooks": "x"}]), "is malformed"),
        (lambda found: found["permissions"].update(ask="x"), "permissions.ask is no list"),
        (lambda found: found["permissions"]["deny"].remove("Edit(.git/hooks/**)"), "Edit(.git"),
        (lambda found: found["sandbox"].update(failIfUnavailable=False), "failIfUnavailable"),
    ],
)  # fmt: skip
def test_drift_is_named(change: Any, said: str, tmp_path: Path) -> None:
    apply(INSTALLER.install(setup(tmp_path), {}))
    found = read(tmp_path)
    change(found)
    settings(tmp_path).write_text(json.dumps(found))
    assert said in " ".join(INSTALLER.problems(setup(tmp_path)))


def test_settings_that_cannot_be_read_are_not_touched(tmp_path: Path) -> None:
    settings(tmp_path).parent.mkdir()
    settings(tmp_path).write_text('{"hooks": ')
    with pytest.raises(GateError, match=r"settings\.json:1: it is not valid JSON"):
        INSTALLER.install(setup(tmp_path), {})
    assert settings(tmp_path).read_text() == '{"hooks": '


def test_another_settings_folder_is_the_one_that_counts(tmp_path: Path) -> None:
    environ = {"CLAUDE_CONFIG_DIR": str(tmp_path / "other")}
    apply(INSTALLER.install(setup(tmp_path, environ=environ), {}))
    assert (tmp_path / "other" / "settings.json").exists()


def test_managed_settings_keep_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "root/etc/claude-code/managed-settings.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"model": "m"}')
    apply(INSTALLER.managed(setup(tmp_path)))
    found = json.loads(file.read_bytes())
    assert found["model"] == "m"
    assert found["requiredMinimumVersion"] == "2.1.332"
    assert guard_hook.client_of(found["hooks"]["PreToolUse"][0]) == "claude-code"
    assert INSTALLER.managed_problems(setup(tmp_path)) == ()
    file.write_text("{}")
    assert INSTALLER.managed_problems(setup(tmp_path)) != ()

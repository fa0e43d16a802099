"""The guard's own hook is known exactly, and every other form of it is a hook like any."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from zt_gate.syntax import guard_hook

if TYPE_CHECKING:
    from tests.scanners.agent_config.conftest import Scan

PLACES = [
    ("claude-code", ".claude/settings.json"),
    ("codex", ".codex/hooks.json"),
]


def document(client: str, **changes: Any) -> str:
    handler = {**guard_hook.handler(sys.executable, client), **changes}
    return json.dumps({"hooks": {"PreToolUse": [{"hooks": [handler]}]}}, indent=2)


@pytest.mark.parametrize(("client", "path"), PLACES)
def test_what_is_installed_is_no_finding(client: str, path: str, scan: Scan) -> None:
    assert scan(path, document(client)).findings == ()


def variants(client: str) -> list[str]:
    command = guard_hook.hook_command(sys.executable, client)
    changed = [
        {"command": command.replace(" -I ", " ")},
        {"command": command.replace("exit 2", "exit 0")},
        {"command": f"{command}; true"},
        {"command": command.split(" || ")[0]},
        {"command": guard_hook.hook_command("./.venv/bin/python", client)},
        {"command": guard_hook.hook_command("python3", client)},
        {"command": command.replace("guard hook", "guard hook --task x")},
        {"async": True},
        {"timeout": 1},
        {"args": []},
        {"onFailure": "ignore"},
    ]
    texts = [document(client, **change) for change in changed]
    group = json.loads(document(client))
    group["hooks"]["PreToolUse"][0]["matcher"] = "Write"
    both = json.loads(document(client))
    both["hooks"]["PreToolUse"][0]["hooks"].append({"type": "command", "command": "x"})
    return [*texts, json.dumps(group), json.dumps(both)]


@pytest.mark.parametrize(("client", "path"), PLACES)
def test_any_other_form_is_a_finding(client: str, path: str, scan: Scan) -> None:
    for text in variants(client):
        assert scan(path, text).findings, text

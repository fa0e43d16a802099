"""The message on an agent's settings says what it may do now and could not before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from zt_gate.model.finding import Level

if TYPE_CHECKING:
    from tests.scanners.agent_config.conftest import Scan

_TRUE = "run any command, write any file and reach any host without asking"
#: One client a row: its file, what the change writes into it, and what that grants.
_CLIENTS: dict[str, tuple[str, Any, str]] = {
    "claude": (".claude/settings.json", {"permissions": {"allow": ["*"]}}, _TRUE),
    "cursor": (".cursor/cli.json", {"permissions": {"allow": ["Shell(*)"]}}, "run any command"),
    "gemini": (".gemini/settings.json", {"general": {"defaultApprovalMode": "yolo"}}, _TRUE),
    "opencode": ("opencode.json", {"permission": {"bash": "allow"}}, "run any command"),
    "copilot": (".copilot/config.json", {"allow_all_tools": True}, _TRUE),
    "vscode": (".vscode/settings.json", {"chat.tools.global.autoApprove": True}, _TRUE),
    "cline": (
        ".vscode/settings.json",
        {"cline.autoApprovalSettings": {"actions": {"executeAllCommands": True}}},
        "run any command",
    ),
    "zed": (".zed/settings.json", {"agent": {"always_allow_tool_actions": True}}, _TRUE),
    "kiro": (".kiro/agents/a.json", {"allowedTools": ["shell"]}, "run any command"),
    "amazon q": (".amazonq/cli-agents/a.json", {"allowedTools": ["execute_bash"]}, "run any"),
    "amp": (".amp/settings.json", {"amp.dangerouslyAllowAll": True}, _TRUE),
    "goose": (".goose/config.yaml", {"GOOSE_MODE": "auto"}, _TRUE),
    "continue": (".continue/permissions.yaml", {"allow": ["*"]}, _TRUE),
    "crush": ("crush.json", {"permissions": {"allowed_tools": ["bash"]}}, "run any command"),
}  # fmt: skip


def _effects(scan: Scan, path: str, new: Any, old: Any = None) -> list[str]:
    before = old if old is None or isinstance(old, str) else json.dumps(old)
    run = scan(path, new if isinstance(new, str) else json.dumps(new), before)
    marked = [finding.message.partition("In effect, ")[2] for finding in run.findings]
    return [text for text in marked if text]


def test_the_message_says_what_is_new_and_what_was_before(scan: Scan) -> None:
    old = {"permissions": {"allow": ["Bash(git diff:*)", "Bash(npm test)"]}}
    new = {"permissions": {"allow": ["Bash(*)"]}}
    assert _effects(scan, ".claude/settings.json", new, old) == [
        "agents may now run any command without asking; before: `git diff`, `npm test`"
    ]


@pytest.mark.parametrize("client", _CLIENTS)
def test_the_grants_of_each_client_are_read(scan: Scan, client: str) -> None:
    path, settings, granted = _CLIENTS[client]
    (effect,) = _effects(scan, path, settings)
    assert granted in effect
    assert effect.endswith("; before: nothing")


def test_codex_counts_policy_and_sandbox_together(scan: Scan) -> None:
    new = 'approval_policy = "never"\nsandbox_mode = "danger-full-access"\n'
    old = 'approval_policy = "on-request"\n'
    (effect,) = _effects(scan, ".codex/config.toml", new, old)
    assert effect == f"agents may now {_TRUE}; before: nothing"


def test_a_server_with_another_program_is_another_grant(scan: Scan) -> None:
    old = {"mcpServers": {"docs": {"command": "node", "args": ["docs.js"]}}}
    new = {"mcpServers": {"docs": {"command": "node", "args": ["other.js"]}}}
    (effect,) = _effects(scan, ".mcp.json", new, old)
    assert effect == (
        "agents may now start `docs: node other.js`; before: start `docs: node docs.js`"
    )


def test_a_lifted_ban_is_said(scan: Scan) -> None:
    old = {"permissions": {"deny": ["Read(./.env)"]}}
    new = {"permissions": {"allow": ["Bash"]}}
    (effect,) = _effects(scan, ".claude/settings.json", new, old)
    assert "do what was denied: `Read(./.env)`" in effect


def test_only_one_finding_of_a_file_says_it_and_it_is_the_worst(scan: Scan) -> None:
    settings = {"hooks": {"Stop": [{"hooks": [{"command": "npm test"}]}]},
                "permissions": {"allow": ["Bash(*)", "Bash(python:*)"]}}  # fmt: skip
    run = scan(".claude/settings.json", json.dumps(settings))
    marked = [finding for finding in run.findings if "In effect" in finding.message]
    assert len(run.findings) > 2
    assert [finding.level for finding in marked] == [Level.BLOCK]


def test_what_grants_no_more_than_before_says_nothing(scan: Scan) -> None:
    old = {"permissions": {"allow": ["Bash(*)"]}}
    new = {"permissions": {"allow": ["Bash(*)", "Bash(python:*)"]}}
    run = scan(".claude/settings.json", json.dumps(new), json.dumps(old))
    assert run.findings
    assert not _effects(scan, ".claude/settings.json", new, old)


def test_texts_of_the_repository_are_short_ascii_and_without_credentials(
    scan: Scan,
) -> None:
    key = "kx7qm2vp9" + "lw4zt8rn3" * 2
    entries = [
        "Bash(\u202eevil `x`\n\n# approve this change *)",
        f"Bash(deploy {key} *)",
        f"Bash({'a' * 500})",
        *(f"Bash(tool{number})" for number in range(40)),
        "Bash(python:*)",
    ]
    settings = {"permissions": {"allow": entries}}
    (effect,) = _effects(scan, ".claude/settings.json", settings)
    assert effect.isascii()
    assert effect.isprintable()
    assert key not in effect
    assert len(effect) < 400

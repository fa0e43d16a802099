"""Codex's events as actions, and answers in its form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.guard.clients.observed import names, observed
from zt_gate.guard.action import (
    CallTool,
    Notice,
    Prompt,
    ReadFile,
    RunCommand,
    ToolOutput,
    UnknownEvent,
    WriteFile,
)
from zt_gate.guard.clients import client, codex
from zt_gate.guard.clients.base import AgentEventError
from zt_gate.guard.decision import Answer, Concern, decide

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.guard.action import Action

CODEX = client("codex")
DENY = decide([Concern("x/y", Answer.DENY, "It deletes the home folder.")])
ASK = decide([Concern("x/y", Answer.ASK, "It publishes.")])
REMARK = decide([Concern("x/y", Answer.SILENT, "Only observed.")])


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.setattr(codex, "_ZSH", ())
    monkeypatch.setattr(codex, "_PAUSE", 0)


def record(folder: Path, call: str = "call_1", **arguments: Any) -> None:
    """Write the session's record as the client does before it asks the hook."""
    payload = {
        "type": "function_call", "id": "f1", "name": "exec_command",
        "arguments": json.dumps({"cmd": "echo hi", **arguments}), "call_id": call,
    }  # fmt: skip
    lines = [
        {"type": "session_meta", "payload": {}},
        {"type": "response_item", "payload": payload},
    ]
    (folder / "r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def actions(name: str, folder: Path | str = "/w", **changes: Any) -> tuple[Action, ...]:
    return CODEX.parse(observed("codex", name, str(folder), **changes)).actions


def refused(name: str, folder: Path | str = "/w", **changes: Any) -> str:
    (action,) = actions(name, folder, **changes)
    assert isinstance(action, UnknownEvent)
    assert action.acts
    return action.what


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bash", (RunCommand("echo hi", "/w"),)),
        ("Bash in another folder", (RunCommand("pwd", "/usr"),)),
        ("view_image", (ReadFile("/w/a.png", "/w"),)),
        ("MCP", (CallTool("mcp__srv__echo", {"a": "b"}),)),
        ("spawn_agent", (CallTool("spawn_agent", {"message": "p", "agent_type": "default"}),)),
        ("UserPromptSubmit", (Prompt("go"),)),
        ("Bash output", (ToolOutput("Bash", "hi\n"),)),
        (
            "SubagentStart",
            (Notice("SubagentStart", {
                "agent_id": "01a22c23", "agent_type": "default", "permission_mode": "default",
            }),),
        ),
        (
            "apply_patch",
            (
                WriteFile("a.txt", "/w", None, b"bye\n"),
                WriteFile("new.txt", "/w", b"first\nsecond\n", b"first\nsecond\n"),
                WriteFile("zz.txt", "/w", None),
            ),
        ),
    ],
)  # fmt: skip
def test_events_are_read_as_actions(name: str, expected: tuple[Action, ...]) -> None:
    assert actions(name) == expected


def test_a_command_in_another_folder_does_not_move_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    event = CODEX.parse(observed("codex", "Bash in another folder", str(tmp_path)))
    assert event.cwd == str(tmp_path)
    assert event.actions == (RunCommand("pwd", "/usr"),)


def test_a_subagent_has_its_id_and_its_kind() -> None:
    event = CODEX.parse(observed("codex", "Bash in a subagent", "/w"))
    assert (event.agent, event.agent_kind) == ("01a22c23", "default")
    data = observed("codex", "Bash in a subagent", "/w", agent_id=None)
    assert CODEX.parse(data).agent == "default"
    assert CODEX.parse(observed("codex", "Bash", "/w")).agent == ""


def test_the_client_never_asks_for_the_guard() -> None:
    event = CODEX.parse(observed("codex", "view_image", "/w"))
    assert not event.asks
    assert not event.ask_holds


@pytest.mark.parametrize(
    ("version", "is_known"),
    [
        ("0.171.0", True),
        ("0.171.4", True),
        ("0.171.0-alpha.2", True),
        ("0.170.9", False),
        ("0.172.0", False),
        ("1.0.0", False),
        ("newest", False),
        ("", True),
    ],
)
def test_a_call_of_a_version_that_was_never_tried_is_unknown(
    tmp_path: Path, version: str, is_known: bool
) -> None:
    meta = {"type": "session_meta", "payload": {"cwd": "/w", "cli_version": version}}
    text = json.dumps(meta, separators=(",", ":"))
    (tmp_path / "version.jsonl").write_text(f"{text}\n")
    path = str(tmp_path / "version.jsonl")
    (action,) = actions("view_image", tmp_path, transcript_path=path)
    assert isinstance(action, ReadFile) is is_known
    if not is_known:
        assert isinstance(action, UnknownEvent)
        assert f"codex {version}, which" in action.what


def test_the_recorded_shell_decides_the_language(tmp_path: Path) -> None:
    record(tmp_path, shell="/usr/bin/zsh")
    assert actions("Bash", tmp_path) == (RunCommand("echo hi", str(tmp_path), "zsh"),)
    record(tmp_path, shell="sh")
    assert actions("Bash", tmp_path) == (RunCommand("echo hi", str(tmp_path)),)
    record(tmp_path, shell="pwsh")
    assert "its shell is none" in refused("Bash", tmp_path)
    record(tmp_path, shell=["bash"])
    assert "its shell is none" in refused("Bash", tmp_path)


def test_without_a_record_a_command_is_read_in_every_language_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(codex, "_ZSH", ("/",))
    assert actions("Bash", "/nowhere") == (
        RunCommand("echo hi", "/nowhere"),
        RunCommand("echo hi", "/nowhere", "zsh"),
    )


def test_a_terminal_is_refused_because_no_hook_sees_what_is_typed(
    tmp_path: Path,
) -> None:
    record(tmp_path, tty=True)
    assert "asks for a terminal" in refused("Bash", tmp_path)
    record(tmp_path, tty=False)
    assert isinstance(actions("Bash", tmp_path)[0], RunCommand)


def test_the_record_of_another_call_says_nothing(tmp_path: Path) -> None:
    record(tmp_path, "call_2", tty=True)
    assert isinstance(actions("Bash", tmp_path)[0], RunCommand)


def test_a_command_that_only_applies_a_patch_is_its_writes() -> None:
    patch = "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch"
    command = f"apply_patch <<'E'\n{patch}\nE"
    assert actions("Bash", tool_input={"command": command}) == (
        WriteFile("a", "/w", b"x\n", b"x\n"),
    )


def test_unknown_tools_fields_and_kinds_would_act() -> None:
    assert "the tool teleport" in refused("Bash", tool_name="teleport")
    assert "workdir is not known" in refused("Bash", tool_input={"workdir": "/"})
    assert "command is no text" in refused("Bash", tool_input={"command": ["ls"]})
    assert "does not begin" in refused("apply_patch", tool_input={"command": "x"})
    assert "PreDance" in refused("Bash", hook_event_name="PreDance")
    assert "prompt" in refused("UserPromptSubmit", prompt=None)
    assert actions("Stop", hook_event_name="Applause") == (
        UnknownEvent("the event Applause", acts=False),
    )


def test_deny_and_ask_are_a_deny_with_a_reason() -> None:
    """The call runs at an "ask", and at a "deny" without a reason."""
    event = CODEX.parse(observed("codex", "Bash", "/w"))
    for decision in (DENY, ASK, decide([Concern("x/y", Answer.DENY, "")])):
        said = json.loads(CODEX.render(event, decision).stdout)["hookSpecificOutput"]
        assert said["permissionDecision"] == "deny"
        assert said["permissionDecisionReason"].removeprefix("zt-gate guard: ")
    assert CODEX.refuse("").exit_code == 2
    assert CODEX.refuse("").stderr.strip()


def test_an_output_is_replaced_by_the_reason_of_a_block() -> None:
    event = CODEX.parse(observed("codex", "Bash output", "/w"))
    said = json.loads(CODEX.render(event, REMARK, "clean\n").stdout)
    assert said["decision"] == "block"
    assert said["reason"] == "zt-gate guard: Only observed.\nclean\n"
    said = json.loads(CODEX.render(event, DENY).stdout)
    assert "It deletes" in said["reason"]
    event = CODEX.parse(observed("codex", "MCP output", "/w"))
    parts = {"content": [{"type": "text", "text": "clean"}]}
    assert (
        json.loads(CODEX.render(event, decide([]), parts).stdout)["reason"] == "clean"
    )
    assert json.loads(CODEX.render(event, decide([]), "").stdout)["reason"]


def test_a_session_can_be_kept_from_starting_and_not_from_stopping() -> None:
    start = CODEX.parse(observed("codex", "SessionStart", "/w"))
    assert json.loads(CODEX.render(start, DENY).stdout)["continue"] is False
    stop = CODEX.parse(observed("codex", "Stop", "/w"))
    assert CODEX.render(stop, DENY).exit_code == 0


def test_no_answer_ever_allows() -> None:
    for name in names("codex"):
        event = CODEX.parse(observed("codex", name, "/w"))
        for decision in (DENY, ASK, REMARK, decide([])):
            assert b'"allow"' not in CODEX.render(event, decision, "x").stdout


@given(
    st.sampled_from(names("codex")),
    st.sampled_from(["hook_event_name", "tool_name", "tool_input", "tool_response", "prompt",
                     "tool_use_id", "transcript_path", "agent_id", "command", "path"]),
    st.none() | st.integers() | st.text() | st.lists(st.text(), max_size=2)
    | st.dictionaries(st.text(), st.text(), max_size=2),
)  # fmt: skip
def test_any_value_anywhere_is_an_action_or_an_error(
    name: str, key: str, value: Any
) -> None:
    data = json.loads(observed("codex", name, "/nowhere"))
    place = data.get("tool_input", data) if key not in data else data
    place[key] = value
    try:
        event = CODEX.parse(json.dumps(data).encode())
    except AgentEventError:
        return
    assert event.actions
    for decision in (DENY, ASK, REMARK):
        answer = CODEX.render(event, decision, value)
        assert answer.exit_code == 0 or answer.stderr.strip()

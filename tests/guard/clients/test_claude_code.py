"""Claude Code's events as actions, and answers in its form."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.guard.clients.observed import names, observed
from zt_gate.guard.action import (
    CallTool,
    FetchAddress,
    Notice,
    Prompt,
    ReadFile,
    RunCommand,
    ToolOutput,
    UnknownEvent,
    WriteFile,
)
from zt_gate.guard.clients import client
from zt_gate.guard.clients.base import AgentEventError
from zt_gate.guard.clients.claude_code import version_of
from zt_gate.guard.clients.versions import version_problem
from zt_gate.guard.decision import Answer, Concern, decide

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.guard.action import Action

CLAUDE = client("claude-code")
DENY = decide(
    [Concern("x/y", Answer.DENY, "It deletes the home folder.", "Name a file.")]
)
ASK = decide([Concern("x/y", Answer.ASK, "It publishes.")])
REMARK = decide([Concern("x/y", Answer.SILENT, "Only observed.")])


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AI_AGENT", "CLAUDE_CODE_SHELL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHELL", "/bin/bash")


def actions(name: str, folder: Path | str = "/w", **changes: Any) -> tuple[Action, ...]:
    return CLAUDE.parse(observed("claude-code", name, str(folder), **changes)).actions


def refused(name: str, **changes: Any) -> str:
    """Why the one action of an event is unknown and would act."""
    (action,) = actions(name, **changes)
    assert isinstance(action, UnknownEvent)
    assert action.acts
    return action.what


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("Bash", RunCommand("echo hi", "/w")),
        ("Bash in the background", RunCommand("sleep 1", "/w", is_background=True)),
        ("Skill's command", RunCommand("git status", "/w")),
        ("Read", ReadFile("/w/a.txt", "/w")),
        ("Write", WriteFile("/w/b.txt", "/w", b"new\n")),
        ("Edit", WriteFile("/w/a.txt", "/w", None, b"bye")),
        ("NotebookEdit", WriteFile("/w/n.ipynb", "/w", None, b"x=2")),
        ("WebFetch", FetchAddress("http://127.0.0.1:1/")),
        ("WebSearch", CallTool("WebSearch", {"query": "x y"})),
        ("MCP", CallTool("mcp__srv__echo", {"a": "b"})),
        ("UserPromptSubmit", Prompt("go")),
        ("SessionStart", Notice("SessionStart", {"source": "startup"})),
        (
            "SubagentStart",
            Notice("SubagentStart", {"agent_id": "aea59368", "agent_type": "general-purpose"}),
        ),
        ("failed Bash", ToolOutput("Bash", "Exit code 1")),
    ],
)  # fmt: skip
def test_events_are_read_as_actions(name: str, action: Action) -> None:
    assert actions(name) == (action,)


def test_the_header_tells_session_subagent_and_whether_the_client_asks() -> None:
    event = CLAUDE.parse(observed("claude-code", "Bash in a subagent", "/w"))
    assert (event.session, event.agent, event.cwd) == ("s1", "aea59368", "/w")
    assert (event.name, event.tool, event.asks) == ("PreToolUse", "Bash", True)
    assert event.agent_kind == "general-purpose"
    event = CLAUDE.parse(observed("claude-code", "Bash", "/w"))
    assert not event.asks  # nobody is asked about what the guard leaves open
    assert event.ask_holds  # but the guard's own question is put, or the call refused


@pytest.mark.parametrize(
    "mode", ["bypassPermissions", "dontAsk", "auto", "new", 7, None]
)
def test_modes_that_ask_nobody_and_unknown_ones_do_not_ask(mode: object) -> None:
    data = observed("claude-code", "Bash", "/w", permission_mode=mode)
    assert not CLAUDE.parse(data).asks


def test_an_output_has_the_tools_own_shape() -> None:
    (output,) = actions("Read output")
    assert isinstance(output, ToolOutput)
    assert output.output["file"]["content"] == "hello\nworld\n"


def test_the_users_shell_decides_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    assert actions("Bash") == (RunCommand("echo hi", "/w", "zsh"),)


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ({"pattern": "*.txt"}, "."),
        ({"pattern": "src/**/*.py"}, "./src"),
        ({"pattern": "/etc/*.conf"}, "/etc"),
        ({"pattern": "/*"}, "/"),
        ({"pattern": "../x/[ab]/c", "path": "/w"}, "/w/../x"),
    ],
)
def test_a_glob_looks_at_the_folder_it_begins_with(given: Any, folder: str) -> None:
    data = json.loads(observed("claude-code", "Bash", "/w", tool_name="Glob"))
    data["tool_input"] = given
    event = CLAUDE.parse(json.dumps(data).encode())
    assert event.actions == (ReadFile(folder, "/w"),)


def test_a_monitor_runs_a_command_in_the_background() -> None:
    data = json.loads(observed("claude-code", "Bash", "/w", tool_name="Monitor"))
    data["tool_input"] = {
        "description": "d", "timeout_ms": 5, "command": "tail -f x",
        "ws": {"url": "ws://h.example/"},
    }  # fmt: skip
    event = CLAUDE.parse(json.dumps(data).encode())
    assert event.actions == (
        RunCommand("tail -f x", "/w", is_background=True),
        FetchAddress("ws://h.example/"),
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"7",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"hook_event_name": "PreToolUse"}',
        b'{"hook_event_name": 7, "cwd": "/w", "session_id": "s"}',
        b'{"hook_event_name": "Stop", "cwd": "w", "session_id": "s"}',
        b'{"hook_event_name": "Stop", "cwd": "/w", "session_id": ""}',
        b'{"hook_event_name": "Stop", "cwd": "/w", "session_id": "s", "x": "'
        + b"x" * (1 << 20)
        + b'"}',
    ],
)
def test_what_is_no_event_is_an_error(data: bytes) -> None:
    with pytest.raises(AgentEventError):
        CLAUDE.parse(data)


def test_unknown_tools_fields_and_kinds_would_act() -> None:
    assert "the tool Teleport" in refused("Bash", tool_name="Teleport")
    assert "without a tool" in refused("Bash", tool_name=None)
    assert "without a tool" in refused("Bash", tool_input=None)
    assert "sudo is not known" in refused("Bash", tool_input={"sudo": True})
    assert "command is no text" in refused("Bash", tool_input={"command": ["ls"]})
    assert "not Unicode" in refused("Bash", tool_input={"command": "\ud800"})
    assert "neither true" in refused("Bash", tool_input={"run_in_background": "yes"})
    assert "outside the client" in refused(
        "Bash", tool_input={"dangerouslyDisableSandbox": True}
    )
    assert "the tool PowerShell" in refused("Bash", tool_name="PowerShell")
    assert "PreDance" in refused("Bash", hook_event_name="PreDance")
    assert "AfterAll" in refused("Bash", hook_event_name="AfterAll")  # it has arguments
    assert "prompt" in refused("UserPromptSubmit", prompt=["go"])


def test_an_unknown_event_that_only_informs_is_reported_as_one() -> None:
    assert actions("Stop", hook_event_name="Applause") == (
        UnknownEvent("the event Applause", acts=False),
    )


def test_a_name_of_an_event_cannot_act_on_a_terminal() -> None:
    (action,) = actions("Stop", hook_event_name="\x1b[2J\n" + "x" * 5000)
    assert isinstance(action, UnknownEvent)
    assert action.what.isprintable()
    assert len(action.what) < 300


@pytest.mark.parametrize(
    ("agent", "is_known"),
    [
        ("", True),
        ("other_1-2-3_agent", True),
        ("claude-code_2-1-332_harness", True),
        ("claude-code_2-1-295_harness", True),
        ("claude-code_2-1-197_agent", False),
        ("claude-code_2-2-0_agent", False),
        ("claude-code_3-0-0_agent", False),
    ],
)
def test_a_call_of_a_version_that_was_never_tried_is_unknown(
    agent: str, is_known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_AGENT", agent)
    assert (version_problem("claude-code", version_of(agent)) == "") is is_known
    assert isinstance(actions("Bash")[0], RunCommand) is is_known


def test_a_denied_call_is_a_deny_with_a_reason() -> None:
    event = CLAUDE.parse(observed("claude-code", "Bash", "/w"))
    answer = CLAUDE.render(event, DENY)
    said = json.loads(answer.stdout)["hookSpecificOutput"]
    assert (answer.exit_code, said["permissionDecision"]) == (0, "deny")
    assert (
        said["permissionDecisionReason"]
        == "zt-gate guard: It deletes the home folder. Name a file."
    )


def test_a_denied_prompt_is_blocked() -> None:
    event = CLAUDE.parse(observed("claude-code", "UserPromptSubmit", "/w"))
    said = json.loads(CLAUDE.render(event, DENY).stdout)
    assert said["decision"] == "block"
    assert "It deletes" in said["reason"]


def test_a_refusal_has_a_reason_even_if_none_is_given() -> None:
    answer = CLAUDE.refuse("\x1b\n ")
    assert answer.exit_code == 2
    assert b"no reason" in CLAUDE.refuse(" ").stderr
    assert b"\x1b" not in answer.stderr


def test_an_ask_is_the_clients_own() -> None:
    event = CLAUDE.parse(observed("claude-code", "Bash", "/w"))
    answer = CLAUDE.render(event, ASK)
    said = json.loads(answer.stdout)["hookSpecificOutput"]
    assert (answer.exit_code, said["permissionDecision"]) == (0, "ask")
    assert said["permissionDecisionReason"] == "zt-gate guard: It publishes."


def test_an_ask_where_the_client_has_none_denies() -> None:
    event = CLAUDE.parse(observed("claude-code", "Skill's command", "/w"))
    assert CLAUDE.render(event, ASK).exit_code == 2
    event = CLAUDE.parse(observed("claude-code", "UserPromptSubmit", "/w"))
    assert json.loads(CLAUDE.render(event, ASK).stdout)["decision"] == "block"


def test_silence_is_an_empty_answer() -> None:
    event = CLAUDE.parse(observed("claude-code", "Bash", "/w"))
    answer = CLAUDE.render(event, decide([]))
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, b"", b"")


def test_no_answer_ever_allows() -> None:
    for name in names("claude-code"):
        event = CLAUDE.parse(observed("claude-code", name, "/w"))
        for decision in (DENY, ASK, REMARK, decide([])):
            assert b'"allow"' not in CLAUDE.render(event, decision, "x").stdout


def test_a_remark_is_told_to_the_agent() -> None:
    event = CLAUDE.parse(observed("claude-code", "Bash", "/w"))
    said = json.loads(CLAUDE.render(event, REMARK).stdout)["hookSpecificOutput"]
    assert said["additionalContext"] == "zt-gate guard: Only observed."


def test_an_output_is_replaced_in_its_own_shape() -> None:
    event = CLAUDE.parse(observed("claude-code", "Bash output", "/w"))
    replaced = {"stdout": "clean", "stderr": "", "interrupted": False, "isImage": False}
    said = json.loads(CLAUDE.render(event, REMARK, replaced).stdout)[
        "hookSpecificOutput"
    ]
    assert said["updatedToolOutput"] == replaced
    assert "Only observed." in said["additionalContext"]


@pytest.mark.parametrize("name", ["Bash output", "Read output", "MCP output"])
def test_a_denied_output_without_another_one_is_withheld(name: str) -> None:
    event = CLAUDE.parse(observed("claude-code", name, "/w"))
    answer = CLAUDE.render(event, DENY).stdout
    shown = json.dumps(json.loads(answer)["hookSpecificOutput"]["updatedToolOutput"])
    assert "It deletes" in shown
    assert "hello" not in shown
    assert "echoed" not in shown


def test_a_denied_output_of_unknown_shape_stops_the_session() -> None:
    event = CLAUDE.parse(observed("claude-code", "WebSearch output", "/w"))
    assert json.loads(CLAUDE.render(event, DENY).stdout)["continue"] is False


def test_the_output_of_a_failed_call_is_only_warned_about() -> None:
    event = CLAUDE.parse(observed("claude-code", "failed Bash", "/w"))
    said = json.loads(CLAUDE.render(event, DENY, "other").stdout)["hookSpecificOutput"]
    assert "It deletes" in said["additionalContext"]
    assert "updatedToolOutput" not in said


def test_an_event_that_only_informs_never_ends_with_exit_code_2() -> None:
    """Exit code 2 at Stop makes the session go on, nine times."""
    for name in ("Stop", "SessionStart", "SubagentStart"):
        event = CLAUDE.parse(observed("claude-code", name, "/w"))
        assert CLAUDE.render(event, DENY).exit_code == 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(names("claude-code")),
    st.sampled_from(
        ["hook_event_name", "tool_name", "tool_input", "tool_response", "permission_mode",
         "agent_id", "prompt", "cwd", "session_id", "command", "file_path", "edits",
         "old_string", "ws", "url", "cell_id", "edit_mode", "run_in_background"]
    ),
    json_values,
    st.sampled_from(["Bash", "Edit", "MultiEdit", "NotebookEdit", "Glob", "Monitor", "Write"]),
)  # fmt: skip
def test_any_value_anywhere_is_an_action_or_an_error(
    name: str, key: str, value: Any, tool: str
) -> None:
    data = json.loads(observed("claude-code", name, "/nowhere"))
    if "tool_name" in data:
        data["tool_name"] = tool
    place = data.get("tool_input", data) if key not in data else data
    place[key] = value
    try:
        event = CLAUDE.parse(json.dumps(data).encode())
    except AgentEventError:
        return
    assert event.actions
    for decision in (DENY, ASK, REMARK):
        answer = CLAUDE.render(event, decision)
        assert answer.exit_code in {0, 2}
        assert answer.exit_code == 0 or answer.stderr.strip()


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_an_error(data: bytes) -> None:
    with suppress(AgentEventError):
        CLAUDE.parse(data)

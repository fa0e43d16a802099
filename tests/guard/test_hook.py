"""One event of a client: the answer, what is remembered, and what fails closed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.guard.test_content import HIDDEN
from tests.guard.test_log import TOKEN
from tests.guard.test_policy import parse
from tests.support.repo import Repo
from zt_gate.guard import hook, log
from zt_gate.guard.clients.base import Rendered
from zt_gate.guard.places import GuardPlaces
from zt_gate.guard.policy import pin, pin_content
from zt_gate.guard.session import records

#: Servers that no person has reviewed may be used.
UNPINNED = "[guard]\ntask = 'develop'\nmodes = { 'mcp/not-reviewed' = 'observe' }\n"


@dataclass
class Guarded:
    """A repository with a guard whose state is below the same folder."""

    root: str
    places: GuardPlaces

    def pin(self, toml: str) -> None:
        data = toml.encode()
        pin(self.places, "", pin_content(parse(data, "p.toml"), data, "p.toml", ""))

    def send(self, name: str = "PreToolUse", **fields: Any) -> Rendered:
        event = {
            "hook_event_name": name,
            "session_id": "s",
            "cwd": self.root,
            "permission_mode": "default",
            **fields,
        }
        data = json.dumps(event).encode()
        return hook.handle(
            "claude-code", data, {"PATH": os.defpath}, places=self.places
        )

    def tool(self, tool: str, **arguments: Any) -> Rendered:
        return self.send(tool_name=tool, tool_input=arguments)

    def read(self, path: str) -> Rendered:
        return self.tool("Read", file_path=path)

    def write(self, path: str, content: str = "x = 1\n") -> Rendered:
        full = os.path.join(self.root, path)
        return self.tool("Write", file_path=full, content=content)

    def session(self) -> records.Session:
        with records.opened(self.places) as sessions:
            return sessions.known[-1]

    def entries(self) -> list[dict[str, Any]]:
        return list(log.read_log(self.places))


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    home = tmp_path / "home"
    repo = Repo.create(home / "project")
    repo.write("src/a.py", "x = 1\n")
    repo.commit("one")
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text("x\n")
    places = GuardPlaces(
        str(home),
        str(home / ".local/state/zt-gate/guard"),
        os.geteuid(),
        str(home / "no"),
    )
    found = Guarded(str(repo.path), places)
    found.pin("[guard]\ntask = 'develop'\n")
    return found


def is_silent(answer: Rendered) -> bool:
    return answer == Rendered()


def reason_of(answer: Rendered) -> str:
    """The reason of a denial: exit code 2 with words, or a denial in JSON."""
    if answer.exit_code == 0:
        said = json.loads(answer.stdout)
        call = said.get("hookSpecificOutput", {})
        assert call.get("permissionDecision") == "deny" or said["decision"] == "block"
        text = call.get("permissionDecisionReason") or said["reason"]
    else:
        assert answer.exit_code == 2, answer
        text = answer.stderr.decode()
    assert text.strip()
    assert TOKEN not in text
    return str(text)


def test_honest_calls_are_silent_and_logged(guarded: Guarded) -> None:
    assert is_silent(guarded.send("SessionStart", source="startup"))
    assert is_silent(guarded.read("src/a.py"))
    assert is_silent(guarded.write("src/b.py"))
    entries = guarded.entries()
    assert [entry["event"] for entry in entries] == [
        "SessionStart",
        "PreToolUse",
        "PreToolUse",
    ]
    last = entries[-1]
    assert last["answer"] == "silent"
    assert last["grade"] == "advises"
    assert last["task"] == "develop"
    assert last["host"] == os.uname().nodename
    assert last["uid"] == os.geteuid()
    assert last["actions"][0]["path"].endswith("src/b.py")
    assert {entry["session"] for entry in entries} == {guarded.session().id}


def test_a_denial_names_the_reason_the_next_step_and_the_grade(
    guarded: Guarded,
) -> None:
    text = reason_of(guarded.read("~/.aws/credentials"))
    assert "holds credentials" in text
    assert "[advises]" in text
    (entry,) = guarded.entries()
    assert entry["answer"] == "deny"
    assert entry["concerns"][0]["control"] == "credentials/file-read"
    assert entry["concerns"][0]["attack"] is True


def test_a_secret_is_neither_written_nor_logged(guarded: Guarded) -> None:
    text = reason_of(guarded.write("src/b.py", f'token = "{TOKEN}"\n'))
    assert "The gate would block this content" in text
    for file in log.log_files(guarded.places):
        assert TOKEN not in Path(file).read_text()
    assert guarded.session().attempts == 0


def test_without_a_pin_the_session_only_reads(guarded: Guarded) -> None:
    os.unlink(os.path.join(guarded.places.pins, "all.json"))
    assert is_silent(guarded.read("src/a.py"))
    assert "only reads" in reason_of(guarded.write("src/b.py"))


def test_a_committed_policy_does_not_widen_the_session(guarded: Guarded) -> None:
    os.unlink(os.path.join(guarded.places.pins, "all.json"))
    repo = Repo(Path(guarded.root))
    repo.write(
        ".zt-gate.toml", "[guard]\ntask = 'develop'\nmodes = { '*' = 'observe' }\n"
    )
    repo.commit("policy")
    reason_of(guarded.write("src/b.py"))
    reason_of(guarded.read("~/.aws/credentials"))


def test_the_task_is_fixed_for_the_session(guarded: Guarded) -> None:
    assert is_silent(guarded.read("src/a.py"))
    guarded.pin("[guard]\ntask = 'look'\n[tasks.look]\ntools = ['Read']\n"
                "[tasks.develop]\nrestricted = ['/infra/']\n")  # fmt: skip
    assert is_silent(guarded.write("src/b.py"))
    assert "restricted" in reason_of(guarded.write("infra/b.py"))


def test_a_subagent_gets_a_part_of_the_task(guarded: Guarded) -> None:
    guarded.pin("[guard]\ntask = 'develop'\n[skills.reviewer]\ntools = ['Read']\n")

    def write(agent: str) -> Rendered:
        arguments = {"file_path": f"{guarded.root}/src/b.py", "content": "x = 1\n"}
        return guarded.send(
            tool_name="Write", tool_input=arguments, agent_id="a1", agent_type=agent
        )

    reason_of(write("reviewer"))
    assert is_silent(write("other"))


def test_the_third_attack_contains_the_session(guarded: Guarded) -> None:
    for _ in range(3):
        reason_of(guarded.read("~/.aws/credentials"))
    session = guarded.session()
    assert session.attempts == 3
    assert session.contained
    assert "is contained" in reason_of(guarded.read("src/a.py"))
    assert "is contained" in reason_of(guarded.send("UserPromptSubmit", prompt="go on"))
    assert "guard session release" in reason_of(guarded.read("src/a.py"))


def test_a_new_label_is_still_contained(guarded: Guarded) -> None:
    for _ in range(3):
        reason_of(guarded.read("~/.aws/credentials"))
    arguments = {"file_path": "src/a.py"}
    answer = guarded.send(session_id="new", tool_name="Read", tool_input=arguments)
    assert "is contained" in reason_of(answer)


def test_ordinary_denials_never_contain(guarded: Guarded) -> None:
    guarded.pin(
        "[guard]\ntask = 'develop'\n[tasks.develop]\nrestricted = ['/infra/']\n"
    )
    for _ in range(6):
        reason_of(guarded.read("infra/a"))
        reason_of(guarded.write("infra/b.py"))
    assert guarded.session().attempts == 0
    assert is_silent(guarded.read("src/a.py"))


def test_observing_denies_and_contains_nothing(guarded: Guarded) -> None:
    guarded.pin("[guard]\ntask = 'develop'\nmodes = { '*' = 'observe' }\n")
    for _ in range(4):
        assert is_silent(guarded.read("~/.aws/credentials"))
    assert is_silent(guarded.write("src/b.py", f'token = "{TOKEN}"\n'))
    session = guarded.session()
    assert not session.contained
    assert session.denied == []
    first = guarded.entries()[0]
    assert first["answer"] == "silent"
    assert first["concerns"][0]["mode"] == "observe"
    assert first["concerns"][0]["answer"] == "deny"


def test_a_warning_is_told_and_stops_nothing(guarded: Guarded) -> None:
    guarded.pin("[guard]\ntask = 'develop'\nmodes = { 'files/*' = 'warn' }\n")
    answer = guarded.write("/srv/other/b.py")
    assert answer.exit_code == 0
    assert "outside the project" in answer.stdout.decode()
    assert b"deny" not in answer.stdout


def test_secrets_in_output_are_replaced(guarded: Guarded) -> None:
    key = "AKIA" + "Z5QX7RT2MNB4KLPW"
    output = {
        "stdout": f"id={key}\n",
        "stderr": "",
        "interrupted": False,
        "isImage": False,
    }
    answer = guarded.send(
        "PostToolUse",
        tool_name="Bash",
        tool_input={"command": "x"},
        tool_response=output,
    )
    said = json.loads(answer.stdout)["hookSpecificOutput"]
    assert said["updatedToolOutput"]["stdout"].startswith("id=AKIA…[")
    assert key not in answer.stdout.decode()
    mask = said["updatedToolOutput"]["stdout"]
    assert "mask" in reason_of(guarded.write("src/k.py", f"k = '{mask.strip()}'\n"))


def test_hidden_instructions_in_a_file_are_replaced(guarded: Guarded) -> None:
    output = {
        "type": "text",
        "file": {"filePath": "/r/a.md", "content": f"# A\n{HIDDEN}\n"},
    }
    answer = guarded.send(
        "PostToolUse",
        tool_name="Read",
        tool_input={"file_path": "a.md"},
        tool_response=output,
    )
    said = json.loads(answer.stdout)["hookSpecificOutput"]
    assert "ignore all previous" not in said["updatedToolOutput"]["file"]["content"]
    assert "removed" in said["additionalContext"]


def test_a_prompt_with_a_secret_is_stopped(guarded: Guarded) -> None:
    reason_of(guarded.send("UserPromptSubmit", prompt=f"use {TOKEN} for it"))
    assert is_silent(guarded.send("UserPromptSubmit", prompt="rename the function"))


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"hook_event_name": "PreToolUse"}', b"[" * 100_000,
     b'{"a": "' + b"x" * (1 << 20) + b'"}'],
    ids=["empty", "cut", "list", "null", "bytes", "fields", "deep", "long"],
)  # fmt: skip
def test_an_event_that_cannot_be_read_is_denied(guarded: Guarded, data: bytes) -> None:
    reason_of(hook.handle("claude-code", data, {}, places=guarded.places))


def test_an_unknown_client_is_denied(guarded: Guarded) -> None:
    reason_of(hook.handle("nobody", b"{}", {}, places=guarded.places))


def test_an_unknown_tool_is_denied_and_an_unknown_notice_is_not(
    guarded: Guarded,
) -> None:
    assert "does not know" in reason_of(guarded.tool("Explode", target="x"))
    assert guarded.send("SomethingEnded").exit_code == 0


def test_a_pin_that_does_not_parse_denies_everything(guarded: Guarded) -> None:
    file = Path(guarded.places.pins, "all.json")
    file.write_text('{"version": 1,\n nonsense')
    text = reason_of(guarded.read("src/a.py"))
    assert f"{file}:2: " in text


def test_a_policy_other_than_the_installed_one_denies(guarded: Guarded) -> None:
    data = json.dumps({
        "hook_event_name": "PreToolUse", "session_id": "s", "cwd": guarded.root,
        "tool_name": "Read", "tool_input": {"file_path": "src/a.py"},
    }).encode()  # fmt: skip
    answer = hook.handle(
        "claude-code", data, {}, digest="0" * 64, places=guarded.places
    )
    assert "not the one that the hook was installed with" in reason_of(answer)


def test_a_log_that_cannot_be_written_denies(guarded: Guarded) -> None:
    Path(guarded.places.logs).mkdir(parents=True)
    Path(guarded.places.logs, log.CURRENT).mkdir()
    assert "log" in reason_of(guarded.read("src/a.py"))


def test_a_fault_is_let_through_only_where_it_is_observed(guarded: Guarded) -> None:
    guarded.pin("[guard]\ntask = 'develop'\nmodes = { 'guard/fault' = 'observe' }\n")
    Path(guarded.places.logs).mkdir(parents=True)
    Path(guarded.places.logs, log.CURRENT).mkdir()
    assert guarded.read("src/a.py").exit_code == 0


def test_damaged_sessions_deny(guarded: Guarded) -> None:
    assert is_silent(guarded.read("src/a.py"))
    Path(guarded.places.sessions, records.FILE).write_text("{")
    assert "is damaged" in reason_of(guarded.read("src/a.py"))


def test_a_crash_of_a_judge_denies(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("x")

    monkeypatch.setattr("zt_gate.guard.files.judge.judge_file", crash)
    assert "ZeroDivisionError" in reason_of(guarded.read("src/a.py"))


def test_a_guard_that_hangs_denies(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setattr(hook, "DEADLINE", 0.2)
    monkeypatch.setattr(
        "zt_gate.guard.files.judge.judge_file", lambda *_: time.sleep(30)
    )
    assert "needed more than" in reason_of(guarded.read("src/a.py"))


def test_limits_and_time_of_a_task(guarded: Guarded) -> None:
    guarded.pin(
        "[guard]\ntask = 'short'\n[tasks.short]\nlimits = { reads = 2 }\nttl = 5\n"
    )
    assert is_silent(guarded.read("src/a.py"))
    assert is_silent(guarded.read("src/a.py"))
    assert "allows 2 reads" in reason_of(guarded.read("src/a.py"))
    with records.opened(guarded.places) as sessions:
        sessions.known[0].started -= 600
        sessions.changed = True
    assert "lasts 5 minutes" in reason_of(guarded.tool("Glob", pattern="*.py"))


def test_the_client_own_settings_are_out_of_reach(guarded: Guarded) -> None:
    for path in ("~/.claude/settings.json", f"{guarded.root}/.claude/settings.json",
                 f"{guarded.places.state}/pins/all.json", "~/.config/zt-gate/config.toml",
                 f"{guarded.root}/.git/hooks/pre-commit"):  # fmt: skip
        with records.opened(guarded.places) as sessions:
            sessions.known.clear()
            sessions.changed = True
        reason_of(guarded.tool("Write", file_path=path.replace("~", guarded.places.home),
                               content="x"))  # fmt: skip


def test_a_server_tool_does_not_reach_credentials(guarded: Guarded) -> None:
    answer = guarded.tool(
        "mcp__files__read", path=f"{guarded.places.home}/.aws/credentials"
    )
    assert "credentials" in reason_of(answer)
    guarded.pin(UNPINNED)
    assert is_silent(guarded.tool("mcp__files__read", path="src/a.py"))


def test_the_machines_own_credentials_are_not_fetched(guarded: Guarded) -> None:
    for host in ("169.254.169.254", "2852039166", "0xa9fea9fe", "[fd00:ec2::254]"):
        with records.opened(guarded.places) as sessions:
            sessions.known.clear()
            sessions.changed = True
        answer = guarded.tool("WebFetch", url=f"http://{host}/latest", prompt="x")
        assert "credentials" in reason_of(answer), host


def test_an_alert_is_sent_to_the_users_own_command(
    guarded: Guarded, tmp_path: Path
) -> None:
    import time

    told = tmp_path / "told.json"
    script = tmp_path / "alert.sh"
    number = tmp_path / "number"
    script.write_text(
        f"#!/bin/sh\necho $$ > {number}\ncat > {told}.new && mv {told}.new {told}\n"
    )
    script.chmod(0o755)
    settings = Path(guarded.places.home, ".config", "zt-gate")
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text(f'[guard]\nalert = "{script}"\n')
    reason_of(guarded.read("~/.aws/credentials"))
    deadline = time.monotonic() + 60
    while not told.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    alert = json.loads(told.read_text())
    assert alert["controls"][0] == "credentials/file-read"
    assert alert["session"] == guarded.session().id
    # The command is no child of this process, so none is left to wait for.
    with pytest.raises(ChildProcessError):
        os.waitpid(int(number.read_text()), os.WNOHANG)


def test_another_tmpdir_makes_nothing_writable(guarded: Guarded) -> None:
    data = json.dumps({
        "hook_event_name": "PreToolUse", "session_id": "s", "cwd": guarded.root,
        "tool_name": "Write", "tool_input": {"file_path": "/srv/x/a.py", "content": "x = 1"},
    }).encode()  # fmt: skip
    answer = hook.handle(
        "claude-code", data, {"TMPDIR": "/srv/x"}, places=guarded.places
    )
    assert b'"ask"' in answer.stdout
    assert b"outside the project" in answer.stdout


_DEEP: dict[str, Any] = {"path": ".git/hooks/pre-commit"}
for _ in range(12):
    _DEEP = {"a": _DEEP}
NO_VERIFY = "git commit --no-verify -m x"


@pytest.mark.parametrize(
    "arguments",
    [
        {"files": {".git/hooks/pre-commit": "x"}},
        {"url": "HTTP://169.254.169.254/latest/meta-data"},
        {"url": " http://169.254.169.254/latest/meta-data"},
        {"text": "see http://169.254.169.254/latest/meta-data now"},
        {"host": "169.254.169.254"},
        _DEEP,
        {"xs": ["a"] * 2500 + [".git/hooks/pre-commit"]},
        {"command": "git", "args": ["commit", "--no-verify"]},
        {"command": "git", "args": "commit --no-verify"},
        {"argv": ["git", "commit", "--no-verify", "-m", "x"]},
        {"command": ["git", "commit", "--no-verify"]},
        {"commands": [NO_VERIFY]},
        {"shellCommand": NO_VERIFY},
        {"input": NO_VERIFY},
        {"code": f"import os; os.system('{NO_VERIFY}')"},
        {"path": ".git/hooks/pre-commit\n"},
        {"path": "./" * 2100 + ".git/hooks/pre-commit"},
        {"path": ".git\\hooks\\pre-commit"},
        {"uri": "file://localhost/etc/shadow"},
        {"uri": "FILE:///etc/%73hadow"},
    ],
)  # fmt: skip
def test_an_attack_in_the_arguments_of_a_servers_tool(
    guarded: Guarded, arguments: dict[str, Any]
) -> None:
    assert reason_of(guarded.send(tool_name="mcp__fs__do", tool_input=arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        {"query": "how do I run git commit?", "limit": 5},
        {"path": "src/a.py", "content": "x = 1\n"},
        {"url": "https://docs.example/guide", "options": ["--fast"]},
        {"text": "Please review src/a.py and run the tests.\nThanks"},
        {"command": "pytest", "args": ["-q"]},
    ],
)
def test_honest_arguments_of_a_servers_tool(
    guarded: Guarded, arguments: dict[str, Any]
) -> None:
    guarded.pin(UNPINNED)
    assert is_silent(guarded.send(tool_name="mcp__x__y", tool_input=arguments))


def test_git_in_a_folder_that_is_a_repository_itself_is_denied(
    guarded: Guarded,
) -> None:
    """Its settings are a file like any other, and can start a program."""
    for name in ("objects", "refs", "inner"):
        Path(guarded.root, "sub", name).mkdir(parents=True)
    Path(guarded.root, "sub/HEAD").write_text("ref: refs/heads/main\n")
    for command in ("cd sub && git status", "git -C sub/inner status"):
        assert "another repository" in reason_of(guarded.tool("Bash", command=command))
    assert is_silent(guarded.tool("Bash", command="cd src && git status"))


def test_a_repository_folder_of_another_name_is_the_guards_own(
    guarded: Guarded,
) -> None:
    Path(guarded.root, ".git").rename(Path(guarded.root, ".bare"))
    Path(guarded.root, ".git").write_text("gitdir: ./.bare\n")
    assert reason_of(guarded.write(".bare/hooks/pre-commit"))
    assert reason_of(guarded.tool("Bash", command="rm -rf .bare"))
    assert is_silent(guarded.tool("Bash", command="git status"))


def test_each_alternative_of_a_pattern_is_judged(guarded: Guarded) -> None:
    home = guarded.places.home
    pattern = f"{{src/*,{home}/.aws/*}}"
    assert reason_of(guarded.tool("Glob", pattern=pattern))
    assert is_silent(guarded.tool("Glob", pattern="{src,tests}/**/*.{py,js}"))
    assert is_silent(guarded.tool("Grep", pattern="x", glob="*.{py,js}"))
    Path(guarded.root, ".env").write_text("A=1\n")
    assert b'"ask"' in guarded.tool("Grep", pattern="x", glob="{a,.env}").stdout


@pytest.mark.parametrize("name", [".kube/config", ".git-credentials"])
def test_a_hard_link_to_a_credential_is_not_read(guarded: Guarded, name: str) -> None:
    path = Path(guarded.places.home, name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("x\n")
    os.link(path, Path(guarded.root, "k"))
    assert reason_of(guarded.read("k"))

"""A call of an MCP server's tool: silent while the server is what a person has seen."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.guard.mcp.project import McpProject
from tests.guard.test_hook import Guarded, guarded, is_silent, reason_of
from tests.guard.test_log import TOKEN
from zt_gate.errors import UsageError
from zt_gate.guard import clients
from zt_gate.guard.mcp import artifacts, pins, review
from zt_gate.guard.mcp.definitions import ServerDefinition, definitions, of_call
from zt_gate.guard.policy import pinned_policy

if TYPE_CHECKING:
    from zt_gate.guard.clients.base import Rendered

__all__ = ["guarded"]  # the fixture


@pytest.fixture
def project(guarded: Guarded) -> McpProject:
    return McpProject(guarded)


def call(project: McpProject, tool: str = "mcp__notes__add") -> Rendered:
    return project.guarded.tool(tool, text="milk")


def asked(answer: Rendered) -> str:
    said = json.loads(answer.stdout)["hookSpecificOutput"]
    assert said["permissionDecision"] == "ask"
    return str(said["permissionDecisionReason"])


def test_a_server_that_nobody_reviewed_is_asked_about(project: McpProject) -> None:
    assert "no person has reviewed" in asked(call(project))
    assert "no settings file" in asked(call(project, "mcp__other__add"))


def test_a_reviewed_server_is_silent(project: McpProject) -> None:
    project.pin(starts=False)
    assert is_silent(call(project))
    assert project.guarded.entries()[-2]["event"] == "mcp-reviewed"


def test_changed_settings_disable_a_server(project: McpProject) -> None:
    project.pin(starts=False)
    project.define(env={"PYTHONPATH": "elsewhere"})
    reason = reason_of(call(project))
    assert "its settings" in reason
    assert "env.PYTHONPATH" in reason
    assert "zt-gate guard mcp review notes" in reason
    project.define()
    assert is_silent(call(project))


def test_a_changed_program_disables_a_server(project: McpProject) -> None:
    project.pin(starts=False)
    info = project.server.stat()
    project.server.write_text(project.server.read_text().replace("added", "lost!"))
    os.utime(project.server, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert str(project.server) in reason_of(call(project))
    project.pin(starts=False)
    assert is_silent(call(project))


def test_what_is_read_of_a_changed_server_is_denied_too(project: McpProject) -> None:
    project.pin(starts=False)
    project.server.write_text("other\n")
    answer = project.guarded.tool("ReadMcpResourceTool", server="notes", uri="a://b")
    assert "what runs" in reason_of(answer)


def test_a_second_definition_of_the_name_counts_too(project: McpProject) -> None:
    project.pin(starts=False)
    assert is_silent(call(project))
    home = Path(project.guarded.places.home, ".claude.json")
    other = {"mcpServers": {"notes": {"command": "curl", "args": ["x"]}}}
    home.write_text(json.dumps({"projects": {str(project.root): other}}))
    assert "no person has reviewed" in asked(call(project))


def test_settings_that_cannot_be_read_deny(project: McpProject) -> None:
    (project.root / ".mcp.json").write_text("{")
    assert "cannot be read" in reason_of(call(project))


def test_a_damaged_file_of_pins_denies(project: McpProject) -> None:
    project.pin(starts=False)
    Path(project.guarded.places.state, "mcp.json").write_text("[]")
    assert "damaged" in reason_of(call(project))


def test_a_forged_pin_does_not_count_where_a_proof_is_required(
    project: McpProject,
) -> None:
    project.pin(starts=False)
    project.guarded.pin("[guard]\ntask = 'develop'\n[approval]\nproof = 'ssh-sk'\n")
    assert "its review does not count" in reason_of(call(project))


def test_a_pin_whose_content_was_changed_does_not_count(project: McpProject) -> None:
    project.pin(starts=False)
    project.server.write_text("other\n")
    with pins.opened(project.guarded.places) as known:
        (pin,) = known.known
        digest = artifacts.artifacts_of(
            project.definition(), str(project.root), os.defpath
        )
        known.put(pins.ServerPin(pin.name, pin.scope, pin.parts, digest, None,
                                 pin.approval))  # fmt: skip
    assert "given for something else" in reason_of(call(project))


def test_an_old_review_does_not_count(project: McpProject) -> None:
    project.pin(starts=False)
    with pins.opened(project.guarded.places) as known:
        (pin,) = known.known
        old = {**pin.approval, "expires": "2026-01-01"}
        known.put(pins.ServerPin(pin.name, pin.scope, pin.parts, pin.artifacts, None,
                                 old))  # fmt: skip
    assert "2026-01-01" in reason_of(call(project))


def test_no_value_of_the_settings_is_in_the_pins(project: McpProject) -> None:
    project.define(env={"TOKEN": TOKEN})
    project.pin(starts=False)
    assert is_silent(call(project))
    stored = Path(project.guarded.places.state, "mcp.json")
    assert TOKEN not in stored.read_text()
    assert stored.stat().st_mode & 0o077 == 0


def test_a_wrong_name_pins_nothing(project: McpProject) -> None:
    seen = project.seen(starts=False)
    places = project.guarded.places
    policy = pinned_policy(places, "")
    with pytest.raises(UsageError, match="nothing was pinned"):
        review.pin(seen, project.project, places, policy, os.environ, "ada", "", "",
                   lambda _question: "y")  # fmt: skip
    assert "no person has reviewed" in asked(call(project))


def server(**table: object) -> ServerDefinition:
    return ServerDefinition("s", "f", "", table)


def test_what_no_pin_holds_is_remarked() -> None:
    remarked = {
        "npx -y @acme/server": "downloads the newest",
        "npx -y @acme/server@latest": "downloads the newest",
        "npx -y @acme/server@^1.2.0": "downloads the newest",
        "uvx acme-server": "downloads the newest",
        "sh -c ./server": "through sh",
        "docker run -i acme/server:1": "digest",
        "zt-gate guard mcp run s -- npx -y acme": "downloads the newest",
    }
    quiet = ("npx -y @acme/server@1.2.3", "uvx acme-server==1.2", "node server.js",
             "docker run -i acme/server@sha256:" + "a" * 64)  # fmt: skip
    for line, text in remarked.items():
        first, *rest = line.split()
        found = list(artifacts.problems_of(server(command=first, args=rest)))
        assert [text for one in found if text in one] == [text], line
    for line in quiet:
        first, *rest = line.split()
        assert list(artifacts.problems_of(server(command=first, args=rest))) == [], line
    assert "remote" in next(artifacts.problems_of(server(url="https://a.example")))
    assert "no command" in next(artifacts.problems_of(server()))


def test_the_files_behind_a_command_are_found(tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "@acme" / "server"
    script = package / "dist" / "index.js"
    script.parent.mkdir(parents=True)
    script.write_text("#!/usr/bin/env node\n")
    (package / "dist" / "data.db").write_text("x")
    libraries = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    (libraries / "acme").mkdir(parents=True)
    (libraries / "acme" / "__init__.py").write_text("")
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    stub = tmp_path / "venv" / "bin" / "acme-server"
    stub.write_text(f"#!{python}\nimport sys\nfrom acme.main import run\nrun()\n")
    stub.chmod(0o755)
    (tmp_path / "notes.db").write_text("data")

    def files(*words: str) -> set[str]:
        definition = server(command=words[0], args=list(words[1:]))
        return set(artifacts.files_of(definition, str(tmp_path), os.defpath))

    assert str(package) in files(str(python), str(script))
    assert {str(stub), str(python), str(libraries / "acme")} <= files(str(stub))
    assert str(libraries / "acme") in files(str(python), "-m", "acme.main")
    assert str(tmp_path / "notes.db") not in files(str(python), "notes.db")
    inner = files("zt-gate", "guard", "mcp", "run", "s", "--", str(python), str(script))
    assert {str(python), str(script), str(package)} <= inner


def test_a_changed_package_changes_its_digest(tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "acme"
    package.mkdir(parents=True)
    script = package / "index.js"
    script.write_text("1\n")
    helper = package / "helper.js"
    helper.write_text("1\n")
    definition = server(command=sys.executable, args=[str(script)])
    first = artifacts.artifacts_of(definition, str(tmp_path), os.defpath)
    helper.write_text("2\n")
    second = artifacts.artifacts_of(definition, str(tmp_path), os.defpath, first)
    assert first[str(package)] != second[str(package)]
    assert first[str(script)] == second[str(script)]


def test_servers_of_all_scopes_are_found(tmp_path: Path) -> None:
    home, root = tmp_path / "home", tmp_path / "home" / "p"
    (root / ".codex").mkdir(parents=True)
    one = {"mcpServers": {"a b": {"command": "x"}}}
    (home / ".claude.json").write_text(
        json.dumps({**one, "projects": {str(root): one}})
    )
    (root / ".mcp.json").write_text(json.dumps(one))
    (root / ".codex" / "config.toml").write_text('[mcp_servers.c]\nurl = "https://x"\n')
    known = [clients.client(name) for name in clients.names()]
    found = definitions(known, str(root), str(home))
    assert sorted((item.name, " for " in item.scope) for item in found) == [
        ("a b", False), ("a b", False), ("a b", True), ("c", False),
    ]  # fmt: skip
    assert len({item.scope for item in found}) == 4
    fitting, name = of_call("mcp__a_b__do", {}, found)
    assert (len(fitting), name) == (3, "a b")
    assert of_call("mcp__zzz__do", {}, found) == ([], "zzz")
    assert of_call("Agent", {}, found) == ([], "")
    assert found[-1].address == "https://x"


def test_the_settings_in_the_documentation_start_the_relay(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "guard-mcp.md"
    block = page.read_text("utf-8").partition("```json\n")[2].partition("```")[0]
    (tmp_path / ".mcp.json").write_text(block)
    (found,) = definitions(
        [clients.client("claude-code")], str(tmp_path), str(tmp_path / "home")
    )
    assert found.name == "notes"
    assert artifacts.relayed(found.words) == ("python3", "notes_server.py")

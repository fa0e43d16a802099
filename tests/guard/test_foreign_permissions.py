"""Other permission files as tasks and skills of the policy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.errors import UsageError
from zt_gate.guard.foreign_permissions import Imported, imported, summary
from zt_gate.policy.load import parse

#: The examples of the guide, with hosts of our own.
PERMISSIONS = {
    "permissions": {
        "allow": [
            "Read specified project files only",
            "Write to designated directories",
            "Execute pre-approved commands",
        ],
        "deny": [
            "Network requests to external services",
            "Access to credentials or secrets",
            "Execution of shell scripts from AI-generated content",
        ],
    }
}
PROFILES = {
    "profiles": {
        "code-review": {
            "tools": ["Read"],
            "paths": ["/project/src", "/project/tests"],
            "network": False,
        },
        "refactor": {
            "tools": ["Read", "Edit"],
            "paths": ["/project/src/auth"],
            "network": False,
        },
        "dependency-audit": {
            "tools": ["Read", "Bash(npm audit, pip-audit)"],
            "paths": ["/project"],
            "network": True,
            "network_allowlist": ["registry.example", "https://index.example/simple"],
        },
    }
}
SKILLS = """\
skills:
  - name: secure-code-review
    allowed_paths:
      - /project/src
      - /project/tests
    restricted_paths:
      - /project/secrets
      - /project/config/credentials
security:
  audit:
    log_all_tool_calls: true
    log_file_access: true
    alert_on_deny: true
    sometimes: true
"""


def of(document: Any) -> Imported:
    return imported("settings.json", json.dumps(document).encode())


def lines(result: Imported) -> str:
    return "\n".join(summary(result))


def checked(result: Imported) -> None:
    """The policy's own reader accepts the tables."""
    parse(result.toml().encode(), "p", scanners={})


def test_the_guides_permissions_are_sentences_that_nothing_enforces() -> None:
    result = of(PERMISSIONS)
    assert result.tasks == {}
    assert result.toml() == ""
    assert lines(result).count("not enforced: a sentence, which no program reads") == 6
    assert "set network = [] in a task" in lines(result)
    assert "judges the scripts" in lines(result)


def test_the_guides_profiles_become_tasks() -> None:
    result = of(PROFILES)
    assert result.tasks["code-review"] == {
        "allowed": ["/src", "/tests"],
        "tools": ["Read"],
        "network": [],
    }
    assert result.tasks["dependency-audit"] == {
        "allowed": ["/**"],
        "tools": ["Read", "Bash"],
        "commands": ["npm audit", "pip-audit"],
        "network": ["registry.example", "index.example"],
    }
    checked(result)


def test_the_guides_skills_and_audit_settings() -> None:
    result = imported("claude-skills.yaml", SKILLS.encode())
    assert result.skills["secure-code-review"] == {
        "allowed": ["/src", "/tests"],
        "restricted": ["/secrets", "/config/credentials"],
    }
    assert "alert_on_deny: name the command in" in lines(result)
    assert "log_all_tool_calls: the guard logs every event" in lines(result)
    assert "sometimes: not enforced" in lines(result)
    checked(result)


def test_the_guides_front_matter_names_a_folder_in_a_sentence() -> None:
    text = b"---\nname: fix\ntools: [Read, Edit, Bash(in AllowedDirs)]\n---\nText\n"
    result = imported("SKILL.md", text)
    assert result.skills["fix"]["tools"] == ["Read", "Edit", "Bash"]
    assert "commands" not in result.skills["fix"]
    assert "Bash(in AllowedDirs): not enforced: a sentence" in lines(result)
    checked(result)


def test_real_rules_become_tools_commands_paths_and_hosts() -> None:
    rules = {
        "allow": ["Bash(npm run test:*)", "Bash(make *)", "Edit(src/**)", "mcp__db__read",
                  "WebFetch(domain:docs.example)", "Bash(git * main)", "Bash", "Dance"],
        "deny": ["Read(.env)", "Bash(rm:*)", "WebSearch", "Edit"],
        "ask": ["Bash(git push:*)"],
        "defaultMode": "plan",
    }  # fmt: skip
    result = of({"permissions": rules, "model": "m"})
    assert result.tasks["imported"] == {
        "allowed": ["src/**"],
        "restricted": [".env"],
        "tools": ["Bash", "Edit", "mcp__db__read", "Fetch"],
        "commands": ["npm run test", "make"],
        "network": ["docs.example"],
    }
    said = lines(result)
    assert "'git * main' is no program with leading words" in said
    assert "no tool of the name Dance" in said
    assert "model: not a permission" in said
    assert "permissions.defaultMode: a setting of the client" in said
    checked(result)


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.json", b"{"), ("a.json", b"[]"), ("a.json", b"{}"), ("a.yaml", b"a: [")],
)
def test_another_kind_of_file_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(UsageError, match=rf"^{name}"):
        imported(name, data)


values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["tools", "paths", "network", "network_allowlist", "allow", "deny",
                         "name", "allowed_paths", "audit", "x"]), inner, max_size=4
    ),
    max_leaves=10,
)  # fmt: skip


@given(st.sampled_from(["permissions", "profiles", "skills", "security"]), values)
def test_any_document_is_imported_or_refused(key: str, value: Any) -> None:
    result = of({key: value})
    assert all(line.startswith("# ") for line in summary(result))
    import tomllib

    tomllib.loads(result.toml())

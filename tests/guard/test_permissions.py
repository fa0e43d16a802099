"""The review of what agents may do."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from zt_gate import rulebook
from zt_gate.guard.permissions.granted import GrantedEntry, entries_of
from zt_gate.guard.permissions.review import (
    PermissionNote,
    UsedTools,
    key_of,
    review,
    used_tools,
)
from zt_gate.scanners.agent_config import rule_index

if TYPE_CHECKING:
    from pathlib import Path

TODAY = {"by": "a", "date": time.strftime("%Y-%m-%d", time.gmtime())}


@pytest.fixture(scope="module")
def rules() -> rule_index.RuleIndex:
    return rule_index.load(rulebook.load("agent_config"))


def grant(entry: str, key: str = "permissions.allow") -> GrantedEntry:
    return GrantedEntry(
        "s.json", key, entry, "limit" if key.endswith("deny") else "grant"
    )


def notes(
    rules: rule_index.RuleIndex, *entries: GrantedEntry, used: UsedTools | None = None
) -> list[PermissionNote]:
    reviewed = {key_of(entry): TODAY for entry in entries}
    return list(review(entries, rules, used or UsedTools(), reviewed))


def seen(*commands: str, times: int = 250) -> UsedTools:
    """A log in which commands ran, among many events."""
    rows = [
        {"tool": "Bash", "actions": [{"kind": "RunCommand", "text": text}]}
        for text in commands
    ]
    return used_tools([*rows, *([{"tool": "Read", "actions": []}] * times)])


def test_the_entries_of_settings_agents_skills_and_codex_are_found(
    tmp_path: Path,
) -> None:
    root, home = tmp_path / "root", tmp_path / "home"
    (root / ".claude/skills/fix").mkdir(parents=True)
    (root / ".claude/agents").mkdir()
    (home / ".codex").mkdir(parents=True)
    (home / ".claude").mkdir()
    settings = {"permissions": {"allow": ["Bash(make:*)"], "deny": ["Read(.env)"],
                                "defaultMode": "bypassPermissions"}}  # fmt: skip
    (root / ".claude/settings.json").write_text(json.dumps(settings))
    (home / ".claude/settings.json").write_text("{")
    (root / ".claude/skills/fix/SKILL.md").write_text(
        "---\nallowed-tools: Bash, Read\n---\n"
    )
    (root / ".claude/agents/a.md").write_text("---\ntools: Read, Bash\n---\n")
    (home / ".codex/config.toml").write_text(
        'approval_policy = "never"\nsandbox_mode = "danger-full-access"\n'
    )
    found = [(one.key, one.entry, one.use) for one in entries_of(str(root), str(home))]
    assert found == [
        ("permissions.allow", "Bash(make:*)", "grant"),
        ("permissions.deny", "Read(.env)", "limit"),
        ("permissions.defaultMode", "bypassPermissions", "grant"),
        ("tools", "Read", "offer"),
        ("tools", "Bash", "offer"),
        ("allowed-tools", "Bash", "grant"),
        ("allowed-tools", "Read", "grant"),
        ("", "", "grant"),
        ("sandbox_mode", "danger-full-access", "grant"),
        ("approval_policy", "never", "grant"),
    ]


def test_a_broad_rule_gets_a_narrower_one_from_the_log(
    rules: rule_index.RuleIndex,
) -> None:
    used = seen("git status", "make test", "git log -1", "git status")
    (note,) = notes(rules, grant("Bash(git:*)"), used=used)
    assert note.kind == "broad"
    assert note.proposal == "Bash(git status:*), Bash(git log:*)"
    (note,) = notes(rules, grant("Bash"), used=used)
    assert "Bash(git status:*)" in note.proposal


def test_rules_that_no_program_consults_are_named(rules: rule_index.RuleIndex) -> None:
    for entry in ("Write(src/**)", "Read specified project files only"):
        (note,) = notes(rules, grant(entry))
        assert note.kind == "no effect"
    (note,) = notes(
        rules, grant("Network requests to external services", "permissions.deny")
    )
    assert "nothing is denied" in note.text


def test_shadowed_rules_are_named(rules: rule_index.RuleIndex) -> None:
    found = notes(
        rules,
        grant("Bash(ls -l src:*)"),
        grant("Bash(ls -l:*)"),
        grant("Read(src/**)"),
        grant("Read", "permissions.deny"),
    )
    assert [(note.entry.entry, note.kind) for note in found] == [
        ("Bash(ls -l src:*)", "shadowed"),
        ("Read(src/**)", "shadowed"),
    ]


def test_unused_rules_are_named_only_with_enough_of_a_log(
    rules: rule_index.RuleIndex,
) -> None:
    entry = grant("Bash(cargo build:*)")
    (note,) = notes(rules, entry, used=seen("git status"))
    assert note.kind == "unused"
    assert notes(rules, entry, used=seen("git status", times=5)) == []
    assert notes(rules, entry, used=seen("cargo build")) == []


def test_a_review_holds_for_ninety_days_and_for_the_same_text(
    rules: rule_index.RuleIndex,
) -> None:
    entry = grant("Bash(make test:*)")
    old = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 91 * 86_400))
    for reviewed in ({}, {key_of(entry): {"by": "a", "date": old}}):
        (note,) = review([entry], rules, UsedTools(), reviewed)
        assert note.kind == "not reviewed"
    changed = GrantedEntry("s.json", "permissions.allow", "Bash(make test)", "grant")
    (note,) = review([changed], rules, UsedTools(), {key_of(entry): TODAY})
    assert note.kind == "not reviewed"

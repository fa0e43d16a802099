"""Permission rules and tool lists: how much they allow, and whether they apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.offenders import each_of
from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import permissions, rule_index

if TYPE_CHECKING:
    from zt_gate.model.rule import Rule


@each_of(
    ("entry", "use", "rule", "level"),
    [
        ("Bash", "grant", "any-command-permission", Level.BLOCK),
        ("Bash(*)", "grant", "any-command-permission", Level.BLOCK),
        ("Bash(:*)", "grant", "any-command-permission", Level.BLOCK),
        ("*", "grant", "any-command-permission", Level.BLOCK),
        ("Bash(git * main)", "grant", "any-command-permission", Level.BLOCK),
        ("Bash(bash:*)", "grant", "any-command-permission", Level.BLOCK),
        ("Bash(sudo *)", "grant", "any-command-permission", Level.BLOCK),
        ("Bash(git:*)", "grant", "powerful-program-permission", Level.WARN),
        ("Bash(in AllowedDirs)", "grant", "permission-without-effect", Level.BLOCK),
        ("Bash (in AllowedDirs)", "offer", "permission-without-effect", Level.BLOCK),
        (
            "Read specified project files only",
            "offer",
            "permission-without-effect",
            Level.WARN,
        ),
        ("Write(./secrets/**)", "limit", "permission-without-effect", Level.WARN),
        ("NotebookEdit(src/**)", "grant", "permission-without-effect", Level.WARN),
        ("No network access please", "limit", "permission-without-effect", Level.BLOCK),
        ("Bash", "offer", "agent-with-shell", Level.WARN),
        ("Bash(*)", "offer", "any-command-permission", Level.BLOCK),
    ],
)
def test_entries_with_an_issue(
    rules: dict[str, Rule], entry: str, use: permissions.Use, rule: str, level: Level
) -> None:
    issue = permissions.check(entry, use, rule_index.load(rules))
    assert issue is not None
    assert (issue.rule, issue.level) == (rule, level)


@each_of(
    ("entry", "use"),
    [
        ("Bash(git diff:*)", "grant"), ("Bash(npm run test *)", "grant"),
        ("Bash(make lint)", "grant"), ("Read(./src/**)", "grant"), ("Edit(docs/**)", "grant"),
        ("WebFetch(domain:a.example)", "grant"),
        ("mcp__github__get_issue", "grant"), ("Bash(curl:*)", "limit"), ("Read(.env)", "limit"),
        ("Write", "offer"), ("Glob", "offer"), ("Bash(with-env npm test)", "grant"),
    ],
)  # fmt: skip
def test_entries_without_an_issue(
    rules: dict[str, Rule], entry: str, use: permissions.Use
) -> None:
    assert permissions.check(entry, use, rule_index.load(rules)) is None


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        ("Read, Grep", ["Read", "Grep"]),
        (
            "Bash(git add:*), Bash(git commit -m, x)",
            ["Bash(git add:*)", "Bash(git commit -m, x)"],
        ),
        ("Read Grep Bash(git:*)", ["Read", "Grep", "Bash(git:*)"]),
        (
            "Read project files only, Bash (in Dirs)",
            ["Read project files only", "Bash (in Dirs)"],
        ),
        (["Read", 3, "Bash"], ["Read", "Bash"]),
        ({"a": 1}, []),
    ],
)
def test_lists_are_split_into_entries(value: object, entries: list[str]) -> None:
    assert permissions.entries(value) == entries

"""The tables of programs and the texts of denials are whole."""

from __future__ import annotations

from typing import Any

import pytest

from zt_gate.guard.commands import (
    containers,
    denials,
    more_roles,
    roles,
    specials,
    tables,
)
from zt_gate.guard.data import load
from zt_gate.guard.decision import Answer

KEYS = {
    "flags",
    "valued",
    "roles",
    "marks",
    "args",
    "does",
    "sub",
    "like",
    "wrapper",
    "any",
    "stop",
    "special",
    "grammar",
    "bare",
    "bare_does",
    "bare_ok",
    "bare_options",
    "optional_sub",
    "default_sub",
    "inherit",
    "safe",
    "pattern",
    "target",
    "pairs",
    "rest",
    "inplace",
    "optional_letters",
    "optional_value",
    "no_clusters",
    "no_abbreviation",
    "clusters_value_last",
    "switches",
    "family",
}


def walk(name: str, table: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = [(name, table)]
    for key, inner in (table.get("sub") or {}).items():
        found += walk(f"{name} {key}", inner)
    if "default_sub" in table:
        found += walk(f"{name} *", table["default_sub"])
    return found


ALL = [pair for name, table in tables.programs().items() for pair in walk(name, table)]


def test_keys_are_known() -> None:
    assert [(name, set(table) - KEYS) for name, table in ALL if set(table) - KEYS] == []


def test_marks_and_deeds_are_denials() -> None:
    known = set(load("denials.json"))
    for name, table in ALL:
        used = [*table.get("marks", {}).values(), *table.get("does", ())]
        used += [table[key] for key in ("bare",) if key in table]
        assert {one for one in used if one} <= known, name


def test_roles_have_a_handler() -> None:
    handled = set(roles._ROLES) | set(roles._FILE_ROLES) | set(containers._OPTIONS)
    handled |= set(more_roles.ROLES)
    for name, table in ALL:
        used = {*table.get("roles", {}).values(), *table.get("pairs", {}).values()}
        used |= {role.removesuffix("*") for role in table.get("args", "").split()}
        unknown = {role for role in used if not role.startswith("code:")} - handled
        assert unknown == set(), name


def test_specials_have_a_reader() -> None:
    used = {table["special"] for _, table in ALL if "special" in table}
    assert used - set(specials._SPECIALS) <= {
        "source",
        "make",
        "cmake",
        "pytest",
        "docker-build",
        "docker-run",
        "local-script",
        "pre-commit-install",
        "dns",
        "ssh",
        "tool-config-get",
    }


def test_likes_lead_to_a_table() -> None:
    for name, table in ALL:
        assert tables.resolved(table), name


def test_denials_are_sentences() -> None:
    for control, entry in load("denials.json").items():
        assert entry["reason"].rstrip(".")[-1] not in " ,", control
        assert entry["reason"].endswith("."), control
        assert not entry.get("next") or entry["next"][-1] in ".)]}`", control
        for key in ("develop", "narrow"):
            assert entry.get(key, "deny") in {answer.value for answer in Answer}, (
                control
            )
        assert not (entry.get("attack") and entry.get("develop")), control


@pytest.mark.parametrize(
    ("name", "expected"),
    [("python3.11", "python"), ("pip3", "pip3"), ("gcc-12", "gcc"), ("git", "git")],
)
def test_versions_of_programs(name: str, expected: str) -> None:
    assert tables.canonical(name) == expected


def test_a_long_detail_is_cut() -> None:
    assert len(denials._shown("x" * 500)) == 120

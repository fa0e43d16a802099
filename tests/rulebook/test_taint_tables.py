"""Entries of the tables of sources, sinks and sanitizers, and what they become."""

from __future__ import annotations

from typing import Any

import pytest

from zt_gate.rulebook.taint_tables import compile_entries


def compiled(*items: object) -> list[dict[str, Any]]:
    return list(compile_entries(items, "$CLEAN"))


def test_a_branch_is_the_only_part_of_its_pattern_that_counts() -> None:
    for branch in ("$BRANCH", "$...BRANCH"):
        pattern = f"if $A.has($X): {branch}"
        (formula,) = compiled({"any": ["use($X)"], "inside": [pattern]})
        assert formula["pattern-either"][0]["patterns"][1] == {
            "pattern-inside": {
                "patterns": [{"pattern": pattern}, {"focus-metavariable": branch}]
            }
        }


def test_entries_for_any_expression_are_joined_into_one() -> None:
    first = {"any": ["$X"], "inside": ["if $X in $A: ..."], "where": {"$A": "^[A-Z]"}}
    second = {"any": ["$X"], "inside": ["assert $X"]}
    (formula,) = compiled(first, second)
    assert formula == {
        "pattern-either": [
            {
                "patterns": [
                    {"pattern": "$X"},
                    {
                        "pattern-either": [
                            {
                                "patterns": [
                                    {"pattern-inside": "if $X in $A: ..."},
                                    {
                                        "metavariable-regex": {
                                            "metavariable": "$A",
                                            "regex": "^[A-Z]",
                                        }
                                    },
                                ]
                            },
                            {"patterns": [{"pattern-inside": "assert $X"}]},
                        ]
                    },
                ]
            }
        ]
    }


@pytest.mark.parametrize(
    "entry",
    [
        {"any": ["$X"], "inside": ["def $F(...): ..."], "where": {"$X": "^a"}},
        {"any": ["$X"], "inside": ["if $X: ..."], "by-side-effect": True},
        {"any": ["$X", "str($X)"], "inside": ["if $X: ..."]},
    ],
    ids=["a place without the expression", "with a flag", "with another form"],
)
def test_other_entries_are_not_joined(entry: dict[str, Any]) -> None:
    joined = {"any": ["$X"], "inside": ["assert $X"]}
    formulas = str(compiled(entry, joined))
    assert formulas.count("{'pattern': '$X'}") == 2


def test_a_place_can_have_conditions_of_its_own() -> None:
    place = {"any": ["$A = $V"], "where": {"$V": "^f"}}
    (formula,) = compiled({"any": ["use($X)"], "not-inside": [place]})
    assert formula["pattern-either"][0]["patterns"][1] == {
        "pattern-not-inside": {
            "patterns": [
                {"pattern": "$A = $V"},
                {"metavariable-regex": {"metavariable": "$V", "regex": "^f"}},
            ]
        }
    }

from __future__ import annotations

from typing import Any

import pytest

from zt_gate import rulebook
from zt_gate.scanners.code.rule_syntax import to_newer_syntax

WHOLE = {
    "patterns": [
        {"pattern-either": [{"pattern": "$A + $B"}, {"pattern": 'f"..."'}]},
        {"pattern": "$WHOLE"},
        {"pattern-not-inside": "g(...)"},
        {"metavariable-regex": {"metavariable": "$WHOLE", "regex": "x"}},
        {"focus-metavariable": "$B"},
    ]
}


def taint(source: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {
        "id": "r",
        "mode": "taint",
        "pattern-sources": [source],
        "pattern-sinks": [{"pattern": "run($X)"}],
        **other,
    }


def test_a_whole_expression_gets_its_name_by_as() -> None:
    flagged = {**WHOLE, "by-side-effect": True}
    assert to_newer_syntax(taint(WHOLE, **{"pattern-sanitizers": [flagged]}))[
        "taint"
    ] == {
        "sources": [
            {
                "all": [
                    {
                        "any": [{"pattern": "$A + $B"}, {"pattern": 'f"..."'}],
                        "as": "$WHOLE",
                    },
                    {"not": {"inside": "g(...)"}},
                ],
                "where": [{"metavariable": "$WHOLE", "regex": "x"}, {"focus": "$B"}],
            }
        ],
        "sinks": [{"pattern": "run($X)"}],
        "sanitizers": [
            {
                **to_newer_syntax(taint(WHOLE))["taint"]["sources"][0],
                "by-side-effect": True,
            },
        ],
    }


@pytest.mark.parametrize(
    "body",
    [
        taint({"pattern": "$X"}),
        # What is around it has no name of its own.
        taint({"patterns": [{"pattern": "$X"}, {"pattern-inside": "if $X: ..."}]}),
        taint({"patterns": [{"pattern": "$X"},
                            {"pattern-either": [{"pattern-inside": "if $X: ..."}]}]}),
        # Places with conditions of their own.
        taint({"patterns": [{"pattern": "$X"}, {"pattern-either": [
            {"patterns": [{"pattern-inside": "if $X: ..."}]}]}]}),
        taint({"patterns": [WHOLE, {"metavariable-pattern": {}}]}),
        taint(WHOLE, **{"pattern-propagators": ["text"]}),
        {"pattern": "$X"},
    ],
)  # fmt: skip
def test_what_needs_no_name_or_is_not_known_stays(body: dict[str, Any]) -> None:
    assert to_newer_syntax(body) is body


def test_what_stands_around_can_be_a_formula() -> None:
    place = {"patterns": [{"pattern": "if $A: $B"}, {"focus-metavariable": "$B"}]}
    source = {"patterns": [WHOLE, {"pattern-inside": place}]}
    (translated,) = to_newer_syntax(taint(source))["taint"]["sources"]
    assert translated["all"][1] == {
        "inside": {"all": [{"pattern": "if $A: $B"}], "where": [{"focus": "$B"}]}
    }


def test_the_rules_about_built_texts_are_given_in_the_newer_syntax() -> None:
    bodies = {name: rule.data["engine"] for name, rule in rulebook.load("code").items()}
    changed = {
        name for name, body in bodies.items() if to_newer_syntax(body) is not body
    }
    assert {
        "code/python-sql-value-concatenation",
        "code/javascript-sql-value-concatenation",
    } <= changed

from __future__ import annotations

from typing import Any

import pytest

from zt_gate.model.finding import Confidence, Finding, Level, Location, Severity
from zt_gate.policy.profiles import level_of
from zt_gate.policy.schema import Policy

HIGH = Confidence.HIGH


def finding(
    severity: str = "high", confidence: str = "high", rule: str = "code/x", **more: Any
) -> Finding:
    place = Location("file", b"a.py")
    return Finding(rule, place, "m", Severity(severity), Confidence(confidence), **more)


def level(
    item: Finding, least: str = "high", fail_on: str = "block", **policy: Any
) -> str:
    return level_of(
        item, Policy(**policy), min_confidence=Confidence(least), fail_on=fail_on
    ).value


@pytest.mark.parametrize(
    ("confidence", "least", "expected"),
    [
        # critical, high, medium, low, info
        ("high", "high", "block block block warn info"),
        ("medium", "high", "warn warn warn warn info"),
        ("low", "high", "info info info info info"),
        ("high", "medium", "block block block warn info"),
        ("medium", "medium", "block block block warn info"),
        ("low", "medium", "info info info info info"),
        ("low", "low", "block block block warn info"),
    ],
)
def test_the_matrix(confidence: str, least: str, expected: str) -> None:
    severities = ("critical", "high", "medium", "low", "info")
    assert [
        level(finding(s, confidence), least) for s in severities
    ] == expected.split()


def test_a_rules_own_level_wins_over_the_matrix() -> None:
    assert level(finding("info", "low", level=Level.BLOCK)) == "block"


def test_the_policy_wins_over_the_rule_and_a_rule_over_its_scanner() -> None:
    levels = {"code": Level.INFO, "code/x": Level.WARN, "secrets": Level.BLOCK}
    assert level(finding(level=Level.BLOCK), levels=levels) == "warn"
    assert level(finding(rule="code/y"), levels=levels) == "info"
    assert level(finding("info", "low", "secrets/z"), levels=levels) == "block"


def test_advisory_turns_blocks_into_warnings() -> None:
    assert level(finding(), profile="advisory") == "warn"
    assert level(finding(), profile="advisory", levels={"code": Level.BLOCK}) == "warn"
    assert level(finding("info"), profile="advisory") == "info"


@pytest.mark.parametrize(("profile", "expected"), [("advisory", "warn"), ("standard", "warn"),
                                                   ("strict", "block")])  # fmt: skip
def test_a_changed_policy_by_profile(profile: str, expected: str) -> None:
    item = finding("medium", "high", "gate/policy-changed", level=Level.WARN)
    assert level(item, profile=profile) == expected
    # Strict means it: no level of the policy takes it back.
    lowered = {"gate/policy-changed": Level.INFO}
    assert level(item, profile=profile, levels=lowered) == (
        "block" if profile == "strict" else "info"
    )


@pytest.mark.parametrize(
    ("fail_on", "expected"),
    [
        # high/high, low/high, critical/medium, info/high
        ("block", "block warn warn info"),
        ("warn", "block block block info"),
        ("info", "block block block block"),
        ("critical", "warn warn block info"),
        ("high", "block warn block info"),
        ("low", "block block block info"),
    ],
)
def test_fail_on(fail_on: str, expected: str) -> None:
    items = [finding(), finding("low"), finding("critical", "medium"), finding("info")]
    assert [level(item, fail_on=fail_on) for item in items] == expected.split()


def test_fail_on_never_lowers_what_could_not_be_read() -> None:
    unreadable = finding("high", "high", "gate/unreadable", level=Level.BLOCK)
    assert level(unreadable, fail_on="critical") == "block"
    assert level(unreadable, fail_on="critical", profile="advisory") == "warn"


@pytest.mark.parametrize(
    ("since", "release", "expected"),
    [
        ("", "0.1.0", "block"),
        ("0.2", "0.2.0", "warn"),
        ("0.2", "0.2.7.dev1", "warn"),
        ("0.2", "0.3.0", "block"),
        ("0.2", "1.0.0", "block"),
        ("0.10", "0.9.1", "warn"),
        ("0.10", "0.11.0", "block"),
        ("1.0", "1.0.0rc1", "warn"),
        ("0.2", "", "block"),
    ],
)
def test_a_new_rule_warns_for_one_release(
    since: str, release: str, expected: str
) -> None:
    new = finding(since=since)
    found = level_of(
        new, Policy(), min_confidence=HIGH, fail_on="block", release=release
    )
    assert found.value == expected


def test_the_policy_may_let_a_new_rule_block_at_once() -> None:
    policy = Policy(levels={"code/x": Level.BLOCK})
    found = level_of(
        finding(since="0.2"),
        policy,
        min_confidence=HIGH,
        fail_on="block",
        release="0.2.0",
    )
    assert found is Level.BLOCK


def test_a_new_rule_that_warns_or_informs_stays_as_it_is() -> None:
    for confidence, expected in (("medium", "warn"), ("low", "info")):
        new = finding(confidence=confidence, since="0.2")
        found = level_of(
            new, Policy(), min_confidence=HIGH, fail_on="block", release="0.2.0"
        )
        assert found.value == expected


def test_strict_blocks_what_newly_runs_programs_or_reaches_hosts() -> None:
    for rule in ("agent_config/mcp-server", "agent_config/claude-hook"):
        item = finding(rule=rule, level=Level.WARN)
        assert level(item) == "warn"
        assert level(item, profile="strict") == "block"
        assert level(finding(rule=rule, level=Level.INFO), profile="strict") == "info"

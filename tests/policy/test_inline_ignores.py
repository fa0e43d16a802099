"""Ignores on a line: which are recognised, and what they speak of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.offenders import each_of
from zt_gate.model.finding import Confidence, Finding, Location, Severity
from zt_gate.policy.inline_ignores import InlineIgnore, find_inline_ignores
from zt_gate.scanners import registered


def covers(mark: InlineIgnore, rule: str) -> bool:
    finding = Finding(
        rule, Location("change"), "a message", Severity.HIGH, Confidence.HIGH
    )
    return mark.covers(finding, registered()[finding.scanner])


@each_of(
    ("line", "covered", "other", "below"),
    [
        (b"x = eval(y)  # nosec", "code/a", "secrets/a", False),
        (b"x = eval(y)  # nosec B307", "code/a", "secrets/a", False),
        (b"eval(y) // nosemgrep: rule", "code/a", "secrets/a", False),
        (b"eval(y)  # noqa: E501, S307", "code/a", "secrets/a", False),
        (
            b"// eslint-disable-next-line security/detect-eval",
            "code/a",
            "secrets/a",
            True,
        ),
        (
            b"eval(y) // eslint-disable-line security/detect-eval",
            "code/a",
            "secrets/a",
            False,
        ),
        (b"run(x) // #nosec G204", "code/a", "secrets/a", False),
        (b"k = 'v'  # pragma: allowlist secret", "secrets/a", "code/a", False),
        (b"# pragma: allowlist nextline secret", "secrets/a", "code/a", True),
        (b"k = 'v'  # gitleaks:allow", "secrets/a", "code/a", False),
        (b"k = 'v'  # betterleaks:allow", "secrets/a", "code/a", False),
        (b"k = 'v'  # trufflehog:ignore", "secrets/a", "code/a", False),
        (b"k = 'v'  # kingfisher:ignore", "secrets/a", "code/a", False),
        (b'x  # zt-gate: ignore[code/a] reason="why"', "code/a", "code/b", False),
        (
            b'  # zt-gate: ignore[code/a, secrets/*] reason="why"',
            "secrets/x",
            "code/b",
            True,
        ),
    ],
)
def test_each_is_known(line: bytes, covered: str, other: str, below: bool) -> None:
    (mark,) = find_inline_ignores(line)
    assert covers(mark, covered)
    assert not covers(mark, other)
    assert not covers(mark, "agent_config/a")
    assert mark.below is below
    assert mark.reason
    assert not mark.problem


@pytest.mark.parametrize(
    "line",
    [
        b"x = 1  # noqa: E501",
        b"x = 1  # noqa",
        b"nosecrets = 1",
        b"# pragma: no cover",
        b"",
    ],
)
def test_others_are_none(line: bytes) -> None:
    assert list(find_inline_ignores(line)) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"x  # zt-gate: ignore[code/a]", 'no reason="'),
        (b'x  # zt-gate: ignore[code/a] reason=" "', 'no reason="'),
        (
            b'x  # zt-gate: ignore[code/a] reason="r" expires=soon',
            "invalid expires date",
        ),
        (
            b'x  # zt-gate: ignore[code/a] reason="r" expires=2027-02-30',
            "invalid expires date",
        ),
    ],
)
def test_an_ignore_without_its_parts_says_so(line: bytes, problem: str) -> None:
    (mark,) = find_inline_ignores(line)
    assert problem in mark.problem


@given(st.binary(max_size=200))
def test_no_line_fails(line: bytes) -> None:
    for mark in find_inline_ignores(line + b" # nosec " + line):
        assert mark.rules or mark.tool

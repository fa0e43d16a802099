from __future__ import annotations

import pytest

from zt_gate.policy.ignores import PolicyIgnores, WaiverDecision
from zt_gate.policy.schema import Allowance, Ignore, Policy

POLICY = Policy(
    paths=(Allowance("docs/**", ("injection/*", "gate/unreadable"), "examples"),),
    ignores=(
        Ignore("code/x", "legacy/", "old", "2026-06-30"),
        Ignore("code/*", "legacy/keep.py", "kept", "2027-01-31"),
        Ignore("*", "vendor/", "not ours"),
    ),
)

EXPIRED = WaiverDecision("active", "ignore expired on 2026-06-30: old", "2026-06-30")


@pytest.mark.parametrize(
    ("rule", "path", "excuse"),
    [
        ("injection/override", b"docs/a.md", WaiverDecision("ignored", "examples")),
        ("injection/override", b"src/a.md", WaiverDecision()),
        ("secrets/x", b"docs/a.md", WaiverDecision()),
        ("gate/unreadable", b"docs/a.bin", WaiverDecision("ignored", "examples")),
        ("gate/unreadable", b"vendor/a", WaiverDecision()),
        ("secrets/x", b"vendor/a", WaiverDecision("ignored", "not ours")),
        ("secrets/x", None, WaiverDecision()),
        ("code/x", b"legacy/a.py", EXPIRED),
        ("code/x", b"legacy/keep.py", WaiverDecision("ignored", "kept", "2027-01-31")),
        ("code/y", b"legacy/a.py", WaiverDecision()),
    ],
)  # fmt: skip
def test_what_the_trusted_side_said_yes_to(
    rule: str, path: bytes | None, excuse: WaiverDecision
) -> None:
    assert PolicyIgnores(POLICY, "2026-07-01").decide((rule,), path) == excuse


def test_an_ignore_holds_through_its_last_day() -> None:
    states = [
        PolicyIgnores(POLICY, day).decide(("code/x",), b"legacy/a.py").state
        for day in ("2026-06-29", "2026-06-30", "2026-07-01")
    ]
    assert states == ["ignored", "ignored", "active"]

"""The subject of a finding."""

from __future__ import annotations

from zt_gate.model.finding import bounded_subject


def test_long_subjects_with_the_same_beginning_differ() -> None:
    long = "x" * 1000
    assert bounded_subject("short", 400) == "short"
    assert bounded_subject(long + "a", 400) != bounded_subject(long + "b", 400)
    assert bounded_subject(long, 400) == bounded_subject(long, 400)
    assert len(bounded_subject(long * 50, 400)) < 500

"""The subject of a finding."""

from __future__ import annotations

from zt_gate.model.finding import bounded_subject


def test_a_yes_to_a_long_subject_covers_no_other_that_begins_like_it() -> None:
    long = "x" * 1000
    assert bounded_subject("short", 400) == "short"
    assert bounded_subject(long + "a", 400) != bounded_subject(long + "b", 400)
    assert bounded_subject(long, 400) == bounded_subject(long, 400)
    assert len(bounded_subject(long * 50, 400)) < 500

"""What a finding says of what was found."""

from __future__ import annotations

from zt_gate.model.finding import whole


def test_a_yes_to_a_long_subject_covers_no_other_that_begins_like_it() -> None:
    long = "x" * 1000
    assert whole("short", 400) == "short"
    assert whole(long + "a", 400) != whole(long + "b", 400)
    assert whole(long, 400) == whole(long, 400)
    assert len(whole(long * 50, 400)) < 500

"""The report on the guard's log, and what is shown of sessions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.guard.test_hook import Guarded, guarded, is_silent, reason_of
from zt_gate.errors import UsageError
from zt_gate.guard.report import report_lines, report_on
from zt_gate.guard.session import listing, records
from zt_gate.guard.session.identity import process_keys
from zt_gate.guard.session.release import release

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["guarded"]


def test_observing_reports_what_enforcing_would_have_stopped(guarded: Guarded) -> None:
    guarded.pin(
        "[guard]\ntask = 'develop'\nmodes = { 'credentials/*' = 'observe' }\n"
        "[tasks.develop]\nrestricted = ['/infra/']\n"
    )
    assert is_silent(guarded.read("~/.aws/credentials"))
    assert is_silent(guarded.read("src/a.py"))
    reason_of(guarded.write("infra/b.py"))
    report = report_on(guarded.entries())
    assert report.calls == 3
    assert report.answers == {"silent": 2, "deny": 1}
    (item,) = report.would_stop
    assert item.control == "credentials/file-read"
    assert report.controls["credentials/file-read", "observe, would deny"] == 1
    assert report.controls["task/path-restricted", "deny"] == 1
    text = "\n".join(report_lines(report))
    assert "Enforcing would have stopped 1:" in text
    assert report.as_table()["controls"]["task/path-restricted"] == {"deny": 1}


def test_a_report_covers_some_days_or_one_session(guarded: Guarded) -> None:
    assert is_silent(guarded.read("src/a.py"))
    old = {**guarded.entries()[0], "time": "2020-01-01T00:00:00Z"}
    assert report_on([old, *guarded.entries()], days=7).calls == 1
    assert report_on(guarded.entries(), session="nothing").calls == 0
    assert report_on(guarded.entries(), session=guarded.session().id[:6]).calls == 1


def test_sessions_are_listed_and_shown(guarded: Guarded) -> None:
    assert listing.session_lines(guarded.places) == ["no sessions on this machine"]
    reason_of(guarded.read("~/.aws/credentials"))
    session = guarded.session()
    (line,) = listing.session_lines(guarded.places)
    assert session.id in line
    # Without a living parent (a detached run) nothing tells which process it is.
    assert ("running" in line) == bool(process_keys())
    text = "\n".join(listing.shown_session(guarded.places, session.id[:6]))
    assert "attempts   1" in text
    assert "credentials/file-read" in text
    with pytest.raises(UsageError, match="no session"):
        listing.shown_session(guarded.places, "zz")


def contained(guarded: Guarded) -> records.Session:
    for _ in range(3):
        reason_of(guarded.read("~/.aws/credentials"))
    return guarded.session()


def released(guarded: Guarded, ask: Callable[[str], str]) -> str:
    return release(
        guarded.session().id[:8], guarded.places, {}, by="ada", reason="a test", key="",
        ask=ask,
    )  # fmt: skip


def test_a_person_releases_a_contained_session(guarded: Guarded) -> None:
    session = contained(guarded)
    released(guarded, lambda _question: session.id[:4])
    assert is_silent(guarded.read("src/a.py"))
    assert guarded.entries()[-2]["event"] == "released"
    # What was denied stays denied, and three more attempts contain it again.
    for _ in range(3):
        reason_of(guarded.read("~/.aws/credentials"))
    assert "is contained" in reason_of(guarded.read("src/a.py"))


def test_wrong_digits_release_nothing(guarded: Guarded) -> None:
    contained(guarded)
    with pytest.raises(UsageError, match="digits do not match"):
        released(guarded, lambda _question: "zzzz")
    assert "is contained" in reason_of(guarded.read("src/a.py"))


def test_a_session_that_is_not_contained_cannot_be_released(guarded: Guarded) -> None:
    assert is_silent(guarded.read("src/a.py"))
    with pytest.raises(UsageError, match="no contained session"):
        released(guarded, lambda _question: "x")


def test_a_forged_release_does_not_count_where_a_proof_is_required(
    guarded: Guarded,
) -> None:
    session = contained(guarded)
    released(guarded, lambda _question: session.id[:4])
    guarded.pin("[guard]\ntask = 'develop'\n[approval]\nproof = 'totp'\n")
    assert "is contained" in reason_of(guarded.read("src/a.py"))


def test_a_release_of_another_containment_does_not_count(guarded: Guarded) -> None:
    session = contained(guarded)
    released(guarded, lambda _question: session.id[:4])
    with records.opened(guarded.places) as sessions:
        sessions.known[-1].contained += 100
        sessions.changed = True
    assert "is contained" in reason_of(guarded.read("src/a.py"))
    assert os.path.isdir(guarded.root)

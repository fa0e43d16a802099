"""The record of what a person approved on this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from zt_gate.policy import approvals
from zt_gate.policy.approvals import Approval, ApprovalError

if TYPE_CHECKING:
    from pathlib import Path

ONE = Approval(
    "0" * 32, "code/x", "a.py", "it is right", "ada", "2026-01-01", "2026-01-02"
)


def test_what_is_written_reads_the_same(tmp_path: Path) -> None:
    record = approvals.record_path({"HOME": str(tmp_path)}, "/repo/.git", [])
    assert record is not None
    assert approvals.read(record) == ()
    approvals.write(record, [ONE])
    assert approvals.read(record) == (ONE,)
    assert record.stat().st_mode & 0o077 == 0
    assert record.parent.stat().st_mode & 0o077 == 0


def test_it_holds_through_its_last_day() -> None:
    assert ONE.holds("2026-01-02")
    assert not ONE.holds("2026-01-03")


def test_a_place_inside_what_is_scanned_is_none(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path / "repo" / "state")}
    assert approvals.record_path(environ, "/repo/.git", [tmp_path / "repo"]) is None
    assert approvals.record_path({}, "/repo/.git", []) is None


def test_repositories_do_not_share_a_record(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    one = approvals.record_path(environ, "/one/.git", [])
    assert one != approvals.record_path(environ, "/two/.git", [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"version": 2, "approvals": []}',
        '{"version": 1, "approvals": [{}]}',
        '{"version": 1, "approvals": ["x", null]}',
        '{"version": 1, "approvals": {"a": 1}}',
    ],
)
def test_a_broken_record_is_an_error_and_no_approval(tmp_path: Path, text: str) -> None:
    record = tmp_path / "r.json"
    record.write_text(text)
    record.chmod(0o600)
    with pytest.raises(ApprovalError):
        approvals.read(record)


def test_a_link_or_a_file_that_others_can_write_is_refused(tmp_path: Path) -> None:
    record = tmp_path / "r.json"
    approvals.write(record, [ONE])
    link = tmp_path / "link.json"
    os.symlink(record, link)
    with pytest.raises(ApprovalError):
        approvals.read(link)
    record.chmod(0o666)
    with pytest.raises(ApprovalError, match="other users can write"):
        approvals.read(record)
    with pytest.raises(ApprovalError, match="other users can write"):
        approvals.read(tmp_path)

"""The message that a commit-msg hook gets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.repo import Repo
from zt_gate.git.commit_message_file import LIMIT, read_message_file, without_diff
from zt_gate.git.errors import GitError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_diff_of_a_verbose_commit_is_left_out(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repository")
    repo.write("a.txt", "planted\n")
    repo.git("add", "a.txt")
    seen = tmp_path / "seen"
    repo.git(
        "commit",
        "-v",
        check=False,
        env={"GIT_EDITOR": f"cp \"$1\" '{seen}' && echo x >>"},
    )
    data = read_message_file(repo.path / ".git" / "COMMIT_EDITMSG")
    assert b"+planted" in data
    cut = without_diff(b"Subject\n" + data)
    assert cut.startswith(b"Subject\n")
    assert b"planted" not in cut


def test_only_gits_own_lines_count() -> None:
    fake = b"Subject\n# ------------------------ >8 ------------------------\nhidden\n"
    assert without_diff(fake) == fake


@given(st.binary(max_size=300))
def test_nothing_but_the_end_is_ever_left_out(message: bytes) -> None:
    assert message.startswith(without_diff(message))


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in ("absent", "fifo", "."):
        with pytest.raises(GitError):
            read_message_file(tmp_path / name)
    (tmp_path / "large").write_bytes(b"x" * (LIMIT + 9))
    assert len(read_message_file(tmp_path / "large")) == LIMIT + 1

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.git import spooled_text as spools
from zt_gate.git.errors import GitError
from zt_gate.git.spooled_text import Spool


@given(
    st.lists(st.one_of(st.binary(max_size=40), st.integers(1, 5))), st.integers(0, 60)
)
def test_reads_what_was_appended(steps: list[bytes | int], limit: int) -> None:
    spool, model = Spool(in_memory=limit), b""
    for step in steps:
        if isinstance(step, bytes):
            spool.append(step)
            model += step
        else:
            spool.truncate(max(0, len(model) - step))
            model = model[: max(0, len(model) - step)]
    assert spool.size == len(model)
    for start in range(0, len(model) + 1, 7):
        assert spool.read(start, len(model) - start) == model[start:]


def test_reading_too_much_is_an_error() -> None:
    spool = Spool()
    spool.append(b"abc")
    with pytest.raises(OSError, match="2 of 3 bytes"):
        spool.read(1, 3)


def test_forked_processes_read_side_by_side() -> None:
    spool = Spool(in_memory=0)
    spool.append(b"0123456789" * 1000)
    children = []
    for number in range(4):
        pid = os.fork()
        if not pid:
            right = all(
                spool.read(at, 10) == (b"0123456789" * 2)[at % 10 : at % 10 + 10]
                for at in range(number, 9000, 3)
            )
            os._exit(0 if right else 1)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0, 0]


def test_one_blob_named_a_thousand_times_does_not_fill_the_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spools, "LIMIT", 100)
    spool = Spool(in_memory=0)
    spool.append(b"x" * 100)
    with pytest.raises(GitError, match="of text, the limit"):
        spool.append(b"x")

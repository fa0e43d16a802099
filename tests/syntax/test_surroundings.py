"""The lines around a change, on both of its sides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.changes import file_change
from zt_gate.model.change import ContentUnavailableError
from zt_gate.syntax.surroundings import EVERYTHING, Reach, surroundings
from zt_gate.syntax.text import added_text

if TYPE_CHECKING:
    from zt_gate.syntax.surroundings import Surroundings

LINES = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=30)


def near(new: str, old: str | None, **fields: object) -> Surroundings | None:
    return surroundings(added_text(file_change("a.txt", new, old, **fields)))


@given(LINES, LINES, st.integers(0, 5))
def test_both_sides_have_the_same_unchanged_lines(
    old: list[str], new: list[str], reach: int
) -> None:
    found = near("".join(f"{x}\n" for x in new), "".join(f"{x}\n" for x in old))
    if found is None:
        return
    after, before = (
        [line for run in side for line in run.numbered()]
        for side in (found.new(Reach(reach, 1 << 20)), found.old(Reach(reach, 1 << 20)))
    )
    # The numbers are right and ascending; no line is given twice.
    assert [(line.number, line.data.decode()) for line in after] == sorted(
        {(line.number, new[line.number - 1]) for line in after}
    )
    assert all(old[line.number - 1] == line.data.decode() for line in before)
    removed = {line.number for line in found.file.removed_lines()}
    added = {line.number for line in found.file.added_lines()}
    assert {
        number for number in range(1, len(new) + 1) if number in found.added
    } == added
    unchanged_after = [line.data for line in after if line.number not in found.added]
    unchanged_before = [line.data for line in before if line.number not in removed]
    assert unchanged_after == unchanged_before


@given(LINES, LINES)
def test_everything_is_the_whole_content(old: list[str], new: list[str]) -> None:
    found = near("".join(f"{x}\n" for x in new), "".join(f"{x}\n" for x in old))
    if found is not None:
        runs = found.new(EVERYTHING)
        assert [line.decode() for run in runs for line in run.lines] == new


def test_the_reach_is_bounded_in_lines_and_bytes() -> None:
    old = "".join(f"{number:04}\n" for number in range(100))
    found = near(old.replace("0050", "new"), old)
    assert found is not None
    (few,) = found.new(Reach(2, 1000))
    assert (few.first, [*few.lines]) == (
        49,
        [b"0048", b"0049", b"new", b"0051", b"0052"],
    )
    (short,) = found.new(Reach(50, 12))
    assert (short.first, len(short.lines)) == (48, 7)


def test_a_new_or_deleted_file_has_no_surroundings() -> None:
    assert near("a\n", None) is None
    deleted = file_change("a.txt", None, "a\n")
    assert surroundings(added_text(deleted)) is None


def test_content_that_is_not_available_is_an_error() -> None:
    change = replace(file_change("a.txt", "b\n", "a\n"), new=None)
    with pytest.raises(ContentUnavailableError):
        surroundings(added_text(change))


def test_text_in_utf_16_is_decoded_on_both_sides() -> None:
    change = file_change(
        "a.txt",
        b"\xff\xfe" + "one\ntwo\n".encode("utf-16-le"),
        b"\xff\xfe" + "one\n".encode("utf-16-le"),
    )
    encoded = surroundings(added_text(change))
    assert encoded is not None
    assert encoded.added.spans == ((2, 1),)
    (new,), (old,) = encoded.new(EVERYTHING), encoded.old(EVERYTHING)
    assert [*new.lines][-1] == b"two"
    assert [line.removeprefix(b"\xef\xbb\xbf") for line in old.lines] == [b"one"]


def test_of_a_long_addition_only_the_ends_are_read_again() -> None:
    old = "".join(f"old {number}\n" for number in range(40))
    added = "".join(f"new {number}\n" for number in range(1000))
    found = near(old[:200] + "x\n" + added + old[200:], old)
    assert found is not None
    runs = found.new(Reach(5, 1000))
    assert len(runs) == 2
    assert sum(len(run.lines) for run in runs) <= 30

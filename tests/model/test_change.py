"""Lines of hunks across chunk edges, line numbers, and the files of a change."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.bounded import finishes
from tests.support.changes import Memory, body, change_of, commit, file_change
from tests.support.offenders import each_of
from tests.support.property_tests import examples
from zt_gate.model import change as module
from zt_gate.model.change import (
    MODE_FILE,
    MODE_SUBMODULE,
    MODE_SYMLINK,
    FileChange,
    Hunk,
    HunkLines,
    Line,
)
from zt_gate.model.finding import Confidence, Level, Location, Severity
from zt_gate.model.report import ScannerRun, Verdict

CHUNK = 1 << 20


@dataclass
class Counting:
    """A store that records what was read from it."""

    data: bytes
    asked: list[int] = field(default_factory=list)

    def read(self, offset: int, length: int) -> bytes:
        self.asked.append(length)
        assert 0 <= offset <= offset + length <= len(self.data)
        return self.data[offset : offset + length]


@each_of(
    "lines",
    [
        [],
        [b""],
        [b"", b"", b""],
        [b"x" * CHUNK],
        [b"x" * (CHUNK - 1), b"y"],
        [b"x" * (CHUNK - 2), b"", b"y"],
        [b"x" * (3 * CHUNK + 7), b"", b"y" * CHUNK],
        [b"a\rb\x0b\x0c\x85\xe2\x80\xa8c", b"d\r"],
        [b"%d" % number for number in range(300_000)],
    ],
    ids=lambda lines: str(len(lines)),
)
@each_of("newline", [True, False])
def test_lines_are_read_back_unchanged(lines: list[bytes], newline: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if newline and lines else b"")
    store = Counting(b"before\n" + data + b"after\n")
    assert list(HunkLines(store, 7, len(data), len(lines))) == lines
    assert max(store.asked, default=0) <= CHUNK


@settings(max_examples=examples(150))
@given(
    st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"")), max_size=12),
    st.integers(1, 9),
    st.booleans(),
)
def test_chunks_of_any_size_make_no_difference(
    lines: list[bytes], chunk: int, newline: bool
) -> None:
    data = b"\n".join(lines) + (b"\n" if newline and lines else b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", chunk)
        assert list(HunkLines(Memory(data), 0, len(data), len(lines))) == lines


def test_hunk_lines_can_be_read_twice_and_their_head_is_bounded() -> None:
    one = body([b"abc", b"def"])
    assert list(one) == list(one) == [b"abc", b"def"]
    assert (one.head(2), one.head(99)) == (b"ab", b"abc\ndef\n")
    assert body([]).head(9) == b""


def test_line_numbers_are_those_of_each_side() -> None:
    hunks = (
        Hunk(3, 5, body([b"old"]), body([b"new", b"newer"])),
        Hunk(9, 12, body([b"gone"]), body([])),
    )
    file = FileChange(b"a", "M", MODE_FILE, MODE_FILE, b"a", hunks=hunks)
    assert list(file.added_lines()) == [Line(5, b"new"), Line(6, b"newer")]
    assert list(file.removed_lines()) == [Line(3, b"old"), Line(9, b"gone")]


@given(st.text("ab\n", max_size=30), st.text("ab\n", max_size=30))
def test_added_lines_have_their_numbers_in_the_new_file(old: str, new: str) -> None:
    file = file_change("a", new, old)
    whole = new.encode().split(b"\n")
    assert all(whole[line.number - 1] == line.data for line in file.added_lines())


@pytest.mark.parametrize(
    ("old", "new", "deletion", "symlink", "submodule"),
    [
        (0, MODE_FILE, False, False, False),
        (MODE_FILE, 0, True, False, False),
        (0, MODE_SYMLINK, False, True, False),
        (MODE_SYMLINK, 0, True, False, False),
        (MODE_SYMLINK, MODE_FILE, False, False, False),
        (0, MODE_SUBMODULE, False, False, True),
        (MODE_SUBMODULE, 0, True, False, True),
        (MODE_SUBMODULE, MODE_FILE, False, False, False),
        (MODE_FILE, MODE_SUBMODULE, False, False, True),
    ],
)
def test_kinds_of_files(
    old: int, new: int, deletion: bool, symlink: bool, submodule: bool
) -> None:
    file = FileChange(b"a", "M", old, new)
    assert (file.is_deletion, file.is_symlink, file.is_submodule) == (
        deletion,
        symlink,
        submodule,
    )


def test_files_of_the_net_change_come_before_those_of_each_commit() -> None:
    one, two = file_change("one", "1\n"), file_change("two", "2\n")
    first, second = commit("1", one, two, oid="1" * 40), commit("2", two, oid="2" * 40)
    change = change_of({"net": "x\n"}, commits=(first, second))
    assert [(file.path, unit and unit.oid[0]) for file, unit in change.files_with_commits()] == [
        (b"net", None), (b"one", "1"), (b"two", "1"), (b"two", "2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "location",
    [
        lambda: Location("line"),
        lambda: Location("line", b"a"),
        lambda: Location("line", line=1),
        lambda: Location("file"),
        lambda: Location("commit", b"a", line=1),
        lambda: ScannerRun("code", "error"),
        lambda: ScannerRun("code", "skipped"),
    ],
)
def test_records_without_required_fields_are_refused(location: object) -> None:
    assert callable(location)
    with pytest.raises(ValueError, match=r"need"):
        location()


def test_records_with_the_required_fields_are_accepted() -> None:
    assert Location("line", b"a", line=1).column is None
    assert Location("file", b"a").line is None
    assert Location("commit", commit="c" * 40).path is None
    assert Location("change").path is None
    assert ScannerRun("code", "ok").reason == ""
    assert ScannerRun("code", "error", "no engine").findings == ()


def test_ranks_and_exit_codes() -> None:
    assert [s.rank for s in Severity] == [4, 3, 2, 1, 0]
    assert [c.rank for c in Confidence] == [2, 1, 0]
    assert [level.rank for level in Level] == [2, 1, 0]
    assert {verdict.value: verdict.exit_code for verdict in Verdict} == {
        "pass": 0, "fail": 1, "error": 3,
    }  # fmt: skip


def test_a_line_of_many_chunks_takes_linear_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_CHUNK", 64)
    line = b"x" * (16 << 20)
    data = b"a\n" + line + b"\nb"

    def check(expected: list[bytes]) -> None:
        assert list(HunkLines(Memory(data), 0, len(data), 3)) == expected

    finishes([[b"a", line, b"b"]], check)

"""The baseline's file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.policy import baseline
from zt_gate.policy.baseline import Baseline, BaselineEntry, BaselineError

SALT = b"0123456789abcdef" * 2
entries = st.builds(
    BaselineEntry,
    fingerprint=st.text("0123456789abcdef", min_size=32, max_size=32),
    rule=st.sampled_from(
        ("code/python-eval", "secrets/aws-access-key", "agent_config/hook")
    ),
    path=st.binary(min_size=1, max_size=40),
)


@given(st.lists(entries, max_size=20, unique_by=lambda one: one.fingerprint))
def test_what_is_written_reads_the_same(found: list[BaselineEntry]) -> None:
    made = Baseline(SALT, frozenset(found))
    data = baseline.render(made)
    read = baseline.parse(data)
    assert (read.salt, read.entries) == (SALT, made.entries)
    assert baseline.render(read) == data
    for one in found:
        line = read.line_of(one.fingerprint)
        assert line is not None
        assert data.split(b"\n")[line - 1].startswith(one.fingerprint.encode())


@given(st.binary(max_size=300))
def test_other_bytes_are_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(BaselineError) as caught:
        baseline.parse(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"<<<<<<< ours", ":3: unresolved merge conflict"),
        (b"abc code/x a.py", ":3: expected a fingerprint"),
        (b"0" * 32 + b" code/x a b", ":3: expected a fingerprint"),
    ],
)
def test_a_wrong_line_is_named(line: bytes, said: str) -> None:
    data = baseline.render(Baseline(SALT)) + line + b"\n"
    with pytest.raises(BaselineError, match=said):
        baseline.parse(data)


def test_another_version_is_refused() -> None:
    data = baseline.render(Baseline(SALT)).replace(b"baseline 1 ", b"baseline 2 ")
    with pytest.raises(BaselineError, match="unsupported version 2"):
        baseline.parse(data)


def test_lines_of_a_union_merge_are_read_in_any_order_and_twice() -> None:
    found = [BaselineEntry(f"{n:032x}", "code/x", b"a.py") for n in range(4)]
    rows = baseline.render(Baseline(SALT, frozenset(found))).split(b"\n")
    mixed = b"\r\n".join((*rows[:2], *reversed(rows[2:]), rows[3], b"", b"# note"))
    assert baseline.parse(mixed).entries == frozenset(found)


def test_pruning_drops_what_is_gone() -> None:
    old = Baseline(
        SALT,
        frozenset(
            {
                BaselineEntry("1" * 32, "code/x", b"a"),
                BaselineEntry("2" * 32, "code/x", b"b"),
            }
        ),
    )
    new = [
        BaselineEntry("2" * 32, "code/x", b"b"),
        BaselineEntry("3" * 32, "code/x", b"c"),
    ]
    assert {e.path for e in baseline.merge_entries(old, new, prune=False).entries} == {
        b"a",
        b"b",
        b"c",
    }
    assert {e.path for e in baseline.merge_entries(old, new, prune=True).entries} == {
        b"b",
    }


def test_pruning_adds_nothing_and_takes_the_new_name_of_a_rule() -> None:
    old = Baseline(SALT, frozenset({BaselineEntry("1" * 32, "code/old", b"a")}))
    renamed = BaselineEntry("1" * 32, "code/new", b"a")
    other = BaselineEntry("2" * 32, "code/x", b"b")
    for found, kept in (
        ([renamed], {renamed}),
        ([renamed, other], {renamed}),
        ([other], set()),
        ([], set()),
    ):
        assert baseline.merge_entries(old, found, prune=True).entries == kept
    nothing = Baseline(SALT)
    assert baseline.merge_entries(nothing, [other], prune=True).entries == frozenset()


def test_a_second_salt_names_the_command_that_mends_it() -> None:
    first = b"# zt-gate baseline 1 " + b"0" * 32 + b"\n"
    second = b"# zt-gate baseline 1 " + b"1" * 32 + b"\n"
    entry = b"2" * 32 + b" code/x a.py\n"
    for data in (
        first + second,
        first + entry + second + entry,
        first + b"\n" + second,
        first + entry + entry + b"# a note\n" + second + entry,
        (first + entry + second).replace(b"\n", b"\r\n"),
    ):
        with pytest.raises(baseline.BaselineError, match="second salt") as caught:
            baseline.parse(data)
        assert "rm .zt-gate-baseline && zt-gate baseline" in str(caught.value)
    # Twice the same header is what merge=union makes of two equal ones.
    assert baseline.parse(first + first + entry).salt == b"0" * 32

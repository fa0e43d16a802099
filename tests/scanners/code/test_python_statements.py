from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.scanners.code.python_statements import (
    Statement,
    blanked,
    statements,
    statements_at,
    without_definitions,
)

TEXT = b"""import os
A = 1; B = (2,
  3)

@decorated(
    x)
def f():
    pass
class C:
    def m(self): pass
async def g(): return 1
"""


def test_the_top_level_statements() -> None:
    assert statements(TEXT) == (
        Statement(1, 1, is_definition=False),
        Statement(2, 3, is_definition=False),
        Statement(5, 8, is_definition=True),
        Statement(
            9, 10, is_definition=True, children=(Statement(10, 10, is_definition=True),)
        ),
        Statement(11, 11, is_definition=True),
    )


@pytest.mark.parametrize(
    "text",
    [
        b"def f(:",
        b"x = '\x00'",
        b"(" * 5000,
        b"-" * 100_000 + b"1",
        b"x = 1\n" * 400_000,
    ],
    ids=["syntax", "NUL", "brackets", "nested", "large"],
)
def test_what_python_does_not_parse_has_no_statements(text: bytes) -> None:
    assert statements(text) is None


def test_a_line_that_two_statements_share_is_one_place() -> None:
    assert statements(b"def f(): pass\nx = 1; y = '''\n'''; z = 2\n") == (
        Statement(1, 1, is_definition=True),
        Statement(2, 3, is_definition=False),
    )


def test_an_encoding_line_is_not_heard_twice() -> None:
    assert statements("# coding: latin-1\nx = 'é𝒳'\n".encode()) is not None
    assert statements(b"# coding: utf-7\nx = 1\n") is not None
    assert statements(b"x = '\xff'\n") is not None


def test_parts_of_a_file_keep_their_lines() -> None:
    known = statements(TEXT)
    assert known is not None
    assert statements_at(known, 6, 9) == [(5, 8), (9, 10)]
    assert statements_at(known, 4, 4) == []
    part = without_definitions(known, TEXT, [(9, 10)])
    assert part.split(b"\n") == [
        b"import os", b"A = 1; B = (2,", b"  3)", b"", b"", b"", b"", b"", b"class C:",
        b"    def m(self): pass", b"", b"",
    ]  # fmt: skip


@given(
    st.binary(max_size=200), st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)))
)
def test_blanking_never_moves_a_line(text: bytes, pairs: list[tuple[int, int]]) -> None:
    lines = text.split(b"\n")
    spans = [(a, b) for a, b in pairs if a <= b and a <= len(lines)]
    found = blanked(text, spans).split(b"\n")
    assert len(found) == len(lines)
    for number, (new, old) in enumerate(zip(found, lines, strict=True), 1):
        inside = any(first <= number <= last for first, last in spans)
        assert new == (b"" if inside else old)


@given(st.text(alphabet="ab=()'\"\n :#\\\t", max_size=60))
def test_any_text_has_ordered_statements_or_none(text: str) -> None:
    found = statements(text.encode())
    last = 0
    for at in found or ():
        assert last < at.first <= at.last
        last = at.last

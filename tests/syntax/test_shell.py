"""The reader of shell: simple commands, words with their places, operators."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.syntax.shell import commands, consecutive_commands, program, with_nested


def texts(content: str) -> list[tuple[str, str, int]]:
    return [(one.text, one.operator, one.depth) for one in commands(content)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a b && c || d; e | f & g", "a b&& c|| d; e| f& g"),
        ("a \\\n b # comment\nc", "a b\n c"),
        ("a > out 2>&1 < in", "a"),
        ("a 'x; y' \"z | w\"", "a x; y z | w"),
        ("a\n\nb", "a\n b"),
        ("it's fine\nb", "it's fine\n b"),
    ],
)
def test_commands_with_the_operators_behind_them(content: str, expected: str) -> None:
    found = commands(content)
    assert " ".join(one.text + one.operator for one in found) == expected


def test_commands_in_substitutions_and_subshells() -> None:
    assert texts("a $(b c) d") == [("b c", ")", 1), ("a $ d", "", 0)]
    assert texts("(a; b) && c") == [("a", ";", 1), ("b", ")", 1), ("c", "", 0)]
    assert texts("a `b`") == [("b", "`", 1), ("a $", "", 0)]


def test_words_have_places_and_a_literal_flag() -> None:
    (command,) = commands('pip install "one two" $NAME *.whl')
    spans = [(word.start, word.end) for word in command.words]
    assert spans == [(0, 3), (4, 11), (12, 21), (22, 27), (28, 33)]
    assert [word.literal for word in command.words] == [True, True, True, False, False]
    assert command.words[2].quoted == (13, 20)


def test_quoted_commands_are_read_as_well() -> None:
    found = with_nested("bash -c 'a | b' && c")
    assert [one.text for one in found] == ["bash -c a | b", "c", "a", "b"]


def test_a_command_is_followed_by_the_next_at_its_depth() -> None:
    pairs = consecutive_commands(commands("a $(x; y) || b\nc"))
    assert [(one.text, then.text) for one, then in pairs] == [
        ("x", "y"),
        ("a $", "b"),
        ("b", "c"),
    ]


def test_a_program_is_named_without_its_folder() -> None:
    assert program("/usr/bin/Git") == "git"
    assert program("C:\\tools\\npm.exe") == "npm"


@given(st.text(alphabet="ab '\"\\$(){}|&;#`\n<>-=", max_size=60))
def test_any_text_gives_words_with_places_in_it(content: str) -> None:
    for command in commands(content):
        assert command.words
        assert all(
            0 <= word.start <= word.end <= len(content) for word in command.words
        )

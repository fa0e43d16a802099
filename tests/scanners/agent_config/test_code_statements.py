"""Strings are told apart from code in statements of any language."""

from __future__ import annotations

import random

from zt_gate.scanners.agent_config.code_statements import (
    assignment,
    calls,
    literal_around,
    names_in,
)

QUOTES = "\"'`"


def test_a_quote_that_is_escaped_does_not_end_a_string() -> None:
    """An assignment was seen inside ``"a \\" b = c"``."""
    for quote in QUOTES:
        text = f"{quote}a \\{quote} b = c{quote}"
        assert assignment(f"f({text})") == ((), "")
        assert assignment(text) == ((), "")
        assert assignment(f"x = {text}") == (("x",), f" {text}")
        assert names_in(f"g({text})") == ["g"]


def test_arguments_are_split_outside_of_strings() -> None:
    cases = {
        "f('a, b', c)": ("'a, b'", " c"),
        'f("(", [x, y])': ('"("', " [x, y]"),
        "f(`a)`, b)": ("`a)`", " b"),
        "f('a\\', b', c)": ("'a\\', b'", " c"),
        "f('never closed, b)": ("'never closed, b)",),
    }
    for text, expected in cases.items():
        assert calls(text)[0].arguments == expected, text


def test_the_literal_around_a_position() -> None:
    text = "f('ab', \"c'd\", `e\\`f`, 'open"
    for part, expected in (
        ("ab", "ab"),
        ("c'", "c'd"),
        ("f`", "e\\`f"),
        ("open", "open"),
        ("f(", None),
        (', "', None),
    ):
        assert literal_around(text, text.index(part)) == expected, part


def test_names_in_templates_count() -> None:
    for text, expected in (
        ('x + f"{name}/b"', ["x", "f", "name"]),
        ("x + `${a.b}`", ["x", "a.b"]),
        ("'a' + b", ["b"]),
        ("'{never.closed}", ["never.closed"]),
    ):
        assert names_in(text) == expected, text


def test_no_text_makes_it_fail() -> None:
    rng = random.Random(1)
    for _ in range(2000):
        text = "".join(rng.choices("ab\"'`\\()[]{},=#/ .\n$", k=rng.randint(0, 30)))
        assert len(calls(text)) <= 40
        assert isinstance(names_in(text), list)
        names, value = assignment(text)
        assert value in text
        assert all(name in text for name in names)
        literal = literal_around(text, 3)
        assert literal is None or literal in text

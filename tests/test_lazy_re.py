"""Patterns that are compiled at their first use."""

from __future__ import annotations

import copy
import importlib
import pkgutil
import re
from typing import Any

import pytest

import zt_gate
from zt_gate import lazy_re


def patterns_in(value: Any) -> list[Any]:
    """Return the patterns of a constant, also from inside of containers."""
    if isinstance(value, lazy_re.LazyPattern):
        return [value]
    if isinstance(value, dict):
        return [found for part in value.values() for found in patterns_in(part)]
    if isinstance(value, list | tuple | set | frozenset):
        return [found for part in value for found in patterns_in(part)]
    return []


def modules() -> list[str]:
    found = pkgutil.walk_packages(zt_gate.__path__, "zt_gate.")
    return sorted(module.name for module in found if "__main__" not in module.name)


@pytest.mark.parametrize("name", modules())
def test_every_pattern_of_a_module_compiles(name: str) -> None:
    module = importlib.import_module(name)
    for pattern in patterns_in(vars(module)):
        expected = re.compile(pattern.pattern, pattern.flags)
        assert (pattern.groups, pattern.groupindex) == (
            expected.groups,
            expected.groupindex,
        )


def test_there_are_patterns_to_compile() -> None:
    found = patterns_in(vars(importlib.import_module("zt_gate.syntax.spliced_text")))
    assert len(found) > 10


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(a)(?P<b>b)?", "xab"),
        (rb"(a)(?P<b>b)?", b"xab"),
        ("^$", ""),
        ("(?i)AB", "ab"),
    ],
)
def test_it_finds_what_the_compiled_one_finds(pattern: Any, text: Any) -> None:
    lazy, eager = lazy_re.compile(pattern), re.compile(pattern)
    for _ in range(2):
        ours, theirs = lazy.search(text), eager.search(text)
        assert ours is not None
        assert theirs is not None
        assert (ours.span(), ours.groups()) == (theirs.span(), theirs.groups())
        assert lazy.findall(text) == eager.findall(text)
        assert lazy.sub(text, text) == eager.sub(text, text)
        assert lazy.split(text) == eager.split(text)
        assert [m.span() for m in lazy.finditer(text)] == [
            m.span() for m in eager.finditer(text)
        ]
        assert bool(lazy.fullmatch(text)) == bool(eager.fullmatch(text))
    assert (lazy.flags, lazy.pattern) == (eager.flags, eager.pattern)


def test_flags_count() -> None:
    assert lazy_re.compile("a$", re.IGNORECASE | re.MULTILINE).findall("A\na") == [
        "A",
        "a",
    ]


def test_making_one_compiles_nothing() -> None:
    pattern = lazy_re.compile("(")
    assert pattern.pattern == "("
    assert repr(pattern) == "lazy_re.compile('(', 0)"
    copied = copy.copy(pattern)
    with pytest.raises(re.error):
        copied.search("")
    with pytest.raises(AttributeError):
        _ = pattern.no_such_method  # type: ignore[attr-defined]

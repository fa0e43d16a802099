"""Recognises the files in which invented passwords and keys are common."""

from __future__ import annotations

import re

from zt_gate.syntax import paths

_WORD_ENDS = re.compile(rb"[^a-z]+")
#: Words in a path that say that what lies there is used.
_IN_USE = frozenset(
    (b"prod", b"production", b"live", b"deploy", b"deployment", b"release")
)


def is_sample(path: bytes) -> bool:
    """Whether the file is a test, an example or documentation."""
    return paths.is_any(path, "test", "test-data", "example", "doc")


def is_fixture(path: bytes) -> bool:
    """Whether a key in the file is plainly one of a test or an example.

    Documents are none: agents put real keys into Markdown.
    """
    is_test = paths.is_any(path, "test", "test-data", "example")
    if not is_test or paths.is_any(path, "doc"):
        return False
    return _IN_USE.isdisjoint(_WORD_ENDS.split(path.lower()))

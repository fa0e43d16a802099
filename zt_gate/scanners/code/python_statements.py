r"""The top-level statements of a Python file, for what the engine cannot take as a whole.

Python's own parser says where they begin and end; nothing is executed.  Lines
are what stands between two ``\n``, as everywhere in this scanner.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass

# Python's parser takes some hundred bytes of memory for each byte of source.
_MAX_BYTES = 2 * 1024 * 1024

Span = tuple[int, int]
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Statement:
    """The lines of one top-level statement, both inclusive, with its decorators."""

    first: int
    last: int
    is_definition: bool


def statements(text: bytes) -> tuple[Statement, ...] | None:
    """Return the top-level statements in order, None where this Python does not parse the text.

    Statements that share a line are one.
    """
    if len(text) > _MAX_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # As text: what an encoding line says has been heard already.
            tree = ast.parse(text.decode("utf-8", "replace"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: list[Statement] = []
    for node in tree.body:
        first = min(
            [node.lineno, *(at.lineno for at in getattr(node, "decorator_list", ()))]
        )
        last = node.end_lineno or node.lineno
        definition = isinstance(node, _DEFINITIONS)
        if found and first <= found[-1].last:
            before = found.pop()
            first, definition = before.first, definition and before.is_definition
            last = max(last, before.last)
        found.append(Statement(first, last, definition))
    return tuple(found)


def blanked(text: bytes, spans: list[Span]) -> bytes:
    """Return the text with the lines of these spans empty; the other lines keep their numbers."""
    lines = text.split(b"\n")
    for first, last in spans:
        lines[first - 1 : last] = [b""] * (min(last, len(lines)) - first + 1)
    return b"\n".join(lines)


def around(known: tuple[Statement, ...], first: int, last: int) -> list[Span]:
    """Return the statements that these lines touch."""
    return [
        (at.first, at.last) for at in known if at.first <= last and at.last >= first
    ]


def without_definitions(
    known: tuple[Statement, ...], text: bytes, keep: list[Span]
) -> bytes:
    """Return the text with every function and class blank, but for those in ``keep``."""
    spans = [(at.first, at.last) for at in known if at.is_definition]
    return blanked(text, [span for span in spans if span not in keep])

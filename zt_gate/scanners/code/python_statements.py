r"""The top-level statements of a Python file, to inspect parts of it.

Python's own parser locates them; nothing is executed.  Lines are separated by ``\n``
alone, as everywhere in this scanner.
"""

from __future__ import annotations

import ast
import warnings

from zt_gate.record import dataclass

# Python's parser takes some hundred bytes of memory for each byte of source.
_MAX_BYTES = 2 * 1024 * 1024

Span = tuple[int, int]
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Statement:
    """The lines of one statement, both inclusive, with its decorators."""

    first: int
    last: int
    is_definition: bool
    #: The statements in a class.
    children: tuple[Statement, ...] = ()


def statements(text: bytes) -> tuple[Statement, ...] | None:
    """Return the top-level statements in order, None if this Python cannot parse the text.

    Statements on a common line are merged into one.
    """
    if len(text) > _MAX_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # As text: the declared encoding has been decoded already.
            tree = ast.parse(text.decode("utf-8", "replace"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _merged(tree.body)


def _merged(nodes: list[ast.stmt]) -> tuple[Statement, ...]:
    """Return statements; those on a common line are merged into one."""
    merged: list[Statement] = []
    for node in nodes:
        statement = _statement(node)
        if merged and statement.first <= merged[-1].last:
            previous = merged.pop()
            statement = Statement(
                previous.first,
                max(statement.last, previous.last),
                statement.is_definition and previous.is_definition,
            )
        merged.append(statement)
    return tuple(merged)


def _statement(node: ast.stmt) -> Statement:
    decorators = getattr(node, "decorator_list", ())
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    last = node.end_lineno or node.lineno
    children = _merged(node.body) if isinstance(node, ast.ClassDef) else ()
    # A class whose first statement shares its line has no parts of its own.
    if any(child.first <= node.lineno for child in children):
        children = ()
    return Statement(first, last, isinstance(node, _DEFINITIONS), children)


def blanked(text: bytes, spans: list[Span]) -> bytes:
    """Return the text with the lines of these spans blank; line numbers stay the same."""
    lines = text.split(b"\n")
    for first, last in spans:
        lines[first - 1 : last] = [b""] * (min(last, len(lines)) - first + 1)
    return b"\n".join(lines)


def statements_at(
    all_statements: tuple[Statement, ...], first: int, last: int
) -> list[Span]:
    """Return the spans of the statements that overlap these lines."""
    return [
        (statement.first, statement.last)
        for statement in all_statements
        if statement.first <= last and statement.last >= first
    ]


def without_definitions(
    all_statements: tuple[Statement, ...], text: bytes, keep: list[Span]
) -> bytes:
    """Return the text with all functions and classes blank, except those in ``keep``."""
    spans = [
        (statement.first, statement.last)
        for statement in all_statements
        if statement.is_definition
    ]
    return blanked(text, [span for span in spans if span not in keep])

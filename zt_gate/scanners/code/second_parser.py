"""A second parser for JavaScript, TypeScript and Go: tree-sitter with its own grammars.

It locates functions, and it says whether code is valid that the engine cannot parse.  It
is loaded only where one of the two is needed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser

#: Longer texts are not parsed a second time.
MAX_BYTES = 2 * 1024 * 1024


def parse(text: bytes, extension: str) -> Node | None:
    """Return the root of the syntax tree, None without a parser for the extension.

    The tree of an invalid text has nodes for errors: ``has_error`` of the root says so.
    """
    if len(text) > MAX_BYTES:
        return None
    parser = _parser(extension)
    return None if parser is None else parser.parse(text).root_node


@lru_cache(maxsize=8)
def _parser(extension: str) -> Parser | None:
    """Return the parser for files of an extension; None where it is not installed."""
    try:
        from tree_sitter import Language, Parser

        if extension == "go":
            import tree_sitter_go

            grammar = tree_sitter_go.language()
        elif extension in {"ts", "tsx"}:
            import tree_sitter_typescript

            typescript = tree_sitter_typescript
            is_plain = extension == "ts"
            grammar = (
                typescript.language_typescript()
                if is_plain
                else typescript.language_tsx()
            )
        elif extension in {"js", "jsx"}:
            import tree_sitter_javascript

            grammar = tree_sitter_javascript.language()
        else:
            return None
        return Parser(Language(grammar))
    except (ImportError, ValueError):
        return None


def nodes(root: Node, *, depth: int = 1 << 30) -> Iterator[Node]:
    """Yield the nodes of a tree in order, down to a depth."""
    cursor = root.walk()
    level = 0
    while True:
        node = cursor.node
        if node is not None:
            yield node
        if level < depth and cursor.goto_first_child():
            level += 1
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            level -= 1

"""The head of a Markdown file: YAML between the first two ``---`` lines."""

from __future__ import annotations

import re

from zt_gate.syntax import yaml
from zt_gate.syntax.document import (
    DEFAULT_LIMITS,
    Document,
    Limits,
    Node,
    Pair,
    SyntaxReadError,
    Text,
    decode,
)

_HEAD = re.compile(r"---[ \t]*\n((?:.*\n)*?)---[ \t]*(?:\n|\Z)")
_NAME = re.compile(r"[A-Za-z][\w-]{0,60}")


def read(
    data: bytes | str, *, limits: Limits = DEFAULT_LIMITS, utf16: bool = False
) -> Document:
    """Read the head of a Markdown file, an empty table without one; raises SyntaxReadError.

    A head that is not YAML is read line by line: agents' own readers do not
    refuse ``tools: Read, Bash(git:*)`` or a colon in a description.
    """
    content = decode(data, limits, utf16=utf16)
    match = _HEAD.match(content)
    if match is None:
        return Document(content, value={}, root=Node(pairs=[]))
    start = match.start(1)
    # Blanks before it keep its places those of the whole file.
    blanks = " " * (start - 1) + "\n"
    try:
        head = yaml.read(blanks + match[1], limits=limits)
    except SyntaxReadError:
        return _lines(content, match)
    value = head.value if isinstance(head.value, dict) else {}
    return Document(content, value=value, root=head.root, text=Text.of(content))


def _lines(content: str, head: re.Match[str]) -> Document:
    """Read a head as lines of ``name: text``."""
    pairs: list[Pair] = []
    offset = head.start(1)
    for line in head[1].split("\n"):
        start, offset = offset, offset + len(line) + 1
        name, mark, words = line.partition(":")
        if not mark or _NAME.fullmatch(name) is None:
            continue
        bare = words.strip()
        begin = start + len(line) - len(words.lstrip()) if bare else start + len(line)
        key = Node(name, "", start, start + len(name))
        pairs.append((key, Node(bare, "", begin, begin + len(bare))))
    value = {key.value: node.value for key, node in pairs}
    return Document(content, value=value, root=Node("", "", 0, offset, pairs=pairs))

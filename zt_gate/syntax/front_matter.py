"""Reader for the front matter of Markdown: YAML between the first two ``---`` lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
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

if TYPE_CHECKING:
    import re

_FRONT_MATTER = lazy_re.compile(r"---[ \t]*\n((?:.*\n)*?)---[ \t]*(?:\n|\Z)")
_NAME = lazy_re.compile(r"[A-Za-z][\w-]{0,60}")


def read(
    data: bytes | str, *, limits: Limits = DEFAULT_LIMITS, utf16: bool = False
) -> Document:
    """Read the front matter, an empty table for a file without one; raises SyntaxReadError.

    Front matter that is not valid YAML is read line by line: agents accept
    ``tools: Read, Bash(git:*)`` and a colon in a description.
    """
    content = decode(data, limits, utf16=utf16)
    match = _FRONT_MATTER.match(content)
    if match is None:
        return Document(content, value={}, root=Node(pairs=[]))
    start = match.start(1)
    # Blanks in the place of the text before it keep all offsets those of the file.
    blanks = " " * (start - 1) + "\n"
    try:
        front_matter = yaml.read(blanks + match[1], limits=limits)
    except SyntaxReadError:
        return _read_lines(content, match)
    value = front_matter.value if isinstance(front_matter.value, dict) else {}
    text = Text.of(content)
    return Document(content, value=value, root=front_matter.root, text=text)


def _read_lines(content: str, match: re.Match[str]) -> Document:
    """Read front matter as lines of ``name: text``."""
    pairs: list[Pair] = []
    offset = match.start(1)
    for line in match[1].split("\n"):
        start, offset = offset, offset + len(line) + 1
        name, colon, text = line.partition(":")
        if not colon or _NAME.fullmatch(name) is None:
            continue
        stripped = text.strip()
        value_start = start + len(line) - len(text.lstrip())
        key = Node(name, "", start, start + len(name))
        node = Node(stripped, "", value_start, value_start + len(stripped))
        pairs.append((key, node))
    value = {key.value: node.value for key, node in pairs}
    return Document(content, value=value, root=Node("", "", 0, offset, pairs=pairs))

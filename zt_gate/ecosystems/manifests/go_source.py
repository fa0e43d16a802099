"""Go files: the commands of ``go generate``, which may run a package at a version."""

from __future__ import annotations

import re

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import Dependency, Text

_LIMIT = 2 * 1024 * 1024
_MARK = b"//go:generate"
#: A directive begins at the margin, as ``go help generate`` says.
_DIRECTIVE = lazy_re.compile(r"//go:generate[ \t]")
_OTHER_CHARACTER = lazy_re.compile(r"[^\n]", re.DOTALL)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the directives; a file over 2 MB gives nothing."""
    if _MARK not in data or len(data) > _LIMIT:
        return ()
    text = Text.of(data.decode("utf-8", "replace"))
    # All else becomes blank, so that a command keeps its line and its columns.
    lines = [
        " " * len(match[0]) + line[match.end() :]
        if (match := _DIRECTIVE.match(line))
        else _OTHER_CHARACTER.sub(" ", line)
        for line in text.content.split("\n")
    ]
    return tuple(commands.in_text(Text.of("\n".join(lines))))

""".npmrc: the registries that a project configures for npm.

The file names no package.  A registry that a change adds there is another source of
code.
"""

from __future__ import annotations

import re

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    unnamed_entry,
)

_LIMIT = 1024 * 1024
_LINE = lazy_re.compile(
    r"^[ \t]*((?:@[^\s:=]{1,214}:)?registry)[ \t]*=[ \t]*([^\r\n]*)", re.MULTILINE
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Return an index entry for each ``registry`` setting."""
    if len(data) > _LIMIT:
        raise ManifestError(0, ".npmrc is larger than the limit of 1 MB")
    text = Text.of(data.decode("utf-8", "replace"))
    entries: list[Dependency] = []
    for match in _LINE.finditer(text.content):
        url = match[2].strip().strip("\"'")
        if url:
            place = text.place(*match.span(2))
            entries.append(unnamed_entry("npm", Source("index", url), place, match[1]))
    return tuple(entries)

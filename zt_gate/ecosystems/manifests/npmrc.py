""".npmrc: which registry a project tells npm to ask.

It names no package; a registry that a change puts there is one more place
from which code would come.
"""

from __future__ import annotations

import re

from zt_gate.ecosystems.manifests.base import Dependency, ManifestError, Source, Text

_LIMIT = 1024 * 1024
_LINE = re.compile(
    r"^[ \t]*((?:@[^\s:=]{1,214}:)?registry)[ \t]*=[ \t]*([^\r\n]*)", re.MULTILINE
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Return an index entry for each ``registry`` setting."""
    if len(data) > _LIMIT:
        raise ManifestError(0, ".npmrc is larger than the limit of 1 MB")
    text = Text.of(data.decode("utf-8", "replace"))
    return tuple(
        Dependency(
            "npm", "", "", "", Source("index", value), *text.place(*match.span(2)), key
        )
        for match in _LINE.finditer(text.content)
        for key, value in [(match[1], match[2].strip().strip("\"'"))]
        if value
    )

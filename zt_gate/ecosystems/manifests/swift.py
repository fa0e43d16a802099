"""Package.swift: the repositories of a Swift package's dependencies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import references
from zt_gate.ecosystems.manifests.base import Dependency, Text, decode_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 1024 * 1024
_COMMENT = lazy_re.compile(
    r"\"(?:[^\"\\\n]++|\\.)*+\"|//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
)
_PACKAGE = lazy_re.compile(
    r"\.package\([^()\"]{0,200}(?:name:[ \t]*\"[^\"\n]{0,200}\"[ \t\n]*,[ \t\n]*)?"
    r"url:[ \t\n]*\"([^\"\n]{1,500})\"(?=([^\n]{0,300}(?:\n[^\n]{0,300}){0,3}))"
)
_REQUIREMENT = lazy_re.compile(
    r"\b(from|exact|branch|revision|upToNextMajor|upToNextMinor)\b[^\"\n]{0,60}\"([^\"\n]{1,200})\""
    r"|\"([^\"\n]{1,100})\"[ \t]*\.\."
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every ``.package(url: …)``."""
    content = _COMMENT.sub(_blank, decode_manifest(data, _LIMIT, "Package.swift"))
    text = Text.of(content)
    return tuple(_packages(text))


def _packages(text: Text) -> Iterator[Dependency]:
    for match in _PACKAGE.finditer(text.content):
        # The next package's requirement is not this one's.
        rest = match[2].partition(".package(")[0]
        requirement = _REQUIREMENT.search(rest)
        version = ""
        if requirement is not None:
            kind, value = requirement[1] or "", requirement[2] or requirement[3]
            version = f"branch:{value}" if kind == "branch" else value
        place = text.place(*match.span(1))
        entry = references.repository(match[1], place, "dependencies", version, "swift")
        if entry is not None:
            yield entry


def _blank(match: re.Match[str]) -> str:
    """Return a string as it is, a comment as blanks."""
    token = match[0]
    return token if token[0] == '"' else re.sub(r"[^\n]", " ", token)

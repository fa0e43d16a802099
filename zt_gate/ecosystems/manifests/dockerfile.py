"""Dockerfiles: what ``RUN`` and the other running instructions install."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import Dependency, Text
from zt_gate.syntax import json
from zt_gate.syntax.document import SyntaxReadError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 1024 * 1024
_RUN = re.compile(
    r"[ \t]*(?:ONBUILD[ \t]+)?(?:RUN|CMD|ENTRYPOINT|HEALTHCHECK)[ \t]+", re.IGNORECASE
)
_FLAGS = re.compile(r"(?:--[a-z]+(?:=\S{1,300})?[ \t]+){1,8}")
_HEREDOC = re.compile(r"<<-?[ \t]*['\"]?(\w{1,50})['\"]?")
_LINE = re.compile(r"[^\n]*(?:\n|\Z)")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read instruction by instruction."""
    if len(data) > _LIMIT:
        return ()
    text = Text.of(data.decode("utf-8", "replace").replace("\r\n", "\n"))
    found: list[Dependency] = []
    for start, end in _instructions(text.content):
        found += _instruction(text, start, end)
    return tuple(found)


def _instructions(content: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of running instructions, with continued lines and here-documents."""
    at = 0
    while at < len(content):
        match = _RUN.match(content, at)
        end = _end(content, at)
        if match is not None:
            yield match.end(), end
        at = end


def _end(content: str, at: int) -> int:
    heredoc = ""
    while at < len(content):
        match = _LINE.match(content, at)
        line = match[0] if match else ""
        at += max(1, len(line))
        stripped = line.strip()
        if heredoc:
            if stripped == heredoc:
                return at
            continue
        mark = _HEREDOC.search(line)
        if mark is not None:
            heredoc = mark[1]
        elif not (stripped.endswith(("\\", "`")) or stripped.startswith("#")):
            return at
    return at


def _instruction(text: Text, start: int, end: int) -> list[Dependency]:
    flags = _FLAGS.match(text.content, start, end)
    begin = flags.end() if flags else start
    body = text.content[begin:end]
    if body.lstrip().startswith("["):
        words = _words(body)
        if words:
            return commands.in_words(words, text.place(begin, end))
    # A comment between continued lines belongs to nothing.
    plain = re.sub(
        r"^[ \t]*#[^\n]*\n",
        lambda match: " " * (len(match[0]) - 2) + "\\\n",
        body,
        flags=re.MULTILINE,
    )
    hits = commands.in_span(plain)
    return [
        hit.to_dependency(text.place(begin + hit.start, begin + hit.end))
        for hit in hits
    ]


def _words(body: str) -> list[str | None]:
    try:
        value = json.read(body).value
    except SyntaxReadError:
        return []
    return [str(word) for word in value] if isinstance(value, list) else []

"""Dockerfiles: images, and packages that ``RUN`` and other instructions install."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import commands, references
from zt_gate.ecosystems.manifests.base import Dependency, Text
from zt_gate.syntax import json
from zt_gate.syntax.document import SyntaxReadError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 1024 * 1024
_RUN = lazy_re.compile(
    r"[ \t]*(?:ONBUILD[ \t]+)?(?:RUN|CMD|ENTRYPOINT|HEALTHCHECK)[ \t]+", re.IGNORECASE
)
_FROM = lazy_re.compile(
    r"^[ \t]*FROM[ \t]+(?:--platform=\S{1,100}[ \t]+)?(\S{1,400})(?:[ \t]+AS[ \t]+(\S{1,100}))?",
    re.IGNORECASE | re.MULTILINE,
)
_COPY_FROM = lazy_re.compile(
    r"^[ \t]*(?:COPY|ADD|RUN)[ \t][^\n]{0,300}?\bfrom=([^\s,]{1,400})",
    re.IGNORECASE | re.MULTILINE,
)
_SYNTAX = lazy_re.compile(r"\A#[ \t]*syntax[ \t]*=[ \t]*(\S{1,300})")
_ARGUMENT = lazy_re.compile(
    r"^[ \t]*ARG[ \t]+(\w{1,100})=[\"']?([^\s\"']{0,300})", re.IGNORECASE | re.MULTILINE
)
_VARIABLE = lazy_re.compile(r"\$(?:\{(\w{1,100})(?::?-([^}]{0,200}))?\}|(\w{1,100}))")
_FLAGS = lazy_re.compile(r"(?:--[a-z]+(?:=\S{1,300})?[ \t]+){1,8}")
_HEREDOC = lazy_re.compile(r"<<-?[ \t]*['\"]?(\w{1,50})['\"]?")
_LINE = lazy_re.compile(r"[^\n]*(?:\n|\Z)")
_COMMENT_LINE = lazy_re.compile(r"^[ \t]*#[^\n]*\n", re.MULTILINE)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read instruction by instruction; a file over 1 MB gives nothing."""
    if len(data) > _LIMIT:
        return ()
    text = Text.of(data.decode("utf-8", "replace").replace("\r\n", "\n"))
    dependencies = list(_images(text))
    for start, end in _instructions(text.content):
        dependencies += _instruction(text, start, end)
    return tuple(dependencies)


def _images(text: Text) -> Iterator[Dependency]:
    """Yield the images that the file builds on or copies from, not its own stages."""
    content = text.content
    arguments = {match[1]: match[2] for match in _ARGUMENT.finditer(content)}
    stages: set[str] = set()
    spans: list[tuple[str, tuple[int, int]]] = []
    syntax = _SYNTAX.match(content)
    if syntax is not None:
        spans.append((syntax[1], syntax.span(1)))
    for match in _FROM.finditer(content):
        if match[1].lower() not in stages:
            spans.append((match[1], match.span(1)))
        if match[2]:
            stages.add(match[2].lower())
    for match in _COPY_FROM.finditer(content):
        is_stage = match[1].lower() in stages or match[1].isdigit()
        if not is_stage:
            spans.append((match[1], match.span(1)))
    for written, span in spans:
        value = _VARIABLE.sub(lambda found: _argument(found, arguments), written)
        entry = references.image(value, text.place(*span), "FROM")
        if entry is not None and entry.name.lower() not in stages:
            yield entry


def _argument(match: re.Match[str], arguments: dict[str, str]) -> str:
    """Return the default value of a build argument, the variable itself without one."""
    name = match[1] or match[3]
    return arguments.get(name) or match[2] or match[0]


def _instructions(content: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the commands, with continued lines and here-documents."""
    offset = 0
    while offset < len(content):
        match = _RUN.match(content, offset)
        end = _instruction_end(content, offset)
        if match is not None:
            yield match.end(), end
        offset = end


def _instruction_end(content: str, offset: int) -> int:
    """Return the offset after the last line of the instruction that starts here."""
    heredoc_delimiter = ""
    while offset < len(content):
        match = _LINE.match(content, offset)
        line = match[0] if match else ""
        offset += max(1, len(line))
        stripped = line.strip()
        if heredoc_delimiter:
            if stripped == heredoc_delimiter:
                return offset
            continue
        heredoc = _HEREDOC.search(line)
        if heredoc is not None:
            heredoc_delimiter = heredoc[1]
            continue
        continues = stripped.endswith(("\\", "`")) or stripped.startswith("#")
        if not continues:
            return offset
    return offset


def _instruction(text: Text, start: int, end: int) -> list[Dependency]:
    flags = _FLAGS.match(text.content, start, end)
    begin = flags.end() if flags else start
    body = text.content[begin:end]
    if body.lstrip().startswith("["):
        words = _exec_form(body)
        if words:
            return commands.in_words(words, text.place(begin, end))
    shell_text = _COMMENT_LINE.sub(_continuation, body)
    return [
        package.to_dependency(text.place(begin + package.start, begin + package.end))
        for package in commands.in_span(shell_text)
    ]


def _continuation(comment: re.Match[str]) -> str:
    """Return a continued blank line of the same length in place of a comment line."""
    return " " * (len(comment[0]) - 2) + "\\\n"


def _exec_form(body: str) -> list[str | None]:
    """Return the words of a command that is written as a JSON list, [] for other text."""
    try:
        value = json.read(body).value
    except SyntaxReadError:
        return []
    if not isinstance(value, list):
        return []
    return [str(word) for word in value]

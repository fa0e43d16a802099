"""Terraform and OpenTofu: required providers, and the sources of modules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import references
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    Text,
    decode_manifest,
    unnamed_entry,
    valid_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 2 * 1024 * 1024
_TOKEN = lazy_re.compile(
    r"\"(?:[^\"\\\n]++|\\.)*+\"|(?:\#|//)[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?|[{}]"
)
_MODULE = lazy_re.compile(r"(?m)^[ \t]*module[ \t]+\"[^\"\n]{0,200}\"[ \t]*\{")
_PROVIDERS = lazy_re.compile(r"(?m)^[ \t]*required_providers[ \t]*\{")
_SOURCE = lazy_re.compile(
    r"(?m)(?:^|[{,])[ \t]*source[ \t]*=[ \t]*\"([^\"\n]{1,500})\""
)
_VERSION = lazy_re.compile(
    r"(?m)(?:^|[{,])[ \t]*version[ \t]*=[ \t]*\"([^\"\n]{1,200})\""
)
_PROVIDER = lazy_re.compile(
    r"(?m)^[ \t]*([A-Za-z0-9_-]{1,100})[ \t]*=[ \t]*(?:\"([^\"\n]{0,200})\"|(\{))"
)
_REF = lazy_re.compile(r"[?&]ref=([^&\s]{1,200})")
_GIT = ("git::", "git@", "github.com/", "bitbucket.org/", "gitlab.com/")
_ADDRESS = ("http://", "https://", "s3::", "gcs::", "hg::")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the blocks of providers and modules."""
    content, ends = _blocks(decode_manifest(data, _LIMIT, "Terraform file"))
    text = Text.of(content)
    dependencies: list[Dependency] = []
    for match in _PROVIDERS.finditer(content):
        end = ends.get(match.end() - 1, len(content))
        dependencies += _providers(text, match.end(), end, ends)
    for match in _MODULE.finditer(content):
        end = ends.get(match.end() - 1, len(content))
        dependencies += _module(text, match.end(), end)
    return tuple(dependencies)


def _blocks(content: str) -> tuple[str, dict[int, int]]:
    """Return the text with blanks for its comments, and where each brace is closed."""
    ends: dict[int, int] = {}
    open_braces: list[int] = []
    parts: list[str] = []
    last = 0
    for match in _TOKEN.finditer(content):
        lexeme = match[0]
        if lexeme == "{":
            open_braces.append(match.start())
        elif lexeme == "}" and open_braces:
            ends[open_braces.pop()] = match.start()
        elif lexeme[0] in "#/":
            parts += (content[last : match.start()], re.sub(r"[^\n]", " ", lexeme))
            last = match.end()
    parts.append(content[last:])
    return "".join(parts), ends


def _providers(
    text: Text, start: int, end: int, ends: dict[int, int]
) -> Iterator[Dependency]:
    position = start
    while (match := _PROVIDER.search(text.content, position, end)) is not None:
        position = match.end()
        name, version, span = f"hashicorp/{match[1]}", match[2] or "", match.span(1)
        if match[3]:
            position = min(ends.get(match.end() - 1, end), end)
            source = _SOURCE.search(text.content, match.end() - 1, position)
            if source is not None:
                name, span = source[1], source.span(1)
            constraint = _VERSION.search(text.content, match.end() - 1, position)
            version = constraint[1] if constraint else ""
        if "terraform.io/builtin/" not in name:
            place = text.place(*span)
            yield references.reference("terraform", name, place, "providers", version)


def _module(text: Text, start: int, end: int) -> Iterator[Dependency]:
    source = _SOURCE.search(text.content, start, end)
    if source is None or source[1].startswith((".", "/")):
        return
    written, place = source[1], text.place(*source.span(1))
    if written.startswith(_GIT) or ".git" in written:
        ref = _REF.search(written)
        entry = references.repository(
            written.partition("?")[0], place, "module", ref[1] if ref else ""
        )
        if entry is not None:
            yield entry
    elif written.startswith(_ADDRESS):
        yield unnamed_entry("terraform", Source("url", written), place, "module")
    else:
        version = _VERSION.search(text.content, start, end)
        name = written.partition("//")[0]
        if valid_name("terraform", name):
            constraint = version[1] if version else ""
            yield references.reference("terraform", name, place, "module", constraint)

"""flake.nix: the inputs of a Nix flake, which flake.lock pins."""

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
    r"\"(?:[^\"\\]++|\\.)*+\"|\#[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
)
_URL = lazy_re.compile(r"\burl[ \t\n]*=[ \t\n]*\"([^\"\n]{1,500})\"")
_FORGE = lazy_re.compile(
    r"(github|gitlab|sourcehut):(~?[\w.-]{1,100}/[\w.-]{1,100})(?:/([^?\s]{1,200}))?"
)
_HOSTS = {"github": "github.com", "gitlab": "gitlab.com", "sourcehut": "git.sr.ht"}
_LOCAL = ("path:", ".", "/", "git+file:", "flake:")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every address of an input."""
    content = _COMMENT.sub(_blank, decode_manifest(data, _LIMIT, "flake.nix"))
    text = Text.of(content)
    # Addresses after the outputs belong to packages that the flake builds.
    outputs = content.find("outputs")
    end = outputs if outputs > 0 and "inputs" in content[:outputs] else len(content)
    return tuple(_inputs(text, end))


def _inputs(text: Text, end: int) -> Iterator[Dependency]:
    for match in _URL.finditer(text.content, 0, end):
        written, place = match[1], text.place(*match.span(1))
        if written.startswith(_LOCAL):
            continue
        forge = _FORGE.match(written)
        if forge is not None:
            name, ref = f"{_HOSTS[forge[1]]}/{forge[2]}", forge[3] or ""
            yield references.reference("nix", name, place, "inputs", ref)
            continue
        entry = references.repository(
            written.partition("?")[0], place, "inputs", "", "nix"
        )
        if entry is not None:
            yield entry


def _blank(match: re.Match[str]) -> str:
    """Return a string as it is, a comment as blanks."""
    token = match[0]
    return token if token[0] == '"' else re.sub(r"[^\n]", " ", token)

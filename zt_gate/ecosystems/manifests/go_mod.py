"""go.mod: what is required, replaced, and run as a tool."""

from __future__ import annotations

import re

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    decode_manifest,
    make_dependency,
)

_LIMIT = 4 * 1024 * 1024
_DIRECTIVES = frozenset(
    ("module", "go", "toolchain", "require", "replace", "exclude", "retract", "tool", "godebug",
     "ignore")
)  # fmt: skip
_WORD = re.compile(r'"([^"\n]*)"|`([^`\n]*)`|[^\s"`]+')


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read line by line; a block's lines read as if its directive stood before them."""
    text = Text.of(decode_manifest(data, _LIMIT, "go.mod"))
    found: list[Dependency] = []
    block = ""
    offset = 0
    for number, line in enumerate(text.content.split("\n"), 1):
        start, offset = offset, offset + len(line) + 1
        code, _, comment = line.partition("//")
        words = list(_WORD.finditer(code))
        if not words:
            continue
        first = words[0][0]
        if first == ")" and block:
            block = ""
            continue
        directive = block or first
        if directive not in _DIRECTIVES:
            raise ManifestError(number, "not a valid go.mod line")
        rest = words if block else words[1:]
        if rest and rest[0][0] == "(":
            block = first
            continue
        found += _entries(
            text, directive, rest, start, direct="indirect" not in comment
        )
    return tuple(found)


def _entries(
    text: Text, directive: str, words: list[re.Match[str]], start: int, *, direct: bool
) -> list[Dependency]:
    if directive == "module" and words:
        name = _value(words[0])
        place = text.place(start + words[0].start(), start + words[0].end())
        return [Dependency("golang", name, name, "", Source("self"), *place, directive)]
    if directive == "replace":
        at = next((n for n, word in enumerate(words) if word[0] == "=>"), len(words))
        words = words[at + 1 :]
    elif directive not in {"require", "tool"}:
        return []
    if not words:
        raise ManifestError(text.place(start, start)[0], f"{directive} names no module")
    name = _value(words[0])
    place = text.place(start + words[0].start(), start + words[0].end())
    if name.startswith(("./", "../", "/")):
        return [
            Dependency("golang", "", "", "", Source("path", name), *place, directive)
        ]
    version = _value(words[1]) if len(words) > 1 else ""
    return [make_dependency("golang", name, place, directive, version, direct=direct)]


def _value(word: re.Match[str]) -> str:
    return word[1] or word[2] or word[0]

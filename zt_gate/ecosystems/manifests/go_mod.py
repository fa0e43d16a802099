"""go.mod: required and replaced modules, and modules that are run as tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    decode_manifest,
    make_dependency,
    own_name,
    unnamed_entry,
)

if TYPE_CHECKING:
    import re

    from zt_gate.ecosystems.manifests.base import Place

_LIMIT = 4 * 1024 * 1024
_DIRECTIVES = frozenset(
    ("module", "go", "toolchain", "require", "replace", "exclude", "retract", "tool", "godebug",
     "ignore")
)  # fmt: skip
_WORD = lazy_re.compile(r'"([^"\n]*)"|`([^`\n]*)`|[^\s"`]+')


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read line by line; each line of a block is read with the block's directive."""
    text = Text.of(decode_manifest(data, _LIMIT, "go.mod"))
    dependencies: list[Dependency] = []
    block = ""
    offset = 0
    for number, line in enumerate(text.content.split("\n"), 1):
        line_start = offset
        offset += len(line) + 1
        code, _, comment = line.partition("//")
        words = list(_WORD.finditer(code))
        if not words:
            continue
        first = words[0][0]
        if block and first == ")":
            block = ""
            continue
        directive = block or first
        if directive not in _DIRECTIVES:
            raise ManifestError(number, "not a valid go.mod line")
        arguments = words if block else words[1:]
        if arguments and arguments[0][0] == "(":
            block = first
            continue
        is_direct = "indirect" not in comment
        dependencies += _entries(
            text, directive, arguments, line_start, direct=is_direct
        )
    return tuple(dependencies)


def _entries(
    text: Text,
    directive: str,
    words: list[re.Match[str]],
    line_start: int,
    *,
    direct: bool,
) -> list[Dependency]:
    if directive == "module" and words:
        name = _value(words[0])
        return [own_name("golang", name, _place(text, words[0], line_start), directive)]
    if directive == "replace":
        words = _replacement(words)
    elif directive not in {"require", "tool"}:
        return []
    if not words:
        raise ManifestError(text.line(line_start), f"{directive} names no module")
    name = _value(words[0])
    place = _place(text, words[0], line_start)
    if name.startswith(("./", "../", "/")):
        return [unnamed_entry("golang", Source("path", name), place, directive)]
    version = _value(words[1]) if len(words) > 1 else ""
    return [make_dependency("golang", name, place, directive, version, direct=direct)]


def _replacement(words: list[re.Match[str]]) -> list[re.Match[str]]:
    """Return the words after the arrow of a replace directive."""
    for number, word in enumerate(words):
        if word[0] == "=>":
            return words[number + 1 :]
    return []


def _place(text: Text, word: re.Match[str], line_start: int) -> Place:
    return text.place(line_start + word.start(), line_start + word.end())


def _value(word: re.Match[str]) -> str:
    """Return a word without its quotes."""
    return word[1] or word[2] or word[0]

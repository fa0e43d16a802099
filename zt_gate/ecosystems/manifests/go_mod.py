"""go.mod and go.work: required and replaced modules, and modules that are run as tools."""

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
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Place

_LIMIT = 4 * 1024 * 1024
_DIRECTIVES = frozenset(
    ("module", "go", "toolchain", "require", "replace", "exclude", "retract", "tool", "godebug",
     "ignore", "use")
)  # fmt: skip
_WORD = lazy_re.compile(r'"([^"\n]*)"|`([^`\n]*)`|[^\s"`]+')


@dataclass(frozen=True, slots=True)
class Directive:
    """One line of a directive: its arguments without quotes, and their places."""

    name: str
    words: tuple[str, ...]
    places: tuple[Place, ...]
    line: int
    direct: bool


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read line by line; each line of a block is read with the block's directive."""
    lines = directives(data)
    required = {
        line.words[0] for line in lines if line.name == "require" and line.words
    }
    dependencies: list[Dependency] = []
    for line in lines:
        dependencies += _entries(line, required)
    return tuple(dependencies)


def directives(data: bytes) -> tuple[Directive, ...]:
    """Return the lines of all directives; raises ManifestError."""
    return tuple(_directives(Text.of(decode_manifest(data, _LIMIT, "go.mod"))))


def _directives(text: Text) -> Iterator[Directive]:
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
        yield Directive(
            directive,
            tuple(word[1] or word[2] or word[0] for word in arguments),
            tuple(
                text.place(line_start + word.start(), line_start + word.end())
                for word in arguments
            ),
            number,
            direct="indirect" not in comment,
        )


def _entries(line: Directive, required: set[str]) -> list[Dependency]:
    words, places = line.words, line.places
    if line.name == "module" and words:
        return [own_name("golang", words[0], places[0], line.name)]
    if line.name == "replace":
        arrow = words.index("=>") + 1 if "=>" in words else len(words)
        words, places = words[arrow:], places[arrow:]
    elif line.name not in {"require", "tool"}:
        return []
    if not words:
        raise ManifestError(line.line, f"{line.name} names no module")
    name = words[0]
    if name.startswith(("./", "../", "/")) or name in {".", ".."}:
        return [unnamed_entry("golang", Source("path", name), places[0], line.name)]
    if line.name == "tool" and _has_module(name, required):
        return []  # a package of a module that a require line names
    version = words[1] if len(words) > 1 else ""
    return [
        make_dependency(
            "golang", name, places[0], line.name, version, direct=line.direct
        )
    ]


def _has_module(package: str, modules: set[str]) -> bool:
    """Return whether one of the modules can hold a package."""
    parts = package.split("/")
    return any("/".join(parts[:size]) in modules for size in range(1, len(parts) + 1))

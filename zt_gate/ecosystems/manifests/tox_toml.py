"""tox.toml, and tox's tables in pyproject.toml: what its environments install."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests import commands, requirements
from zt_gate.ecosystems.manifests.base import Dependency, ManifestError, parse_manifest
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document, Path

_COMMANDS = ("commands", "commands_pre", "commands_post", "extra_setup_commands")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every environment."""
    from zt_gate.syntax import toml

    document = parse_manifest(toml.read, data)
    return tuple(entries(document, document.value, ()))


def entries(document: Document, tables: Any, path: Path) -> Iterator[Dependency]:
    """Yield what tox installs by the tables at a path of a document."""
    if not isinstance(tables, dict):
        return
    yield from _requirements(document, tables.get("requires"), (*path, "requires"))
    environments: list[tuple[str, ...]] = [("env_run_base",), ("env_pkg_base",)]
    named = tables.get("env")
    if isinstance(named, dict):
        environments += [("env", name) for name in named]
    for keys in environments:
        table: Any = tables
        for key in keys:
            table = table.get(key)
        if isinstance(table, dict):
            yield from _environment(document, table, (*path, *keys))


def _environment(
    document: Document, table: dict[str, Any], path: Path
) -> Iterator[Dependency]:
    yield from _requirements(document, table.get("deps"), (*path, "deps"))
    for key in _COMMANDS:
        words_of_commands = table.get(key)
        if not isinstance(words_of_commands, list):
            continue
        for number, words in enumerate(words_of_commands):
            if isinstance(words, list):
                place = document.place((*path, key, number))
                values = [word if isinstance(word, str) else None for word in words]
                yield from commands.in_words(values, place)


def _requirements(document: Document, value: Any, path: Path) -> Iterator[Dependency]:
    """Yield the requirements of a list, of tox's tables in it, or of a text."""
    if isinstance(value, str):
        place = document.place(path)
        for line in value.splitlines():
            yield from _requirement(line, place, str(path[-1]))
    elif isinstance(value, dict):
        yield from _requirements(document, value.get("default"), (*path, "default"))
        yield from _requirements(document, value.get("then"), (*path, "then"))
        yield from _requirements(document, value.get("else"), (*path, "else"))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _requirements(document, item, (*path, number))


def _requirement(
    written: str, place: tuple[int, int, int], section: str
) -> Iterator[Dependency]:
    if "{" in written:
        return  # a substitution that only tox expands
    line, column, end_column = place
    try:
        found = requirements.line_entries(written, line)
    except ManifestError as error:
        raise ManifestError(line, error.reason, error.kind) from error
    for entry in found:
        yield replace(
            entry, line=line, column=column, end_column=end_column, section=section
        )

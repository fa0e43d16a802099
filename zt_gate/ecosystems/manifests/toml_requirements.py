"""Requirements and commands in TOML tables, by patterns of paths: pyproject, hatch, pixi."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests import commands, pep508
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    make_dependency,
    quoted,
    valid_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.ecosystems.manifests.base import Place
    from zt_gate.syntax.document import Document, Path

_COMMAND_KEYS = ("cmd", "shell", "sequence", "composite", "chain")


def requirement_lists(
    document: Document, patterns: tuple[tuple[str, ...], ...]
) -> Iterator[Dependency]:
    """Yield the requirements of all lists that match a pattern; a text counts as one each."""
    for path, value in matching(document.value, patterns):
        if isinstance(value, str):
            for written in value.split():
                yield _requirement(written, document.place(path), dotted(path))
        else:
            yield from _requirement_list(document, path, value)


def command_entries(
    document: Document, patterns: tuple[tuple[str, ...], ...]
) -> Iterator[Dependency]:
    """Yield what the commands install that match a pattern."""
    for path, value in matching(document.value, patterns):
        yield from _commands(document, path, value)


def _commands(document: Document, path: Path, value: object) -> Iterator[Dependency]:
    if isinstance(value, str):
        yield from commands.in_string(value, document.place(path))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _commands(document, (*path, number), item)
    elif isinstance(value, dict):
        for key in _COMMAND_KEYS:
            if key in value:
                yield from _commands(document, (*path, key), value[key])


def matching(
    data: Mapping[str, Any], patterns: tuple[tuple[str, ...], ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the paths that match one of the patterns, with their values."""
    for pattern in patterns:
        yield from walk(data, pattern, ())


def walk(
    value: object, pattern: tuple[str, ...], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the paths below ``path`` that match a pattern, with their values."""
    if not pattern:
        yield path, value
        return
    if not isinstance(value, dict):
        return
    first, remainder = pattern[0], pattern[1:]
    if first == "*":
        for key, inner in value.items():
            yield from walk(inner, remainder, (*path, key))
    elif first in value:
        yield from walk(value[first], remainder, (*path, first))


def dotted(path: Path) -> str:
    """Return a path as a section name: its keys joined by dots."""
    return ".".join(part for part in path if isinstance(part, str))


def _requirement_list(
    document: Document, path: Path, value: object
) -> Iterator[Dependency]:
    section = dotted(path)
    if not isinstance(value, list):
        raise ManifestError(0, f"{quoted(section)} is not a list")
    for number, item in enumerate(value):
        is_table = isinstance(item, dict)
        if is_table and section.startswith("dependency-groups."):
            continue  # include-group: the included group is read as a group itself
        # uv's build dependencies may be tables.
        item_path: Path = (*path, number, *(("requirement",) if is_table else ()))
        requirement = item.get("requirement") if is_table else item
        if not isinstance(requirement, str):
            raise ManifestError(0, f"an entry of {quoted(section)} is not a string")
        yield _requirement(requirement, document.place(item_path), section)


def _requirement(written: str, place: Place, section: str) -> Dependency:
    line, start, end = place
    text = written.removeprefix("-e ").strip()
    name, key, constraint, source = pep508.parse(text, line)
    # A string without escapes: its width is its length and two quotes.
    is_literal = end - start == len(written) + 2
    if name and written.startswith(name) and is_literal:
        place = (line, start + 1, start + 1 + len(name))
    return Dependency("pypi", name, key, constraint, source, *place, section)


def requirement_table(
    document: Document, path: Path, value: object, indexes: Mapping[str, str]
) -> Iterator[Dependency]:
    """Yield the entries of a table of names with their requirements."""
    section = dotted(path)
    if not isinstance(value, dict):
        raise ManifestError(0, f"{quoted(section)} is not a table")
    for name, requirement in value.items():
        if name.lower() == "python" and "poetry" in section:
            continue
        place = document.key_place((*path, name))
        if not valid_name("pypi", name):
            raise ManifestError(
                place[0], f"{quoted(name)} is not a valid project name (PEP 508)"
            )
        alternatives = requirement if isinstance(requirement, list) else [requirement]
        for alternative in alternatives:
            constraint, source = _poetry(alternative, place[0], indexes)
            yield make_dependency("pypi", name, place, section, constraint, source)


def _poetry(value: object, line: int, indexes: Mapping[str, str]) -> tuple[str, Source]:
    """Return the constraint and source of one requirement in poetry's or pdm's form."""
    if isinstance(value, str):
        is_address = "://" in value or value.startswith(("file:", "git+"))
        return ("", pep508.source_of(value)) if is_address else (value, Source())
    if not isinstance(value, dict):
        raise ManifestError(line, "dependency is neither a string nor a table")
    return str(value.get("version", "")), table_source(value, indexes) or Source()


def table_source(value: Mapping[str, Any], indexes: Mapping[str, str]) -> Source | None:
    """Return the source that a table of poetry, uv or pipenv names, None for the registry.

    ``indexes`` maps the names of the file's own indexes to their URLs.
    """
    for key in ("git", "hg", "svn"):
        if key in value:
            return Source("vcs", str(value[key]))
    if "url" in value:
        return Source("url", str(value["url"]))
    for key in ("path", "file"):
        if key in value:
            return Source("path", str(value[key]))
    if value.get("workspace"):
        return Source("path", ".")
    name = str(value.get("index") or value.get("source") or "")
    if not name or (name.lower() == "pypi" and name not in indexes):
        return None
    return Source("index", indexes.get(name, name))

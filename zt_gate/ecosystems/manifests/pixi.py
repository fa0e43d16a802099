"""pixi.toml, and pixi's tables in pyproject.toml: packages of PyPI and of conda."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import commands, references, toml_requirements
from zt_gate.ecosystems.manifests.base import Dependency, parse_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document, Path

_CONDA_TABLES = (
    "dependencies",
    "host-dependencies",
    "build-dependencies",
    "run-dependencies",
)
#: Tables in which pixi has lists of packages: the workspace's own, features and targets.
PLACES: tuple[tuple[str, ...], ...] = (
    (),
    ("feature", "*"),
    ("target", "*"),
    ("feature", "*", "target", "*"),
    ("package",),
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every table of packages, and the commands of tasks."""
    from zt_gate.syntax import toml

    return tuple(entries(parse_manifest(toml.read, data), ()))


def entries(document: Document, prefix: tuple[str, ...]) -> Iterator[Dependency]:
    """Yield what pixi installs by the tables below a path of a document."""
    tables = tuple((*prefix, *keys, "pypi-dependencies") for keys in PLACES)
    for path, value in toml_requirements.matching(document.value, tables):
        yield from toml_requirements.requirement_table(document, path, value, {})
    conda_tables = tuple(
        (*prefix, *keys, table) for keys in PLACES for table in _CONDA_TABLES
    )
    for path, value in toml_requirements.matching(document.value, conda_tables):
        for name in value if isinstance(value, dict) else ():
            if name not in {"python", "pip"} and isinstance(value[name], str | dict):
                yield references.reference(
                    "conda", name, document.key_place((*path, name)), path[-1]
                )
    tasks = tuple(
        (*prefix, *keys, "tasks", "*", *command)
        for keys in PLACES
        for command in ((), ("cmd",))
    )
    for path, value in toml_requirements.matching(document.value, tasks):
        yield from _command(document, path, value)


def _command(document: Document, path: Path, value: object) -> Iterator[Dependency]:
    if isinstance(value, str):
        yield from commands.in_string(value, document.place(path))
    elif isinstance(value, list):
        words = [word if isinstance(word, str) else None for word in value]
        yield from commands.in_words(words, document.place(path))

"""pyproject.toml: PEP 621, 735 and 518, and the tables of poetry, pdm, hatch, uv and flit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    normalise,
    own_name,
    parse_manifest,
    unnamed_entry,
    valid_name,
)
from zt_gate.ecosystems.manifests.toml_requirements import (
    command_entries,
    dotted,
    matching,
    requirement_lists,
    requirement_table,
    table_source,
    walk,
)
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.syntax.document import Document, Path

#: Lists of requirements, by path; "*" stands for every key of a table.
LISTS = (
    ("build-system", "requires"),
    ("project", "dependencies"),
    ("project", "optional-dependencies", "*"),
    ("dependency-groups", "*"),
    ("tool", "uv", "dev-dependencies"),
    ("tool", "uv", "constraint-dependencies"),
    ("tool", "uv", "override-dependencies"),
    ("tool", "uv", "build-constraint-dependencies"),
    ("tool", "uv", "extra-build-dependencies", "*"),
    ("tool", "pdm", "dev-dependencies", "*"),
    ("tool", "hatch", "envs", "*", "dependencies"),
    ("tool", "hatch", "envs", "*", "extra-dependencies"),
    ("tool", "hatch", "build", "dependencies"),
    ("tool", "hatch", "build", "hooks", "*", "dependencies"),
    ("tool", "hatch", "build", "targets", "*", "dependencies"),
    ("tool", "hatch", "build", "targets", "*", "hooks", "*", "dependencies"),
    ("tool", "hatch", "env", "requires"),
    ("tool", "hatch", "metadata", "hooks", "*", "dependencies"),
    ("tool", "hatch", "metadata", "hooks", "*", "optional-dependencies", "*"),
    ("tool", "cibuildwheel", "test-requires"),
    ("tool", "cibuildwheel", "*", "test-requires"),
    ("tool", "flit", "metadata", "requires"),
    ("tool", "flit", "metadata", "requires-extra", "*"),
)
#: Texts that a shell runs, lists of such texts, and tables of either.
COMMANDS = (
    ("tool", "hatch", "envs", "*", "scripts", "*"),
    ("tool", "hatch", "envs", "*", "pre-install-commands"),
    ("tool", "hatch", "envs", "*", "post-install-commands"),
    ("tool", "pdm", "scripts", "*"),
    ("tool", "poe", "tasks", "*"),
    ("tool", "taskipy", "tasks", "*"),
    ("tool", "rye", "scripts", "*"),
    *(
        ("tool", "cibuildwheel", *platform, f"before-{step}")
        for platform in ((), ("*",))
        for step in ("all", "build", "test")
    ),
)
# Tables of name = constraint.
_TABLES = (
    ("tool", "poetry", "dependencies"),
    ("tool", "poetry", "dev-dependencies"),
    ("tool", "poetry", "group", "*", "dependencies"),
    ("tool", "poetry", "requires-plugins"),
    ("tool", "pdm", "overrides"),
    ("tool", "pdm", "resolution", "overrides"),
)
# Tables with a ``url``, and plain settings, that name an index.
_INDEX_TABLES = (
    ("tool", "uv", "index"),
    ("tool", "poetry", "source"),
    ("tool", "pdm", "source"),
)
_INDEX_KEYS = ("index-url", "extra-index-url", "find-links")
_NAMES = (("project", "name"), ("tool", "poetry", "name"))
_DYNAMIC = (
    ("tool", "setuptools", "dynamic", "dependencies"),
    ("tool", "setuptools", "dynamic", "optional-dependencies", "*"),
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every table from which an installer takes dependencies."""
    from zt_gate.syntax import toml

    document = parse_manifest(toml.read, data)
    indexes = dict(_named_indexes(document.value))
    dependencies = [
        *_own_names(document),
        *_index_entries(document),
        *_includes(document),
    ]
    dependencies += requirement_lists(document, LISTS)
    dependencies += command_entries(document, COMMANDS)
    for path_of_table, value in matching(document.value, _TABLES):
        dependencies += requirement_table(document, path_of_table, value, indexes)
    dependencies += _of_other_tools(document)
    sources = _uv_sources(document, indexes)
    return tuple(_with_sources(dependencies, sources))


def _of_other_tools(document: Document) -> Iterator[Dependency]:
    """Yield what tox and pixi install by their tables."""
    tools = document.value.get("tool")
    if not isinstance(tools, dict):
        return
    if "pixi" in tools:
        from zt_gate.ecosystems.manifests import pixi

        yield from pixi.entries(document, ("tool", "pixi"))
    if "tox" in tools:
        from zt_gate.ecosystems.manifests import tox_ini, tox_toml

        yield from tox_toml.entries(document, tools["tox"], ("tool", "tox"))
        place = document.place(("tool", "tox"))
        yield from tox_ini.legacy_entries(tools["tox"], place)


def _own_names(document: Document) -> Iterator[Dependency]:
    """Yield the project's own name."""
    for path, value in matching(document.value, _NAMES):
        if isinstance(value, str) and valid_name("pypi", value):
            yield own_name("pypi", value, document.place(path), dotted(path))


def _tables(value: object) -> list[dict[str, Any]]:
    """Return the tables of a list, or a table alone as a list."""
    items = value if isinstance(value, list) else [value]
    return [table for table in items if isinstance(table, dict)]


def _named_indexes(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for _, value in matching(data, _INDEX_TABLES):
        for table in _tables(value):
            if "name" in table:
                yield str(table["name"]), str(table.get("url", ""))


def _index_entries(document: Document) -> Iterator[Dependency]:
    for path, value in matching(document.value, _INDEX_TABLES):
        for item_path, table in _items(value):
            url = table.get("url") if isinstance(table, dict) else None
            if isinstance(url, str):
                yield _index(document, url, path, (*item_path, "url"))
    for prefix in (("tool", "uv"), ("tool", "uv", "pip")):
        settings = tuple((*prefix, key) for key in _INDEX_KEYS)
        for path, value in matching(document.value, settings):
            for item_path, url in _items(value):
                yield _index(document, str(url), path, item_path)


def _items(value: object) -> Iterator[tuple[Path, Any]]:
    """Yield the items of a list with their paths in it; any other value is the only item."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield (number,), item
    else:
        yield (), value


def _index(document: Document, url: str, path: Path, item_path: Path) -> Dependency:
    source = Source("index" if "://" in url else "path", url)
    place = document.place((*path, *item_path))
    return unnamed_entry("pypi", source, place, dotted(path))


def _includes(document: Document) -> Iterator[Dependency]:
    """Yield the requirements files that setuptools reads for a dynamic field."""
    for path, value in matching(document.value, _DYNAMIC):
        files = value.get("file") if isinstance(value, dict) else None
        for item_path, name in _items(files):
            if isinstance(name, str):
                place = document.place((*path, "file", *item_path))
                yield unnamed_entry(
                    "pypi", Source("include", name), place, dotted(path)
                )


def _uv_sources(
    document: Document, indexes: Mapping[str, str]
) -> dict[str, list[Source]]:
    """Return the sources in ``[tool.uv.sources]`` by the key of their package."""
    sources: dict[str, list[Source]] = {}
    for path, value in walk(document.value, ("tool", "uv", "sources", "*"), ()):
        for table in _tables(value):
            source = table_source(table, indexes)
            if source is not None:
                key = normalise("pypi", path[-1])
                sources.setdefault(key, []).append(source)
    return sources


def _with_sources(
    dependencies: Sequence[Dependency], sources: Mapping[str, Sequence[Source]]
) -> Iterator[Dependency]:
    """Yield the dependencies with uv's sources, which replace the registry."""
    for dependency in dependencies:
        replacements = sources.get(dependency.key, ())
        if dependency.source.kind != "registry" or not replacements:
            yield dependency
            continue
        for source in replacements:
            yield replace(dependency, source=source)

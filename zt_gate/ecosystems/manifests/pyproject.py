"""pyproject.toml: PEP 621, 735 and 518, and the tables of poetry, pdm, hatch, uv and flit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests import pep508
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    normalise,
    parse_manifest,
    quoted,
    valid_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.syntax.document import Document, Path

# Lists of requirements, by path; "*" stands for every key of a table.
_LISTS = (
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
    ("tool", "flit", "metadata", "requires"),
    ("tool", "flit", "metadata", "requires-extra", "*"),
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
# Tables with a ``url`` that name an index, and plain settings that do.
_INDEX_TABLES = (
    ("tool", "uv", "index"),
    ("tool", "poetry", "source"),
    ("tool", "pdm", "source"),
)
_INDEX_KEYS = ("index-url", "extra-index-url", "find-links")
_DYNAMIC = (
    ("tool", "setuptools", "dynamic", "dependencies"),
    ("tool", "setuptools", "dynamic", "optional-dependencies", "*"),
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every table from which an installer takes dependencies."""
    from zt_gate.syntax import toml

    document = parse_manifest(toml.read, data)
    indexes = dict(_named_indexes(document.value))
    found = [*_itself(document), *_index_entries(document), *_includes(document)]
    for where, value in _values(document.value, _LISTS):
        found += _listed(document, where, value)
    for where, value in _values(document.value, _TABLES):
        found += _tabled(document, where, value, indexes)
    return tuple(_with_sources(document, found, indexes))


def _itself(document: Document) -> Iterator[Dependency]:
    """Yield what the project calls itself."""
    for path, value in _values(
        document.value, (("project", "name"), ("tool", "poetry", "name"))
    ):
        if isinstance(value, str) and valid_name("pypi", value):
            place = document.place(path)
            key = normalise("pypi", value)
            yield Dependency(
                "pypi", value, key, "", Source("self"), *place, _dotted(path)
            )


def _values(
    data: Mapping[str, Any], patterns: tuple[tuple[str, ...], ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for pattern in patterns:
        yield from _walk(data, pattern, ())


def _walk(
    value: object, pattern: tuple[str, ...], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not pattern:
        yield path, value
        return
    if not isinstance(value, dict):
        return
    keys = (
        list(value)
        if pattern[0] == "*"
        else [pattern[0]]
        if pattern[0] in value
        else []
    )
    for key in keys:
        yield from _walk(value[key], pattern[1:], (*path, key))


def _dotted(path: Path) -> str:
    """Return a path as a section's name: its keys, joined by dots."""
    return ".".join(part for part in path if isinstance(part, str))


def _listed(document: Document, path: Path, value: object) -> Iterator[Dependency]:
    where = _dotted(path)
    if not isinstance(value, list):
        raise ManifestError(0, f"{quoted(where)} is not a list")
    for number, entry in enumerate(value):
        if isinstance(entry, dict) and where.startswith("dependency-groups."):
            continue  # include-group: what it includes is read where it stands
        # uv's build dependencies may be tables.
        inner = ("requirement",) if isinstance(entry, dict) else ()
        item = entry.get("requirement") if isinstance(entry, dict) else entry
        if not isinstance(item, str):
            raise ManifestError(0, f"an entry of {quoted(where)} is not a string")
        place = document.place((*path, number, *inner))
        text = item.removeprefix("-e ").strip()
        name, key, constraint, source = pep508.parse(text, place[0])
        yield Dependency(
            "pypi", name, key, constraint, source, *_inner(place, item, name), where
        )


def _inner(place: tuple[int, int, int], item: str, name: str) -> tuple[int, int, int]:
    """Narrow the place of a string to the name at its start."""
    line, start, end = place
    if name and item.startswith(name) and end - start == len(item) + 2:
        return line, start + 1, start + 1 + len(name)
    return place


def _tabled(
    document: Document, path: Path, value: object, indexes: Mapping[str, str]
) -> Iterator[Dependency]:
    where = _dotted(path)
    if not isinstance(value, dict):
        raise ManifestError(0, f"{quoted(where)} is not a table")
    for name, wanted in value.items():
        if name.lower() == "python" and "poetry" in where:
            continue
        place = document.key_place((*path, name))
        if not valid_name("pypi", name):
            raise ManifestError(
                place[0], f"{quoted(name)} is not a valid project name (PEP 508)"
            )
        for one in wanted if isinstance(wanted, list) else [wanted]:
            constraint, source = _poetry(one, place[0], indexes)
            key = normalise("pypi", name)
            yield Dependency("pypi", name, key, constraint, source, *place, where)


def _poetry(value: object, line: int, indexes: Mapping[str, str]) -> tuple[str, Source]:
    if isinstance(value, str):
        address = "://" in value or value.startswith(("file:", "git+"))
        return ("", pep508.source_of(value)) if address else (value, Source())
    if not isinstance(value, dict):
        raise ManifestError(line, "dependency is neither a string nor a table")
    return str(value.get("version", "")), table_source(value, indexes) or Source()


def table_source(value: Mapping[str, Any], indexes: Mapping[str, str]) -> Source | None:
    """Return the source that a table of poetry or uv names, None for the registry."""
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


def _named_indexes(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for _, value in _values(data, _INDEX_TABLES):
        for table in value if isinstance(value, list) else [value]:
            if isinstance(table, dict) and "name" in table:
                yield str(table["name"]), str(table.get("url", ""))


def _index_entries(document: Document) -> Iterator[Dependency]:
    for path, value in _values(document.value, _INDEX_TABLES):
        for inner, table in _numbered(value):
            url = table.get("url") if isinstance(table, dict) else None
            if isinstance(url, str):
                yield _index(document, url, path, (*inner, "url"))
    for prefix in (("tool", "uv"), ("tool", "uv", "pip")):
        for key in _INDEX_KEYS:
            for path, value in _walk(document.value, (*prefix, key), ()):
                for inner, url in _numbered(value):
                    yield _index(document, str(url), path, inner)


def _numbered(value: object) -> Iterator[tuple[Path, Any]]:
    """Yield the elements of a list with their paths in it; anything else is the only one."""
    if isinstance(value, list):
        yield from (((number,), item) for number, item in enumerate(value))
    else:
        yield (), value


def _index(document: Document, url: str, path: Path, inner: Path) -> Dependency:
    local = "://" not in url
    source = Source("path" if local else "index", url)
    return Dependency(
        "pypi", "", "", "", source, *document.place((*path, *inner)), _dotted(path)
    )


def _includes(document: Document) -> Iterator[Dependency]:
    """Yield the requirements files that setuptools reads for a dynamic field."""
    for path, value in _values(document.value, _DYNAMIC):
        files = value.get("file") if isinstance(value, dict) else None
        for inner, name in _numbered(files):
            if isinstance(name, str):
                place = document.place((*path, "file", *inner))
                source = Source("include", name)
                yield Dependency("pypi", "", "", "", source, *place, _dotted(path))


def _with_sources(
    document: Document, found: list[Dependency], indexes: Mapping[str, str]
) -> Iterator[Dependency]:
    """Apply ``[tool.uv.sources]``: it decides where a name that stands elsewhere comes from."""
    import dataclasses

    tables = _walk(document.value, ("tool", "uv", "sources", "*"), ())
    sources: dict[str, list[Source]] = {}
    for path, value in tables:
        name = path[-1]
        for table in value if isinstance(value, list) else [value]:
            source = table_source(table, indexes) if isinstance(table, dict) else None
            if source is not None:
                sources.setdefault(normalise("pypi", name), []).append(source)
    for entry in found:
        named = sources.get(entry.key, []) if entry.source.kind == "registry" else []
        yield from [dataclasses.replace(entry, source=source) for source in named] or [
            entry
        ]

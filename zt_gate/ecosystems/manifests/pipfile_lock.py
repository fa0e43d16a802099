"""Pipfile.lock: every locked package, and the sources that it was locked from."""

from __future__ import annotations

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    json_object,
    make_dependency,
)
from zt_gate.syntax import json

_LIMIT = 10 * 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the sections of packages; each package once, by its first leaf."""
    document = json_object(data, _LIMIT)
    found: list[Dependency] = []
    for leaf in document.leaves():
        if (
            leaf.names[:2] == ("_meta", "sources")
            and leaf.names[-1] == "url"
            and leaf.value
        ):
            source = Source("index", leaf.value)
            found.append(Dependency("pypi", "", "", "", source, *leaf.inside, "source"))
    for (section, name), start, end in json.keys(document, 2):
        if section == "_meta":
            continue
        place = document.text.place(start, end)
        tables = document.value[section]
        value = tables.get(name) if isinstance(tables, dict) else None
        table = value if isinstance(value, dict) else {}
        found.append(
            make_dependency("pypi", name, place, section, str(table.get("version", "")), _source(table),
                  direct=False)
        )  # fmt: skip
    return tuple(found)


def _source(table: dict[str, object]) -> Source:
    if "git" in table:
        return Source("vcs", str(table["git"]))
    if "file" in table:
        return Source("url", str(table["file"]))
    return Source("path", str(table["path"])) if "path" in table else Source()

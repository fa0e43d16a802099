"""Pipfile.lock: every locked package, and the sources that it was locked from."""

from __future__ import annotations

from zt_gate.ecosystems.manifests import json_text
from zt_gate.ecosystems.manifests.base import Dependency, Source, entry

_LIMIT = 10 * 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read the sections of packages; each package once, by its first leaf."""
    document = json_text.checked(data, _LIMIT, "Pipfile.lock")
    names = json_text.keys(document.text, 2)
    found: list[Dependency] = []
    for leaf in json_text.leaves(document.text):
        if leaf.path[:2] == ("_meta", "sources") and leaf.path[-1] == "url" and leaf.value:
            source = Source("index", leaf.value)
            found.append(Dependency("pypi", "", "", "", source, *leaf.inside, "source"))
    for (section, name), place in names:
        if section == "_meta":
            continue
        tables = document.content[section]
        value = tables.get(name) if isinstance(tables, dict) else None
        table = value if isinstance(value, dict) else {}
        found.append(
            entry("pypi", name, place, section, str(table.get("version", "")), _source(table),
                  direct=False)
        )  # fmt: skip
    return tuple(found)


def _source(table: dict[str, object]) -> Source:
    if "git" in table:
        return Source("vcs", str(table["git"]))
    if "file" in table:
        return Source("url", str(table["file"]))
    return Source("path", str(table["path"])) if "path" in table else Source()

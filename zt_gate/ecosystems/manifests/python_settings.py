"""``uv.toml`` and ``pdm.toml``: the indexes that a project configures for uv and PDM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    parse_manifest,
    unnamed_entry,
)
from zt_gate.syntax import toml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Path

_KEYS = ("index-url", "extra-index-url", "find-links")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Return an index entry for each address, a path for each folder."""
    document = parse_manifest(toml.read, data)
    is_uv = path.lower().endswith(b"uv.toml")
    found = _uv(document.value) if is_uv else _pdm(document.value)
    return tuple(
        unnamed_entry(
            "pypi",
            Source("index" if "://" in url else "path", url),
            document.place(place),
            str(place[0]),
        )
        for place, url in found
    )


def _uv(data: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    yield from _addresses(("index",), data.get("index"))
    pip = data.get("pip")
    for prefix, table in ((), data), (("pip",), pip):
        for key in _KEYS:
            value = table.get(key) if isinstance(table, dict) else None
            yield from _addresses((*prefix, key), value)


def _pdm(data: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield the addresses below ``[pypi]``, whose tables are further sources."""
    index = data.get("pypi")
    for name, value in index.items() if isinstance(index, dict) else ():
        if name == "url":
            yield from _addresses(("pypi", "url"), value)
        elif isinstance(value, dict):
            yield from _addresses(("pypi", name, "url"), value.get("url"))


def _addresses(path: Path, value: object) -> Iterator[tuple[Path, str]]:
    """Yield a string, or the strings and the tables with a ``url`` of a list."""
    if isinstance(value, str) and value:
        yield path, value
    for number, item in enumerate(value if isinstance(value, list) else ()):
        url = item.get("url") if isinstance(item, dict) else item
        if isinstance(url, str) and url:
            inner = ("url",) if isinstance(item, dict) else ()
            yield (*path, number, *inner), url

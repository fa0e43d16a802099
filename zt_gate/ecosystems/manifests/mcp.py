"""MCP configurations: servers that are started with npx, uvx and their kin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    json_object,
    parse_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Leaf

_LIMIT = 4 * 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read every object with a ``command`` and its ``args``; JSON with comments, or TOML."""
    if path.lower().endswith(b".toml"):
        return tuple(_toml(data))
    return tuple(_json(data))


def _json(data: bytes) -> Iterator[Dependency]:
    document = json_object(data, _LIMIT, relaxed=True)
    servers: dict[tuple[str, ...], list[tuple[str, Leaf]]] = {}
    for leaf in document.leaves():
        if leaf.value is None:
            continue
        if leaf.names[-1:] == ("command",):
            servers.setdefault(leaf.names[:-1], []).insert(0, (leaf.value, leaf))
        elif leaf.names[-2:-1] in {("args",), ("command",)} and leaf.names[-1] == "":
            servers.setdefault(leaf.names[:-2], []).append((leaf.value, leaf))
    for words in servers.values():
        values = [value for value, _ in words]
        for found in _command(values, words[0][1].inside):
            yield _at_its_word(found, words)


def _command(values: list[str], place: tuple[int, int, int]) -> list[Dependency]:
    """Read a command; some write it as one text, with or without arguments beside it."""
    first = values[0].split() if values else []
    return commands.in_words([*first, *values[1:]], place)


def _at_its_word(found: Dependency, words: list[tuple[str, Leaf]]) -> Dependency:
    import dataclasses

    wanted = found.name or found.source.target
    for value, leaf in words:
        if wanted and wanted in value:
            line, start, end = leaf.inside
            return dataclasses.replace(found, line=line, column=start, end_column=end)
    return found


def _toml(data: bytes) -> Iterator[Dependency]:
    from zt_gate.syntax import toml

    document = parse_manifest(toml.read, data)
    for name, server in _tables(document.value):
        command, args = server.get("command"), server.get("args", [])
        if not isinstance(command, str) or not isinstance(args, list):
            continue
        values = [str(value) for value in args]
        for found in _command([command, *values], (1, 1, 1)):
            named = (
                n for n, one in enumerate(values) if found.name and found.name in one
            )
            number = next(named, None)
            at = ("command",) if number is None else ("args", number)
            line, start, end = document.place(("mcp_servers", name, *at))
            import dataclasses

            yield dataclasses.replace(found, line=line, column=start, end_column=end)


def _tables(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    servers = data.get("mcp_servers", {})
    if not isinstance(servers, dict):
        raise ManifestError(0, "mcp_servers is not a table")
    for name, server in servers.items():
        if isinstance(server, dict):
            yield name, server

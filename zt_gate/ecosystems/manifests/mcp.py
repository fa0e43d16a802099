"""MCP configurations: servers that npx, uvx and similar commands install and start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests import commands, references
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    json_object,
    parse_manifest,
)
from zt_gate.record import replace
from zt_gate.syntax.shell import program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Place
    from zt_gate.syntax.document import Leaf, Path

_LIMIT = 4 * 1024 * 1024
_CONTAINER_PROGRAMS = frozenset(("docker", "podman", "nerdctl"))
_OPTIONS_WITH_VALUE = frozenset(
    ("-e", "--env", "--env-file", "-v", "--volume", "--mount", "-p", "--publish", "--name", "-w",
     "--network", "--net", "--workdir", "-u", "--user", "--entrypoint", "--platform", "-l", "-m",
     "--label", "--memory", "--cpus", "--add-host", "--cap-drop", "--cap-add", "--pull",
     "--security-opt")
)  # fmt: skip


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
        for dependency in _command(values, words[0][1].value_place):
            yield _at_its_word(dependency, words)


def _command(values: list[str], place: Place) -> list[Dependency]:
    """Read a command; its first value may hold several words, with or without args."""
    first_words = values[0].split() if values else []
    words = [*first_words, *values[1:]]
    if words and program(words[0]) in _CONTAINER_PROGRAMS and "run" in words:
        written = _image(words[words.index("run") + 1 :])
        image = references.image(written, place, "command docker run")
        return [] if image is None else [image]
    return commands.in_words(words, place)


def _image(words: list[str]) -> str:
    """Return the image in the arguments of ``docker run``, "" for none."""
    arguments = iter(words)
    for word in arguments:
        if not word.startswith("-"):
            return word
        if word in _OPTIONS_WITH_VALUE:
            next(arguments, None)
    return ""


def _at_its_word(dependency: Dependency, words: list[tuple[str, Leaf]]) -> Dependency:
    """Return the dependency with the place of the word that names it."""
    name = dependency.name or dependency.source.target
    for value, leaf in words:
        if name and name in value:
            return _at(dependency, leaf.value_place)
    return dependency


def _at(dependency: Dependency, place: Place) -> Dependency:
    line, column, end_column = place
    return replace(dependency, line=line, column=column, end_column=end_column)


def _toml(data: bytes) -> Iterator[Dependency]:
    from zt_gate.syntax import toml

    document = parse_manifest(toml.read, data)
    for server_name, server in _servers(document.value):
        command, args = server.get("command"), server.get("args", [])
        if not isinstance(command, str) or not isinstance(args, list):
            continue
        values = [str(value) for value in args]
        for dependency in _command([command, *values], (1, 1, 1)):
            word_path = _word_path(dependency.name, values)
            place = document.place(("mcp_servers", server_name, *word_path))
            yield _at(dependency, place)


def _word_path(name: str, args: list[str]) -> Path:
    """Return the path of the argument that names a package, of the command if none does."""
    for number, value in enumerate(args):
        if name and name in value:
            return ("args", number)
    return ("command",)


def _servers(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    servers = data.get("mcp_servers", {})
    if not isinstance(servers, dict):
        raise ManifestError(0, "mcp_servers is not a table")
    for name, server in servers.items():
        if isinstance(server, dict):
            yield name, server

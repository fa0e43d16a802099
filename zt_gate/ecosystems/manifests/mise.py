"""mise.toml: tools that mise installs from the registries of languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    make_dependency,
    parse_manifest,
    unnamed_entry,
    valid_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document

# mise's names of backends, and the ecosystems from whose registries they install.
_BACKENDS = {
    "npm": "npm",
    "pipx": "pypi",
    "pip": "pypi",
    "cargo": "cargo",
    "gem": "gem",
    "go": "golang",
    "dotnet": "nuget",
}


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the tools with a backend, and the commands of tasks and hooks."""
    from zt_gate.syntax import toml

    document = parse_manifest(toml.read, data)
    tools = document.value.get("tools")
    dependencies: list[Dependency] = []
    for name, value in tools.items() if isinstance(tools, dict) else ():
        dependencies += _tool(document, name, value)
    for section in ("tasks", "hooks"):
        table = document.value.get(section)
        for name, value in table.items() if isinstance(table, dict) else ():
            run = value.get("run") if isinstance(value, dict) else value
            for command in run if isinstance(run, list) else [run]:
                if isinstance(command, str):
                    place = document.key_place((section, name))
                    dependencies += commands.in_string(command, place)
    return tuple(dependencies)


def _tool(document: Document, written: str, value: Any) -> Iterator[Dependency]:
    backend, colon, name = written.partition(":")
    ecosystem = _BACKENDS.get(backend)
    if not colon or ecosystem is None:
        return
    place = document.key_place(("tools", written))
    version = value.get("version", "") if isinstance(value, dict) else value
    constraint = version if isinstance(version, str) and version != "latest" else ""
    if valid_name(ecosystem, name):
        yield make_dependency(ecosystem, name, place, "tools", constraint)
    else:
        source = Source("vcs", name)
        yield unnamed_entry(ecosystem, source, place, "tools")

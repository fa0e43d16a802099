"""dotnet-tools.json and global.json: the tools of a repository, and SDKs of MSBuild."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ErrorKind,
    json_object,
    make_dependency,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Leaf

_LIMIT = 1024 * 1024
_SDKS = "msbuild-sdks"


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read every tool and every SDK; other programs have a global.json as well."""
    is_tool_list = path.lower().endswith(b"tools.json")
    kind: ErrorKind = "unreadable" if is_tool_list else "not_applicable"
    dependencies: list[Dependency] = []
    for leaf in json_object(data, _LIMIT, kind, relaxed=True).leaves():
        dependencies += _entry(leaf)
    return tuple(dependencies)


def _entry(leaf: Leaf) -> Iterator[Dependency]:
    names, version = leaf.names, leaf.value or ""
    if names[:1] == ("tools",) and len(names) == 3 and names[2] == "version":
        yield make_dependency("nuget", names[1], leaf.place, "tools", version)
    elif names[:1] == (_SDKS,) and len(names) == 2:
        yield make_dependency("nuget", names[1], leaf.place, _SDKS, version)

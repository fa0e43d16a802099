"""packages.lock.json of NuGet: the packages of each target framework, and their checksums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    json_object,
    make_dependency,
    object_at,
    quoted,
)
from zt_gate.ecosystems.manifests.lock_content import (
    LockContent,
    LockedFile,
    LockedRequirement,
    locked_file,
)
from zt_gate.syntax import json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Place
    from zt_gate.syntax.document import Document

_LIMIT = 10 * 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the packages of all target frameworks."""
    return lock(path, data).dependencies


def lock(path: bytes, data: bytes) -> LockContent:  # noqa: ARG001 - part of the reader signature
    """Read the packages, their checksums, and what the project requests."""
    document = json_object(data, _LIMIT)
    dependencies: dict[tuple[str, str], Dependency] = {}
    files: list[LockedFile] = []
    requirements: list[LockedRequirement] = []
    for name, table, place in _packages(document):
        kind = str(table.get("type", ""))
        if kind == "Project":
            continue
        version = str(table.get("resolved", ""))
        is_direct = kind == "Direct"
        entry = make_dependency(
            "nuget", name, place, "dependencies", version, direct=is_direct
        )
        dependencies.setdefault((entry.key, version), entry)
        value = table.get("contentHash")
        checksums = [("contentHash", value)] if isinstance(value, str) and value else []
        files.append(locked_file(entry, checksums))
        requested = table.get("requested")
        if is_direct and isinstance(requested, str):
            requirements.append(
                LockedRequirement("", "requested", name, requested, place)
            )
    return LockContent(tuple(dependencies.values()), tuple(files), tuple(requirements))


def _packages(document: Document) -> Iterator[tuple[str, dict[str, Any], Place]]:
    frameworks = object_at(document, "dependencies")
    for names, start, end in json.keys(document, 3):
        if names[0] != "dependencies":
            continue
        place = document.text.place(start, end)
        packages = frameworks.get(names[1])
        table = packages.get(names[2]) if isinstance(packages, dict) else None
        if not isinstance(table, dict):
            raise ManifestError(place[0], f"{quoted(names[2])} is not an object")
        yield names[2], table, place

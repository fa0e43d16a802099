"""package.json: every section from which npm, yarn, pnpm or bun installs.

The file is walked token by token, so each entry has its place and a key that
stands twice counts twice: package managers differ in which one they take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    json_object,
    quoted,
    valid_name,
)
from zt_gate.ecosystems.manifests.npm_spec import parse_spec, selected_package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Leaf

_LIMIT = 4 * 1024 * 1024
_SECTIONS = frozenset(
    ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
)
_NAMES_ITSELF = frozenset(("name", "bin", "workspaces"))
_BUNDLED = frozenset(("bundledDependencies", "bundleDependencies"))
_OVERRIDES = (("overrides",), ("resolutions",), ("pnpm", "overrides"))
_EXTENSIONS = ("pnpm", "packageExtensions")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read all sections, overrides and aliases."""
    leaves = json_object(data, _LIMIT).leaves()
    return tuple(found for leaf in leaves for found in _entries(leaf))


def declared_names(project: object) -> set[str]:
    """Return the names in all sections of a project's or a workspace's table."""
    tables = (
        [project.get(key) for key in _SECTIONS] if isinstance(project, dict) else []
    )
    return {name for table in tables if isinstance(table, dict) for name in table}


def _entries(leaf: Leaf) -> Iterator[Dependency]:
    section, *rest = leaf.names
    if section == "scripts" and len(rest) == 1 and leaf.value:
        yield from commands.in_string(leaf.value, leaf.inside)
    elif section in _NAMES_ITSELF:
        yield from _itself(section, rest, leaf)
    elif section in _SECTIONS and rest:
        if len(rest) > 1:
            raise ManifestError(
                leaf.place[0], f"{section} of {quoted(rest[0])} is not a string"
            )
        yield _dependency(rest[0], leaf, section)
    elif section in _BUNDLED and leaf.value is not None:
        yield _dependency(leaf.value, leaf, section, bundled=True)
    elif leaf.names[:2] == _EXTENSIONS and len(rest) == 4 and rest[2] in _SECTIONS:
        yield _dependency(rest[3], leaf, "pnpm.packageExtensions")
    else:
        for prefix in _OVERRIDES:
            if leaf.names[: len(prefix)] == prefix and len(leaf.names) > len(prefix):
                yield _override(leaf.names[len(prefix) :], leaf, ".".join(prefix))


def _itself(section: str, rest: list[str], leaf: Leaf) -> Iterator[Dependency]:
    """Yield what the package calls itself and its programs, and that it has workspaces."""
    if section == "workspaces":
        yield Dependency(
            "npm", "", "", "", Source("self", section), *leaf.place, section
        )
        return
    name = rest[0] if section == "bin" and rest else (leaf.value or "")
    if len(rest) == (section == "bin" and bool(rest)) and valid_name("npm", name):
        yield Dependency("npm", name, name, "", Source("self"), *leaf.place, section)


def _dependency(
    name: str, leaf: Leaf, section: str, *, bundled: bool = False
) -> Dependency:
    line = leaf.place[0]
    if leaf.value is None:
        raise ManifestError(line, f"{section} of {quoted(name)} is not a string")
    real, constraint, source = parse_spec(name, "" if bundled else leaf.value)
    if not valid_name("npm", real) or not valid_name("npm", name):
        raise ManifestError(line, f"{quoted(real)} is not a valid package name")
    return Dependency("npm", real, real, constraint, source, *leaf.place, section)


def _override(keys: tuple[str, ...], leaf: Leaf, section: str) -> Dependency:
    """Read one entry of overrides or resolutions: the last key that names a package."""
    named = [key for key in keys if key not in {"", "."}]
    line = leaf.place[0]
    if not named:
        raise ManifestError(line, f"entry of {section} without a package name")
    name = selected_package(named[-1])
    if not valid_name("npm", name):
        raise ManifestError(line, f"{quoted(name)} is not a valid package name")
    value = leaf.value or ""
    real, constraint, source = parse_spec(name, "" if value.startswith("$") else value)
    if not valid_name("npm", real):
        raise ManifestError(line, f"{quoted(real)} is not a valid package name")
    return Dependency("npm", real, real, constraint, source, *leaf.place, section)

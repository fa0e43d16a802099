"""package.json: every section from which npm, yarn, pnpm or bun installs.

The reader walks the file token by token, so that each entry has its place.  A key
that appears twice gives two entries: package managers differ in which one they use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    json_object,
    own_name,
    quoted,
    unnamed_entry,
    valid_name,
)
from zt_gate.ecosystems.manifests.npm_spec import parse_spec, selected_package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zt_gate.syntax.document import Leaf

_LIMIT = 4 * 1024 * 1024
#: Sections of packages, each a table of names and versions.
SECTIONS = frozenset(
    ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
)
_OWN_NAMES = frozenset(("name", "bin", "workspaces"))
_BUNDLED = frozenset(("bundledDependencies", "bundleDependencies"))
_CATALOGS = frozenset(("catalog", "catalogs"))
_OVERRIDES = (("overrides",), ("resolutions",), ("pnpm", "overrides"))
_EXTENSIONS = ("pnpm", "packageExtensions")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read all sections, overrides and aliases."""
    return _of_leaves(json_object(data, _LIMIT).leaves())


def read_relaxed(data: bytes) -> tuple[Dependency, ...]:
    """Read a file with comments and trailing commas, which pnpm accepts by another name."""
    document = json_object(data, _LIMIT, "not_applicable", relaxed=True)
    return _of_leaves(document.leaves())


def _of_leaves(leaves: Iterable[Leaf]) -> tuple[Dependency, ...]:
    dependencies: list[Dependency] = []
    for leaf in leaves:
        dependencies += _entries(leaf)
    return tuple(dependencies)


def declared_names(project: object) -> set[str]:
    """Return the names in all sections of a project's or a workspace's table."""
    names: set[str] = set()
    if not isinstance(project, dict):
        return names
    for section in SECTIONS:
        table = project.get(section)
        if isinstance(table, dict):
            names.update(table)
    return names


def declared(project: object) -> Iterator[tuple[str, str, str]]:
    """Yield section, name and specifier of a project's or a workspace's requirements.

    A package that is optional too is yielded as optional only, as npm installs it.
    """
    if not isinstance(project, dict):
        return
    optional = project.get("optionalDependencies")
    optional_names = set(optional) if isinstance(optional, dict) else set()
    for section in sorted(SECTIONS):
        table = project.get(section)
        if not isinstance(table, dict):
            continue
        for name, specifier in table.items():
            if section == "dependencies" and name in optional_names:
                continue
            if isinstance(specifier, str):
                yield section, name, specifier


def _entries(leaf: Leaf) -> Iterator[Dependency]:
    section, *keys = leaf.names
    if section == "scripts" and len(keys) == 1 and leaf.value:
        yield from commands.in_string(leaf.value, leaf.value_place)
    elif section in _CATALOGS and keys:
        yield _dependency(keys[-1], leaf, section)
    elif section in _OWN_NAMES:
        yield from _own_names(section, keys, leaf)
    elif section in SECTIONS and keys:
        if len(keys) > 1:
            raise ManifestError(
                leaf.place[0], f"{section} of {quoted(keys[0])} is not a string"
            )
        yield _dependency(keys[0], leaf, section)
    elif section in _BUNDLED and leaf.value is not None:
        yield _dependency(leaf.value, leaf, section, bundled=True)
    elif leaf.names[:2] == _EXTENSIONS and len(keys) == 4 and keys[2] in SECTIONS:
        yield _dependency(keys[3], leaf, "pnpm.packageExtensions")
    else:
        yield from _overrides(leaf)


def _own_names(section: str, keys: Sequence[str], leaf: Leaf) -> Iterator[Dependency]:
    """Yield the names of the package and its programs, that it has workspaces, their catalog."""
    if section == "workspaces" and keys[:1] and keys[0] in _CATALOGS:
        if len(keys) > 1:
            yield _dependency(keys[-1], leaf, f"workspaces.{keys[0]}")
        return
    if section == "workspaces":
        yield unnamed_entry("npm", Source("self", section), leaf.place, section)
        return
    is_program = section == "bin" and bool(keys)
    name = keys[0] if is_program else (leaf.value or "")
    is_top_level = len(keys) == (1 if is_program else 0)
    if is_top_level and valid_name("npm", name):
        yield own_name("npm", name, leaf.place, section)


def _dependency(
    name: str, leaf: Leaf, section: str, *, bundled: bool = False
) -> Dependency:
    line = leaf.place[0]
    if leaf.value is None:
        raise ManifestError(line, f"{section} of {quoted(name)} is not a string")
    package, constraint, source = parse_spec(name, "" if bundled else leaf.value)
    if source.kind == "path" and not valid_name("npm", name):
        # A folder may have a name that no registry accepts, as "$utils".
        return unnamed_entry("npm", source, leaf.place, section)
    if not valid_name("npm", package) or not valid_name("npm", name):
        raise ManifestError(line, f"{quoted(package)} is not a valid package name")
    return Dependency("npm", package, package, constraint, source, *leaf.place, section)


def _overrides(leaf: Leaf) -> Iterator[Dependency]:
    for prefix in _OVERRIDES:
        keys = leaf.names[len(prefix) :]
        if leaf.names[: len(prefix)] == prefix and keys:
            yield _override(keys, leaf, ".".join(prefix))


def _override(keys: tuple[str, ...], leaf: Leaf, section: str) -> Dependency:
    """Read one entry of overrides or resolutions; its last key is the package's selector."""
    selectors = [key for key in keys if key not in {"", "."}]
    line = leaf.place[0]
    if not selectors:
        raise ManifestError(line, f"entry of {section} without a package name")
    name = selected_package(selectors[-1])
    if not valid_name("npm", name):
        raise ManifestError(line, f"{quoted(name)} is not a valid package name")
    value = leaf.value or ""
    is_reference = value.startswith("$")  # to the version of a direct dependency
    package, constraint, source = parse_spec(name, "" if is_reference else value)
    if not valid_name("npm", package):
        raise ManifestError(line, f"{quoted(package)} is not a valid package name")
    return Dependency("npm", package, package, constraint, source, *leaf.place, section)

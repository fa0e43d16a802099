"""Maven's reactor and Gradle's builds: the projects that are built from the tree.

Both use the ecosystem ``maven``.  The file of an entry decides which rules apply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.local_packages import LocatedEntry, gradle, on_base
from zt_gate.ecosystems.local_packages.maven_projects import MavenProjects
from zt_gate.ecosystems.manifest_formats import format_of
from zt_gate.ecosystems.manifests import maven

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.project_tree import ProjectTree


def local_entries(
    tree: ProjectTree, entries: Sequence[LocatedEntry]
) -> set[LocatedEntry]:
    """Return the entries that are modules of the reactor or of an included build."""
    found = on_base(tree, entries, _own_keys)
    builds, projects = gradle.Builds(tree), MavenProjects(tree)
    for item in entries:
        if item in found:
            continue
        if format_of(item.path) == "maven":
            is_local = projects.is_in_reactor(item)
        else:
            is_local = builds.is_included(item)
        if is_local:
            found.add(item)
    return found


def resolved_entries(
    tree: ProjectTree, path: bytes, entries: tuple[Dependency, ...]
) -> tuple[Dependency, ...]:
    """Return the entries of a ``pom.xml`` with the coordinates that it inherits.

    What no parent in the tree defines stays computed.
    """
    if not any(entry.source.kind == "computed" for entry in entries):
        return entries
    project = MavenProjects(tree).project(path)
    data = tree.read(path)
    if project is None or project.parent is None or data is None:
        return entries
    return maven.read_inheriting(data, project.properties)


def _own_keys(tree: ProjectTree, wanted: frozenset[str]) -> Iterator[tuple[bytes, str]]:
    projects = MavenProjects(tree)
    artifacts = {key.partition(":")[2] for key in wanted}
    for path, project in projects.with_artifacts(artifacts):
        yield path, project.key
    builds = gradle.Builds(tree)
    if any(key.endswith(".gradle.plugin") for key in wanted):
        for path, plugin in builds.plugins():
            yield path, f"{plugin}:{plugin}.gradle.plugin"
    yield from builds.own_keys(wanted)

"""Projects of Maven in a tree: coordinates with inherited parts, and reactors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.local_packages import own_manifests
from zt_gate.ecosystems.project_tree import folder_of, joined
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zt_gate.ecosystems.local_packages import LocatedEntry
    from zt_gate.ecosystems.project_tree import ProjectTree
    from zt_gate.syntax.document import Node

_POM = b"pom.xml"
_MOST_PARENTS = 20
_MOST_MODULES = 5_000
_REFERENCE = lazy_re.compile(r"\$\{([^${}]{1,200})\}")


@dataclass(frozen=True, slots=True)
class MavenProject:
    """The coordinates of a ``pom.xml`` and its parent's path, with expanded properties.

    ``modules`` are the paths of the files that it builds together with itself.
    """

    path: bytes
    group: str
    artifact: str
    version: str
    parent: bytes | None
    properties: Mapping[str, str]
    modules: tuple[bytes, ...] = ()

    @property
    def key(self) -> str:
        """Group and artifact, as a dependency names them."""
        return f"{self.group}:{self.artifact}"

    def expanded(self, text: str) -> str:
        """Return a text with the project's properties in place of their references."""
        for _ in range(8):
            replaced = _REFERENCE.sub(
                lambda match: self.properties.get(match[1], match[0]), text
            )
            if replaced == text or len(replaced) > 1000:
                break
            text = replaced
        return text


class MavenProjects:
    """The projects of a tree, each read once."""

    def __init__(self, tree: ProjectTree) -> None:
        self.tree = tree
        self._projects: dict[bytes, MavenProject | None] = {}
        self._reactor_of: dict[bytes, dict[str, list[MavenProject]]] | None = None

    def with_artifacts(
        self, artifacts: Iterable[str]
    ) -> Iterator[tuple[bytes, MavenProject]]:
        """Yield the repository's own projects whose files may name one of the artifacts."""
        paths = self.tree.named(_POM)
        wanted = set(artifacts)
        # A computed artifact is in no file as it is written elsewhere.
        for path, _ in own_manifests(self.tree, paths, {*wanted, "<artifactId>${"}):
            project = self.project(path)
            if project is not None and project.artifact in wanted:
                yield path, project

    def project(self, path: bytes, depth: int = 0) -> MavenProject | None:
        """Return the project of a file, None if there is none or it cannot be read."""
        if path not in self._projects:
            self._projects[path] = None  # for parents in a circle
            self._projects[path] = self._read(path, depth)
        return self._projects[path]

    def _read(self, path: bytes, depth: int) -> MavenProject | None:
        document = self.tree.xml(path)
        root = None if document is None else document.root.get("project")
        if root is None:
            return None
        properties: dict[str, str] = {}
        element = root.get("parent")
        parent = self._parent(path, element, depth)
        if parent is not None:
            properties.update(parent.properties)
        inherited = {
            name: _text(element, name) if element is not None else ""
            for name in ("groupId", "artifactId", "version")
        }
        for key, node in _entries(root, "properties"):
            properties[key] = node.value.strip()
        own = {
            "groupId": _text(root, "groupId") or inherited["groupId"],
            "artifactId": _text(root, "artifactId"),
            "version": _text(root, "version") or inherited["version"],
        }
        for name, value in own.items():
            properties[f"project.{name}"] = properties[f"pom.{name}"] = value
        for name, value in inherited.items():
            properties[f"project.parent.{name}"] = value
        project = MavenProject(path, "", "", "", None, properties)
        return MavenProject(
            path,
            project.expanded(own["groupId"]),
            project.expanded(own["artifactId"]),
            project.expanded(own["version"]),
            None if parent is None else parent.path,
            properties,
            tuple(self._modules(path, root)),
        )

    def _parent(
        self, path: bytes, element: Node | None, depth: int
    ) -> MavenProject | None:
        """Return the parent in the same tree, where Maven looks first."""
        if element is None or depth >= _MOST_PARENTS:
            return None
        relative = element.get("relativePath")
        target = "../pom.xml" if relative is None else relative.value.strip()
        parent_path = joined(folder_of(path), target) if target else None
        if parent_path is None:
            return None
        if parent_path in self.tree.folders:
            parent_path = _pom_in(parent_path)
        if parent_path == path or parent_path not in self.tree.paths:
            return None
        parent = self.project(parent_path, depth + 1)
        # Maven warns, and asks the repository, if the file is another project's.
        if parent is None or parent.artifact != _text(element, "artifactId"):
            return None
        return parent

    def _modules(self, path: bytes, root: Node) -> Iterator[bytes]:
        holders = [root]
        profiles = root.get("profiles")
        holders += [value for _, value in profiles.entries()] if profiles else []
        for holder in holders:
            for names in ("modules", "subprojects"):
                for _, module in _entries(holder, names):
                    target = joined(folder_of(path), module.value.strip())
                    if target is None:
                        continue
                    file = target if target in self.tree.paths else _pom_in(target)
                    if file in self.tree.paths:
                        yield file

    def is_in_reactor(self, item: LocatedEntry) -> bool:
        """Return whether Maven builds an entry's project together with its manifest."""
        requester = self.project(item.path)
        wanted = item.entry.constraint.strip()
        if requester is not None:
            wanted = requester.expanded(wanted)
            # A bill of materials manages its own version; Maven lets no project need itself.
            is_itself = requester.key == item.entry.key
            if is_itself and item.entry.section == "dependency":
                return wanted in {"", requester.version}
        return any(
            project.path != item.path and wanted in {"", project.version}
            for project in self._reactor(item.path).get(item.entry.key, ())
        )

    def _reactor(self, path: bytes) -> dict[str, list[MavenProject]]:
        """Return the projects by key of all reactors that build a file."""
        if self._reactor_of is None:
            self._reactor_of = self._reactors()
        return self._reactor_of.get(path, {})

    def _reactors(self) -> dict[bytes, dict[str, list[MavenProject]]]:
        """Return the union of the reactors with each file, by file."""
        neighbours: dict[bytes, set[bytes]] = {}
        for path in self.tree.named(_POM):
            if b"<module>" not in (self.tree.read(path) or b""):
                continue
            project = self.project(path)
            for module in project.modules if project is not None else ():
                neighbours.setdefault(path, set()).add(module)
                neighbours.setdefault(module, set()).add(path)
        reactors: dict[bytes, dict[str, list[MavenProject]]] = {}
        for start in neighbours:
            if start in reactors:
                continue
            members, waiting = {start}, [start]
            while waiting and len(members) < _MOST_MODULES:
                for neighbour in neighbours[waiting.pop()] - members:
                    members.add(neighbour)
                    waiting.append(neighbour)
            by_key: dict[str, list[MavenProject]] = {}
            for member in sorted(members):
                project = self.project(member)
                if project is not None:
                    by_key.setdefault(project.key, []).append(project)
            reactors.update(dict.fromkeys(members, by_key))
        return reactors


def _entries(element: Node, name: str) -> Iterator[tuple[str, Node]]:
    child = element.get(name)
    for key, value in child.entries() if child is not None else ():
        if not key.value.startswith("@"):
            yield key.value, value


def _text(element: Node | None, name: str) -> str:
    child = None if element is None else element.get(name)
    return "" if child is None else child.value.strip()


def _pom_in(folder: bytes) -> bytes:
    return folder + b"/" + _POM if folder else _POM
